import { z } from 'zod';
import { photoWarnings } from '../../kernel/faces/photo-quality.js';
import { consentBases } from '../../kernel/persons/consent.js';
import { fieldId, longestFieldValue } from '../../kernel/persons/custom-fields.js';
import { watchMarks } from '../../kernel/persons/person-standing.js';
import type { CommandScope } from '../command-scopes.js';
import { calledOperations, centreCalls, scopeOfCall } from './called-operations.js';
import { code, keyId, largestTokenBytes, opaqueId, slug, time } from './message-fields.js';

/**
 * The commands of a centre and their answers: one table that gives types, checks and generated documents. A command travels as a
 * JWT; the tables describe its claim `arguments` and the `result` of the last reply.
 */

/** Largest token of an enrolment with photographs, bytes. */
export const largestEnrolmentBytes = 16 * 1024 * 1024;

/** Parts into which the digest of a gallery is divided. */
export const digestBuckets = 256;
/** Largest number of buckets in one `list-persons`: keeps its reply to a few hundred kilobytes. */
export const mostBucketsAtOnce = 64;

const base64url = z.string().regex(/^[A-Za-z0-9_-]+$/);
const sealed = base64url.describe('crypto_box_seal (X25519, XSalsa20-Poly1305) in base64url');
const sealedToBox = sealed.describe('sealed to the X25519 key of the box, base64url');
const publicKey = z
  .string()
  .regex(/^[A-Za-z0-9_-]{43}$/)
  .describe('X25519 public key that the reply is sealed to, 32 bytes in base64url');
const digestKey = sealedToBox
  .max(128)
  .describe('32 random bytes, sealed to the X25519 key of the box: digests are keyed with them');
const digest = z.string().regex(/^[0-9a-f]{64}$/);

const consent = z.strictObject({
  basis: z.enum(consentBases),
  date: z.iso.date(),
  reference: z.string().max(400),
});

const groups = z.array(slug).max(20).describe('such as `visitors`');
const validFrom = z.iso.date().describe('first day on which the person is valid, at the site');
const validUntil = z.iso.date().describe('last day on which the person is valid, at the site');
const watch = z.strictObject({
  mark: z
    .enum(watchMarks)
    .describe('watch: the box reports the person immediately; barred: it also records no attendance'),
  reason: z.string().max(1000),
});

const fieldIdText = z.string().regex(fieldId);
const fieldValue = z.string().max(2 * longestFieldValue);
const fields = 'custom fields of the box by ID, such as `department`; each value has at most 200 characters';

/** The content of `sealed` in `enrol-person`, as JSON. */
export const sealedPersonSchema = z.strictObject({
  externalId: z.string().min(1).max(400).describe('id of the person at the centre'),
  name: z.string().min(1).max(800),
  notes: z.string().max(8000).optional(),
  consent: consent.optional(),
  groups: groups.optional(),
  validFrom: validFrom.optional(),
  validUntil: validUntil.optional(),
  watch: watch.optional(),
  fields: z.record(fieldIdText, fieldValue).describe(fields).optional(),
  photographs: z
    .array(base64url)
    .min(1)
    .max(20)
    .describe('image files: JPEG, PNG, WebP, TIFF, GIF, AVIF or HEIC'),
  face: z
    .int()
    .positive()
    .optional()
    .describe('which face to take from a photo with several faces, counted from 1, from left to right'),
  allowDuplicate: z
    .boolean()
    .default(false)
    .describe('enrols the person although an enrolled person looks alike'),
});

/** The content of `sealed` in `update-person`, as JSON. Absent fields stay unchanged; null removes a field. */
export const sealedChangeSchema = z.strictObject({
  externalId: z.string().min(1).max(400).optional(),
  name: z.string().min(1).max(800).optional(),
  notes: z.string().max(8000).nullable().optional(),
  consent: consent.nullable().optional(),
  groups: groups.nullable().optional(),
  validFrom: validFrom.nullable().optional(),
  validUntil: validUntil.nullable().optional(),
  watch: watch.nullable().optional(),
  fields: z
    .record(fieldIdText, fieldValue.nullable())
    .describe(`${fields}; a field that is not named stays, and null removes its value`)
    .optional(),
});

/** The content of `sealed` in the reply to `list-persons`, as JSON. */
export const listedPersonsSchema = z.array(
  z.strictObject({ externalId: z.string(), person: opaqueId, digest }),
);

const noArguments = z.strictObject({});

const photographResult = z.strictObject({
  outcome: z.enum(['enrolled', 'refused']),
  quality: z.number().min(0).max(1).optional(),
  face: z
    .strictObject({
      number: z.int().positive().describe('counted from 1, from left to right'),
      count: z.int().positive().describe('faces in the photo'),
      x: z.int().nonnegative(),
      y: z.int().nonnegative(),
      width: z.int().nonnegative(),
      height: z.int().nonnegative(),
    })
    .optional()
    .describe('the chosen face, in pixels of the upright photo; present only if there are several faces'),
  warnings: z
    .array(z.enum(photoWarnings))
    .optional()
    .describe('faults that do not prevent the use of the photo'),
  code: code.optional(),
  message: z.string().optional(),
});

const erasureResult = z.strictObject({
  person: opaqueId,
  scope: z.enum(['person', 'biometric-data']),
  erasedAt: time,
  by: z.string().describe('who erased the data, as in the audit log'),
  auditSequence: z.int().positive(),
  auditHash: z.string(),
  erased: z.strictObject({
    templates: z.int().nonnegative(),
    photographs: z.int().nonnegative(),
    evidence: z.int().nonnegative(),
    passages: z.int().nonnegative(),
  }),
});

export const commands = {
  'enrol-person': {
    scope: 'persons:write',
    largestBytes: largestEnrolmentBytes,
    arguments: z.strictObject({ sealed: sealedToBox }),
    result: z.strictObject({
      person: opaqueId.optional(),
      photographs: z.array(photographResult),
      resembles: z
        .array(z.strictObject({ person: opaqueId, similarity: z.number().min(-1).max(1) }))
        .max(3)
        .optional()
        .describe(
          'enrolled persons who look like the new one, the most similar first; absent where there are none',
        ),
    }),
  },
  'update-person': {
    scope: 'persons:write',
    largestBytes: largestTokenBytes,
    arguments: z.strictObject({ person: opaqueId, sealed: sealedToBox }),
    result: z.strictObject({ person: opaqueId }),
  },
  'erase-person': {
    scope: 'persons:erase',
    largestBytes: largestTokenBytes,
    arguments: z.strictObject({ person: opaqueId }),
    result: erasureResult,
  },
  'resend-events': {
    scope: 'events',
    largestBytes: largestTokenBytes,
    arguments: z.strictObject({
      from: z.int().positive().describe('first sequence'),
      to: z.int().positive().optional().describe('last sequence; absent: the newest'),
    }),
    result: z.strictObject({
      count: z.int().nonnegative().describe('events that are sent again'),
      missing: z.int().nonnegative().describe('events of the range that the box no longer has'),
    }),
  },
  'acknowledge-events': {
    scope: 'events',
    largestBytes: largestTokenBytes,
    arguments: z.strictObject({
      upTo: z.int().positive().describe('the centre has stored all events up to this sequence'),
    }),
    result: z.strictObject({
      count: z.int().nonnegative().describe('events that the box no longer keeps for the centre'),
    }),
  },
  'set-camera': {
    scope: 'cameras',
    largestBytes: largestTokenBytes,
    arguments: z.strictObject({
      camera: slug,
      enabled: z.boolean().nullable().describe('null: as the configuration of the box says'),
    }),
    result: z.strictObject({ camera: slug, enabled: z.boolean() }),
  },
  'request-snapshot': {
    scope: 'snapshots',
    largestBytes: largestTokenBytes,
    arguments: z.strictObject({ camera: slug, sealTo: publicKey }),
    result: z.strictObject({
      camera: slug,
      widthPx: z.int().positive(),
      heightPx: z.int().positive(),
      takenAt: time,
      sealed: sealed.describe('a JPEG, sealed to the key of the command, base64url'),
    }),
  },
  'request-picture': {
    scope: 'snapshots',
    largestBytes: largestTokenBytes,
    arguments: z.strictObject({ event: z.uuidv7().describe('`id` of the event'), sealTo: publicKey }),
    result: z.strictObject({
      event: z.uuidv7(),
      sealed: sealed.describe('the picture kept with the event, a JPEG, sealed to the key of the command'),
    }),
  },
  'rotate-keys': {
    scope: 'keys',
    largestBytes: largestTokenBytes,
    arguments: z.strictObject({
      key: z.enum(['gallery', 'identity']),
      depth: z
        .enum(['wrap', 'deep'])
        .default('wrap')
        .describe('for the gallery. wrap: a new key for the data keys; deep: new data keys as well'),
    }),
    result: z.strictObject({
      key: z.enum(['gallery', 'identity']),
      keyId: z.string(),
      formerKeyId: z.string(),
    }),
  },
  'reload-configuration': {
    scope: 'configuration',
    largestBytes: largestTokenBytes,
    arguments: noArguments,
    result: z.strictObject({
      outcome: z.enum(['unchanged', 'applied', 'refused']),
      changes: z.int().nonnegative(),
      needRestart: z.int().nonnegative(),
      problems: z.int().nonnegative(),
    }),
  },
  'gallery-digest': {
    scope: 'persons:read',
    largestBytes: largestTokenBytes,
    arguments: z.strictObject({ digestKey }),
    result: z.strictObject({
      digest: digest.describe('over all buckets'),
      buckets: z.array(digest).length(digestBuckets),
      persons: z.int().nonnegative(),
      withoutExternalId: z
        .int()
        .nonnegative()
        .describe('persons enrolled at the box; not part of the digest'),
    }),
  },
  'list-persons': {
    scope: 'persons:read',
    largestBytes: largestTokenBytes,
    arguments: z.strictObject({
      digestKey,
      buckets: z
        .array(
          z
            .int()
            .min(0)
            .max(digestBuckets - 1),
        )
        .min(1)
        .max(mostBucketsAtOnce),
      sealTo: publicKey,
    }),
    result: z.strictObject({ persons: z.int().nonnegative(), sealed }),
  },
  ...calledOperations,
  'call-operation': {
    // That of the operation, which `scopeOf` finds.
    scope: undefined,
    largestBytes: largestTokenBytes,
    arguments: z.strictObject({
      operation: z.enum([...centreCalls.keys()]).describe('id of the operation, as in openapi.yaml'),
      input: z
        .record(z.string(), z.unknown())
        .optional()
        .describe('the fields of the operation, without those of files; absent if it has none'),
      sealed: sealedToBox
        .optional()
        .describe('in place of `input` where it is personal: the same as JSON, sealed to the key of the box'),
      sealTo: publicKey
        .optional()
        .describe(
          'X25519 key to which the answer is sealed, 32 bytes in base64url; needed where it is personal',
        ),
    }),
    result: z.strictObject({
      operation: z.string(),
      answer: z.unknown().optional().describe('what the operation answers; of a list, its items'),
      sealed: sealed
        .optional()
        .describe(
          'in place of `answer` where the command has `sealTo`: the same as JSON, sealed to that key',
        ),
      isTooLong: z
        .literal(true)
        .optional()
        .describe(
          'the operation was carried out, and its answer is too long for a message: ask for the state',
        ),
    }),
  },
} as const satisfies Record<
  string,
  {
    /** Undefined: it depends on the arguments. */
    readonly scope: CommandScope | undefined;
    /** Of the whole token. */
    readonly largestBytes: number;
    readonly arguments: z.ZodObject;
    readonly result: z.ZodObject;
  }
>;

export type CommandName = keyof typeof commands;
export type CommandArguments<Name extends CommandName> = z.infer<(typeof commands)[Name]['arguments']>;
export type CommandResult<Name extends CommandName> = z.infer<(typeof commands)[Name]['result']>;
export type ListedPersons = z.infer<typeof listedPersonsSchema>;

export const commandNames = Object.keys(commands) as readonly CommandName[];

export function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(commands, name);
}

/** What the issuer of a command must be trusted with; undefined where the arguments name nothing that centres may call. */
export function scopeOf(
  name: CommandName,
  given: Readonly<Record<string, unknown>>,
): CommandScope | undefined {
  return commands[name].scope ?? scopeOfCall(given['operation']);
}

/** Claims of a command. The schema of the command checks `arguments`. The box ignores other claims. */
export const commandClaimsSchema = z.object({
  iss: slug.describe('the sender: an issuer that the box trusts'),
  aud: z.string().max(200).describe('`<site>/<box>`, one box'),
  iat: z.number().nonnegative(),
  nbf: z.number().nonnegative().optional(),
  exp: z.number().nonnegative().describe('at most 24 hours after `iat`'),
  jti: z.uuid().describe('id of the command; never used twice'),
  scope: z.string().max(500).describe('scopes separated by blanks; one of them is the scope of the command'),
  command: z.string().max(64).describe('the last level of the topic'),
  arguments: z.record(z.string(), z.unknown()).default({}),
});

export type CommandClaims = z.infer<typeof commandClaimsSchema>;

/** Protected header of a command. */
export const commandHeaderSchema = z.object({
  alg: z.enum(['EdDSA', 'ES256']),
  kid: keyId.describe('RFC 7638 thumbprint of the public key of the issuer'),
});
