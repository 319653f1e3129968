import { z } from 'zod';
import { type ErrorKind, errorKinds } from '../kernel/errors.js';
import { says } from './said.js';

/** Why a part of the box does not work, and what a person can do about it. */
export const fault = z.object({
  code: z.string().describe('Stable and never translated: programs match on it.'),
  message: z.string(),
  remedy: z.string().describe('What a person can do about it.'),
  says: says('message', 'remedy'),
});
export type Fault = z.infer<typeof fault>;

/** The HTTP statuses of errors, and what each says to a caller. */
export const errorStatuses = {
  400: 'The input cannot be used. The remedy says what to change.',
  401: 'The request has no valid login: no token, no session and no API key, or one that has ended.',
  403: 'The caller is logged in and may not do this, or must first prove again who they are.',
  404: 'What the request names does not exist.',
  405: 'The address exists, but not with this method. `Allow` lists the methods that it has.',
  408: 'The body of the request did not arrive in time.',
  409: 'The request does not fit the state of the box. The same request may succeed later, or after another one.',
  412: 'What the request changes has changed since the caller read it. Read it again.',
  413: 'The request is larger than the operation allows.',
  414: 'The address of the request is too long.',
  415: 'The request has a different content type from the one the operation reads.',
  421: 'The request is for a host that is not this box.',
  429: 'The caller has used the operation too often. `Retry-After` says how many seconds to wait.',
  431: 'The headers of the request are too large.',
  500: 'The program made a mistake. The log has more under the id of the request.',
  503: 'The box cannot do this now: it is busy, starting, sealed, or a part of it has failed.',
} as const;
export type ErrorStatus = keyof typeof errorStatuses;

/** What is outside the input: the same request may succeed when the box has recovered. */
const unavailable: readonly string[] = [
  'audit-key-missing',
  'audit-log-missing',
  'backup-busy',
  'backup-elsewhere',
  'backup-key-changed',
  'backup-not-verified',
  'backup-not-written',
  'backup-outdated',
  'box-key-former',
  'camera-not-streaming',
  'clock-doubtful',
  'credential-unreadable',
  'database-busy',
  'database-damaged',
  'disk-full',
  'erasure-incomplete',
  'evidence-key-unusable',
  'field-damaged',
  'gallery-closed',
  'gallery-damaged',
  'gallery-in-use',
  'gallery-log-left',
  'gallery-not-open',
  'gallery-replaced',
  'gallery-sealed',
  'gallery-unusable',
  'inference-failed',
  'key-changed',
  'key-file-not-moved',
  'key-file-not-written',
  'key-file-unreadable',
  'key-provider-busy',
  'live-unavailable',
  'not-ready',
  'own-file-not-changed',
  'pack-absent',
  'passphrase-memory',
  'passphrase-not-hashed',
  'provider-unavailable',
  'publish-failed',
  'publisher-unreachable',
  're-embed-stopped',
  'recogniser-mismatch',
  'records-damaged',
  'report-cut-short',
  'rotation-stopped',
  'search-memory-exhausted',
  'shutting-down',
  'snapshot-too-large',
  'starting',
  'tpm-blob-damaged',
  'tpm-missing',
  'tpm-refused',
  'tpm-silent',
  'tpm-tools-missing',
  'tpm-work-directory',
  'verify-failed',
  'vision-not-starting',
  'vision-unavailable',
];

/** Codes whose status does not follow from their kind. All others with the start `no-such-` give 404. */
const statusOfCode: Readonly<Record<string, ErrorStatus>> = {
  unauthenticated: 401,
  'login-refused': 401,
  'refresh-refused': 401,
  'second-factor-required': 401,
  forbidden: 403,
  'step-up-required': 403,
  'approval-required': 403,
  'own-approval': 403,
  'approver-too-new': 403,
  'present-factor-required': 403,
  'beyond-own-scopes': 403,
  'claim-refused': 403,
  'not-an-account': 403,
  'only-at-the-box': 403,
  // The gate refuses so, before the core hears of the request.
  'wrong-origin': 403,
  'method-not-allowed': 405,
  'body-late': 408,
  'address-too-long': 414,
  'wrong-host': 421,
  'headers-too-large': 431,
  'core-unreachable': 503,
  'changed-meanwhile': 412,
  'request-too-large': 413,
  'unsupported-media-type': 415,
  'rate-limited': 429,
  'account-locked': 429,
  'login-slowed': 429,
  busy: 503,
  internal: 500,
  ...Object.fromEntries(unavailable.map((code) => [code, 503 as const])),
  // A time that the clock of the site skips is not something that is missing.
  'no-such-time': 400,
  // The state of the box stands against it.
  'already-claimed': 409,
  'approval-decided': 409,
  'already-removed': 409,
  'already-running': 409,
  'backup-exists': 409,
  'box-key-known': 409,
  'built-in-role': 409,
  'camera-exists': 409,
  'camera-file-unusable': 409,
  'camera-of-configuration': 409,
  'channel-altered': 409,
  'channel-exists': 409,
  'channel-in-use': 409,
  'channel-of-configuration': 409,
  'configuration-refused': 409,
  'setting-of-configuration': 409,
  'idempotency-answer-not-kept': 409,
  'idempotency-key-reused': 409,
  'idempotency-outcome-unknown': 409,
  'import-outdated': 409,
  'issuer-key-known': 409,
  'key-exists': 409,
  'key-used-before': 409,
  'last-admin': 409,
  'last-photograph': 409,
  'clip-damaged': 409,
  'passage-unreadable': 409,
  'passkey-exists': 409,
  'passkeys-not-offered': 409,
  'push-not-offered': 409,
  'name-taken': 409,
  'no-broker': 409,
  'no-re-embedding': 409,
  'no-second-factor': 409,
  'person-not-active': 409,
  're-embed-running': 409,
  're-embed-same': 409,
  'refresh-concurrent': 409,
  'retention-running': 409,
  'role-in-use': 409,
  'rotation-running': 409,
  'second-factor-exists': 409,
  'too-many-api-keys': 409,
  'too-many-cameras': 409,
  'too-many-channels': 409,
  'too-many-devices': 409,
  'too-many-imports': 409,
  'too-many-photographs': 409,
  'too-many-passkeys': 409,
  'too-many-roles': 409,
  'too-many-users': 409,
  'upload-offset': 409,
  'verify-running': 409,
  'video-masked': 409,
};

const statusOfKind = {
  input: 400,
  operational: 503,
  defect: 500,
} as const satisfies Record<ErrorKind, ErrorStatus>;

/**
 * The HTTP status of an error. A mistake of the program is always 500, and what it is called is not told: use `internal` as
 * the code of the answer.
 */
export function statusOf(kind: ErrorKind, code: string): ErrorStatus {
  if (kind === 'defect') return 500;
  if (Object.hasOwn(statusOfCode, code)) return statusOfCode[code] ?? statusOfKind[kind];
  return code.startsWith('no-such-') ? 404 : statusOfKind[kind];
}

/** An error in an answer. */
const problem = z
  .object({
    kind: z
      .enum(errorKinds)
      .describe('What is at fault: the input, something outside the program, or the program.'),
    code: z.string().max(100).describe('Stable and never translated: programs match on it.'),
    message: z.string().describe('What happened, to what.'),
    remedy: z.string().exactOptional().describe('What the reader can do about it.'),
    says: says('message', 'remedy'),
    details: z
      .record(z.string(), z.unknown())
      .describe('More for programs, by code. Never secrets or personal data.'),
    requestId: z.string().describe('The id of the request: the log of the box has the same.'),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof problem>;

/** The document of every error. */
export const errorEnvelope = z.object({ success: z.literal(false), error: problem }).meta({ id: 'Error' });
export type ErrorEnvelope = z.infer<typeof errorEnvelope>;

/** The media type of errors as RFC 9457 describes them, for callers that ask for it. */
export const problemMediaType = 'application/problem+json';

/** An error as RFC 9457 describes it: the standard members, and beside them those of every error of the box. */
export const problemDetails = problem
  .extend({
    type: z.string().describe('Names the code: `urn:rollcall:error:` and the code.'),
    title: z.string().describe('What the status means.'),
    status: z.int().describe('The HTTP status.'),
    detail: z.string().describe('What happened, to what: the same as `message`.'),
    instance: z.string().describe('Names the request: `urn:rollcall:request:` and its id.'),
  })
  .meta({ id: 'ProblemDetails' });
type ProblemDetails = z.infer<typeof problemDetails>;

/** The document of an error for a caller who asks for RFC 9457. */
export function problemDetailsOf(error: Problem, status: number): ProblemDetails {
  const titles: Readonly<Record<number, string>> = errorStatuses;
  return {
    type: `urn:rollcall:error:${error.code}`,
    title: titles[status] ?? 'The request failed.',
    status,
    detail: error.message,
    instance: `urn:rollcall:request:${error.requestId}`,
    ...error,
  };
}

/** What an answer says about itself. */
const answerMeta = z
  .object({ requestId: z.string().describe('The id of the request: the log of the box has the same.') })
  .meta({ id: 'Meta' });

/** What a page says about itself and the list. */
const pageMeta = answerMeta
  .extend({
    pageSize: z.int().nonnegative().describe('Number of items on this page.'),
    nextCursor: z
      .string()
      .exactOptional()
      .describe('Give it as `cursor` to get the next page. Absent on the last page.'),
    total: z
      .int()
      .nonnegative()
      .exactOptional()
      .describe('Number of items on all pages. Absent if counting costs too much.'),
  })
  .meta({ id: 'PageMeta' });

/** The document of an answer of the kind `json`. */
export function answerEnvelope<Data extends z.ZodType>(data: Data) {
  return z.object({ success: z.literal(true), data, meta: answerMeta });
}

/** The document of an answer of the kind `page`. */
export function pageEnvelope<Item extends z.ZodType>(item: Item) {
  return z.object({ success: z.literal(true), data: z.array(item).readonly(), meta: pageMeta });
}

/** A line of an answer of the kind `lines`. The last line says whether all items were sent. */
export function lineEnvelope<Item extends z.ZodType>(item: Item) {
  return z.union([z.object({ item }), z.object({ done: z.literal(true) }), z.object({ error: problem })]);
}
