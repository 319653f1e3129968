import { z } from 'zod';
import {
  quarantinedTables,
  quarantineReasons,
  verifyReasons,
  verifySteps,
  verifyTables,
} from '../kernel/gallery/gallery-damage.js';
import { reEmbedStates } from '../kernel/gallery/gallery-job.js';
import { thresholdReasons } from '../kernel/identification/calibration.js';
import { fault } from './api-errors.js';
import { auditVerdict } from './audit.js';
import { keyRotation, keySlot } from './keys.js';
import { operation } from './operation.js';

/** A damaged row, which is kept but not used. Ids reveal nothing about a person. */
export const quarantinedRow = z.object({
  table: z.enum(quarantinedTables),
  rowId: z.string(),
  personId: z.string().exactOptional().describe('Absent for unknown people and their pictures.'),
  reason: z
    .enum(quarantineReasons)
    .describe(
      '`of-nobody`: its person does not exist. `rolled-back`: genuine, but older than the audit log requires. `erased`: its person was erased. `page-damaged`: SQLite cannot read the row.',
    ),
});

/** The running move to another recogniser, or the latest one since the gallery was opened. */
export const reEmbedding = z.object({
  from: z.string(),
  to: z.string(),
  recogniserName: z.string().describe('The name of `to` in the configuration (`vision.recogniser`).'),
  startedAt: z.iso.datetime(),
  state: z
    .enum(reEmbedStates)
    .describe(
      '`ready`: the gallery moves when the new recogniser is in use and the daemon restarts. `incomplete`: every photo was tried, and `missing` lists the persons without a template. `waiting`: a step failed and is tried again. `stopped` and `failed`: it continues when the gallery is next opened.',
    ),
  acceptsMissing: z.boolean(),
  total: z.int().nonnegative().describe('Number of photos.'),
  made: z.int().nonnegative().describe('Photos with a new template.'),
  refused: z.int().nonnegative().describe('Photos without one.'),
  missing: z
    .array(z.string())
    .readonly()
    .describe(
      'Ids of persons who would not be recognised after the move. Known after every photo was tried.',
    ),
  problem: fault.exactOptional().describe('Why it waits or failed.'),
});
export type ReEmbedding = z.infer<typeof reEmbedding>;

/** The progress of a verification. Its steps: open the rows, check the audit log, check the pages of the file. */
export const verifyProgress = z.object({
  step: z.enum(verifySteps),
  done: z.int().nonnegative(),
  total: z.int().nonnegative(),
});
export type VerifyProgress = z.infer<typeof verifyProgress>;

/** The result of the last verification, from the audit log. */
export const lastVerification = z.object({
  at: z.iso.datetime(),
  damaged: z.number(),
  disagreeing: z.number().describe('Number of persons whose templates disagree.'),
  pages: z.number().describe('Number of messages of SQLite about pages.'),
  audit: z.string().describe('The outcome for the audit log.'),
});
export type LastVerification = z.infer<typeof lastVerification>;

/** Counts of the gallery. */
export const galleryContents = z.object({
  schemaVersion: z.int(),
  fileBytes: z.int().nonnegative().describe('Includes the write-ahead log.'),
  recogniser: z.string().exactOptional().describe('Absent in a gallery without a key.'),
  persons: z.object({ active: z.int(), removed: z.int(), staged: z.int() }),
  templates: z.array(z.object({ recogniser: z.string(), count: z.int() })).readonly(),
  photographs: z.int(),
  evidence: z.object({ attendance: z.int(), unknown: z.int(), attack: z.int(), passage: z.int() }),
});

/** The most damaged rows that the state of the gallery names. */
export const mostNamedRows = 100;

/** The state of the gallery. While it is sealed, `quarantined` and `reEmbedding` are unknown. */
export const galleryStatus = z.object({
  state: z.enum(['open', 'sealed']),
  reason: fault.exactOptional().describe('Why it is sealed.'),
  contents: galleryContents.exactOptional().describe('Absent while no file can be read.'),
  keys: z.array(keySlot).readonly(),
  quarantined: z
    .object({
      count: z.int().nonnegative(),
      rows: z.array(quarantinedRow).max(mostNamedRows).readonly(),
    })
    .describe(
      `Rows found damaged since the gallery was opened: their number, and the first ${mostNamedRows}. The audit log has an entry \`gallery.row-quarantined\` for each.`,
    ),
  rotation: keyRotation.exactOptional(),
  reEmbedding: reEmbedding.exactOptional(),
  verification: verifyProgress.exactOptional().describe('The progress of a running verification.'),
  lastVerification: lastVerification.exactOptional(),
});
export type GalleryStatus = z.infer<typeof galleryStatus>;

/** A problem of a row. Ids reveal nothing about a person. */
export const verifyFinding = z.object({
  table: z.enum(verifyTables),
  rowId: z
    .string()
    .exactOptional()
    .describe('Absent if the rows of the table could not be listed to the end.'),
  personId: z.string().exactOptional(),
  reason: z
    .enum(verifyReasons)
    .describe(
      '`of-nothing`: a data key that is not used. `not-in-audit`: the audit log has no entry about the person. `missing`: according to the audit log there is a person, or a template, that the file does not have.',
    ),
});
export type VerifyFinding = z.infer<typeof verifyFinding>;

/** A person whose templates disagree: their photographs may show different people. Nothing is damaged. */
export const disagreeingPerson = z.object({
  personId: z.string(),
  recogniser: z.string().describe('The recogniser of the templates.'),
  threshold: z.number().describe('Similarity from which it takes two faces for one person.'),
  isWrongOneKnown: z.boolean().describe('False if there is no majority; then all templates are listed.'),
  templates: z
    .array(
      z.object({
        templateId: z.string(),
        photographId: z.string().exactOptional().describe('Absent if retention has deleted it.'),
        similarity: z
          .number()
          .describe('To the mean of the others; without a majority, to the closest of the others.'),
      }),
    )
    .readonly(),
});
export type DisagreeingPerson = z.infer<typeof disagreeingPerson>;

/** The outcome of a verification, without its findings. */
export const verificationSummary = z.object({
  startedAt: z.iso.datetime(),
  durationMs: z.number(),
  checked: z
    .object({
      dataKeys: z.int(),
      persons: z.int(),
      templates: z.int(),
      photographs: z.int(),
      evidence: z.int(),
      strangers: z.int(),
    })
    .describe('Numbers of checked rows.'),
  pages: z.array(z.string()).readonly().describe('Messages of SQLite about the pages of the file.'),
  audit: auditVerdict.exactOptional().describe('Absent if a damaged log cannot be read.'),
  isWhole: z
    .boolean()
    .describe('True if nothing is damaged or missing. Persons whose templates disagree do not affect this.'),
});

/** What a verification found. */
export interface GalleryVerification extends z.infer<typeof verificationSummary> {
  readonly findings: readonly VerifyFinding[];
  /** Persons who may have been enrolled from photographs of different people. */
  readonly disagreeing: readonly DisagreeingPerson[];
}

export const verificationItem = z.discriminatedUnion('kind', [
  verificationSummary.extend({ kind: z.literal('summary') }),
  z.object({ kind: z.literal('finding'), finding: verifyFinding }),
  z.object({ kind: z.literal('disagreeing'), person: disagreeingPerson }),
]);
export type VerificationItem = z.infer<typeof verificationItem>;

export const namedPerson = z.object({
  personId: z.string(),
  name: z.string().exactOptional().describe('Absent for callers without `names:read`.'),
});

/** The threshold of one person, with its reason. */
export const calibratedPerson = namedPerson.extend({
  references: z.int().nonnegative(),
  threshold: z.number().describe('Similarity from which a face counts as this person.'),
  reason: z
    .enum(thresholdReasons)
    .describe(
      '`floor`: the threshold of the box. `few`: raised by the margin, because too few persons are enrolled for an estimate. `neighbour`: above the nearest person. `strangers`: for the target. `manual`: set by hand. `marked`: above a passage in which, as an operator marked it, another person was taken for this person.',
    ),
  note: z.string().exactOptional().describe('The given reason. Only with the reason `manual`.'),
  fmr: z
    .number()
    .exactOptional()
    .describe(
      'Expected share of unknown people who are mistaken for this person, 0 to 1. Absent if too few others are enrolled.',
    ),
  fnmr: z
    .number()
    .exactOptional()
    .describe(
      "Expected share of this person's passages that are missed, 0 to 1. Absent if no person has two references.",
    ),
  neighbours: z
    .array(
      namedPerson.extend({
        similarity: z.number().describe('The mean of all references.'),
        highest: z.number().describe('The most similar reference, or the mean of the references.'),
      }),
    )
    .readonly()
    .describe('The three nearest other persons, nearest first.'),
});
export type CalibratedPerson = z.infer<typeof calibratedPerson>;

/** Two persons who look alike to this box: references whose similarity is less than the margin below the threshold, or above it. */
export const alikePair = z.object({
  a: namedPerson,
  b: namedPerson,
  similarity: z.number(),
  margin: z
    .number()
    .describe(
      'How much more similar a face must be to the one than to the other. Otherwise the box does not decide.',
    ),
  isSeparable: z.boolean().describe('False if the recogniser cannot tell them apart with any threshold.'),
});
export type AlikePair = z.infer<typeof alikePair>;

export const calibrationSummary = z.object({
  startedAt: z.iso.datetime(),
  durationMs: z.number(),
  recogniser: z.string(),
  floor: z.number().describe('The threshold of the box. No person has a lower one.'),
  margin: z.number(),
  targetFpir: z.number().exactOptional().describe('`identification.targetFpir`. Absent if it is `off`.'),
  expectedFpir: z
    .number()
    .exactOptional()
    .describe(
      'Expected share of unknown people who are mistaken for an enrolled person. Absent if too few are enrolled.',
    ),
  expectedFnir: z
    .number()
    .exactOptional()
    .describe(
      'Expected share of the passages of enrolled persons that are missed. Absent if no person has two references.',
    ),
});

/** What a calibration found. */
export interface GalleryCalibrationReport extends z.infer<typeof calibrationSummary> {
  /** In order of enrolment. */
  readonly persons: readonly CalibratedPerson[];
  /** Most alike first. */
  readonly alike: readonly AlikePair[];
}

export const calibrationItem = z.discriminatedUnion('kind', [
  calibrationSummary.extend({ kind: z.literal('summary') }),
  z.object({ kind: z.literal('person'), person: calibratedPerson }),
  z.object({ kind: z.literal('alike'), pair: alikePair }),
]);
export type CalibrationItem = z.infer<typeof calibrationItem>;

export const galleryOperations = {
  'gallery.show': operation({
    method: 'GET',
    path: '/gallery',
    summary: 'Show the contents of the gallery, its keys, damaged rows and background work.',
    answer: { kind: 'json', schema: galleryStatus },
    errors: ['gallery-damaged'],
    scope: 'gallery:read',
    rate: 'default',
  }),
  'gallery.verify': operation({
    method: 'POST',
    path: '/gallery/verifications',
    summary: 'Check every field of the gallery, its templates, the audit log and the pages of the file.',
    description:
      'Recognition continues. Damaged rows are ignored from then on. The answer begins when all is checked: first the summary, then one item for each finding. `gallery.show` has the progress.',
    answer: { kind: 'lines', item: verificationItem, isBounded: true },
    errors: [
      'gallery-sealed',
      'verify-running',
      'verify-failed',
      'verify-stopped',
      'gallery-closed',
      'gallery-damaged',
      'shutting-down',
    ],
    scope: 'gallery:write',
    audit: 'write',
    rate: 'heavy',
    isLong: true,
  }),
  'gallery.calibrate': operation({
    method: 'POST',
    path: '/gallery/calibrations',
    summary: 'Compare all persons again and put a threshold for each in force.',
    description:
      'The answer begins when all are compared: first the summary, then one item for each person in order of enrolment, then one for each pair of persons who look alike, most alike first.',
    answer: { kind: 'lines', item: calibrationItem, isBounded: true },
    errors: ['gallery-sealed', 'gallery-closed', 'shutting-down'],
    scope: 'gallery:write',
    audit: 'write',
    rate: 'heavy',
    isLong: true,
  }),
  'gallery.re-embed': operation({
    method: 'PUT',
    path: '/gallery/re-embedding',
    summary: 'Begin or continue a move to another recogniser, in the background.',
    description: 'The box makes new templates from the stored photos. `gallery.show` has the progress.',
    input: z.strictObject({
      to: z.string().min(1).max(64).describe('The name of the new recogniser in the configuration.'),
      acceptsMissing: z
        .boolean()
        .default(false)
        .describe('True if the gallery may move although some persons get no new template.'),
    }),
    answer: { kind: 'json', schema: reEmbedding },
    errors: [
      'gallery-sealed',
      'unknown-recogniser',
      're-embed-same',
      're-embed-running',
      'gallery-closed',
      're-embed-unreadable',
      'gallery-damaged',
      'pack-absent',
      'pack-wrong-hash',
      'vision-unavailable',
      'shutting-down',
    ],
    scope: 'gallery:write',
    audit: 'write',
    rate: 'heavy',
    isLong: true,
  }),
  'gallery.cancel-re-embed': operation({
    method: 'DELETE',
    path: '/gallery/re-embedding',
    summary: 'Cancel a move to another recogniser and delete its templates.',
    answer: { kind: 'json', schema: reEmbedding },
    errors: ['gallery-sealed', 'no-re-embedding', 're-embed-unreadable', 'gallery-closed'],
    scope: 'gallery:write',
    audit: 'write',
    rate: 'default',
  }),
} as const;
