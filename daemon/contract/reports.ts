import { z } from 'zod';
import { counted } from '../kernel/counted.js';
import { livenessRequirements } from '../kernel/liveness/liveness.js';
import { passageOutcomes } from '../kernel/passage-outcome.js';
import { passageReasons } from '../kernel/passages/passage-reason.js';
import { previewDoubts } from '../kernel/passages/preview-passage.js';
import { table } from '../kernel/text-table.js';
import { filteredCamera } from './cameras.js';
import { dayForms } from './command-line.js';
import { operation } from './operation.js';
import { personRef } from './passages.js';
import { says } from './said.js';

const count = z.int().nonnegative();
const day = z.iso.date().max(10).describe('A day at the site, `YYYY-MM-DD`.');
const byOutcome = z.partialRecord(z.enum(passageOutcomes), count).readonly();

/** Passages that lasted a certain time, and what came of them. */
export const dwell = z.object({
  fromS: z.number().describe('Minimum number of seconds in sight.'),
  toS: z.number().nullable().describe('Fewer seconds than this. Null: no upper limit.'),
  passages: count,
  answered: count.describe('Passages that gave an event.'),
  heldBack: count.describe(
    'Passages without an event because a cooldown held it back: the box had answered.',
  ),
  unanswered: count.describe('The other passages: the box gave no answer.'),
});

export const cameraReport = z.object({
  camera: z.string(),
  passages: count,
  byOutcome,
  reasons: z
    .array(
      z.object({
        outcome: z.enum(passageOutcomes),
        reason: z.enum(passageReasons),
        count,
        remedy: z.string().exactOptional().describe('Absent if there is nothing to do.'),
        says: says('remedy'),
      }),
    )
    .readonly()
    .describe('The most frequent first.'),
  byDay: z.array(z.object({ date: day, passages: count, byOutcome })).readonly(),
  byHour: z
    .array(z.object({ hour: z.int().min(0).max(23), passages: count, byOutcome }))
    .readonly()
    .describe('By the hour of the day at the site, over all days. Hours without passages are left out.'),
  byDwell: z
    .array(dwell)
    .readonly()
    .describe('By the time in sight, without attacks and passages that cannot be opened.'),
});
export type CameraReport = z.infer<typeof cameraReport>;

/** What the cameras saw and lost in a period. */
export const recognitionReport = z.object({
  from: day,
  to: day,
  timeZone: z.string(),
  passages: count,
  unreadable: count.describe('Passages that cannot be opened. They count in everything except the dwell.'),
  cameras: z.array(cameraReport).readonly(),
  marks: z
    .array(
      z.object({
        date: day,
        camera: z.string(),
        person: personRef.describe('For whom another person was taken, or who was missed.'),
        falseMatches: count,
        misses: count,
      }),
    )
    .readonly()
    .describe('What operators said of passages: the errors by day, camera and person.'),
  marked: count.describe('Passages that operators marked, right ones among them.'),
});
export type RecognitionReport = z.infer<typeof recognitionReport>;

/** Remedies that the text names: those of the most frequent reasons. */
const shownRemedies = 3;

const share = (part: number, whole: number): string =>
  whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)} %`;

function describeRecognition(report: RecognitionReport): string {
  const { from, to, passages, unreadable, cameras } = report;
  return [
    `passages from ${from} to ${to}: ${passages}`,
    ...(unreadable === 0 ? [] : [`${counted(unreadable, 'passage')} cannot be opened`]),
    ...cameras.map(describeCamera),
    ...(report.marked === 0 ? [] : [describeMarks(report)]),
  ].join('\n\n');
}

function describeMarks({ marked, marks }: RecognitionReport): string {
  const head = `${counted(marked, 'passage')} marked by operators`;
  if (marks.length === 0) return `${head}, none of them wrong`;
  const rows = marks.map(({ date, camera, person, falseMatches, misses }) => [
    ...[date, camera, person.name ?? person.id],
    ...[falseMatches, misses].map(String),
  ]);
  return `${head}\n${table(['day', 'camera', 'person', 'false matches', 'misses'], rows)}`;
}

function describeCamera({ camera, passages, reasons, byDay, byHour, byDwell }: CameraReport): string {
  const remedies = reasons.filter(({ remedy }) => remedy !== undefined).slice(0, shownRemedies);
  return [
    `${camera}: ${counted(passages, 'passage')}`,
    table(
      ['outcome', 'reason', 'passages', 'share'],
      reasons.map((each) => [each.outcome, each.reason, `${each.count}`, share(each.count, passages)]),
    ),
    ...remedies.map(({ reason, remedy }) => `what to do about ${reason}: ${remedy}`),
    'by time in sight (unanswered: no event, and no cooldown that held one back)',
    table(
      ['seconds', 'passages', 'answered', 'held back', 'unanswered', 'share'],
      byDwell.map(({ fromS, toS, ...counts }) => [
        toS === null ? `over ${fromS}` : `${fromS} to ${toS}`,
        ...[counts.passages, counts.answered, counts.heldBack, counts.unanswered].map(String),
        share(counts.unanswered, counts.passages - counts.heldBack),
      ]),
    ),
    'by day',
    outcomeTable(
      'day',
      byDay.map(({ date, ...rest }) => ({ at: date, ...rest })),
    ),
    'by hour of the day',
    outcomeTable(
      'hour',
      byHour.map(({ hour, ...rest }) => ({ at: `${hour}:00`, ...rest })),
    ),
  ].join('\n');
}

type Tally = Pick<CameraReport, 'passages' | 'byOutcome'>;

function outcomeTable(heading: string, rows: readonly (Tally & { readonly at: string })[]): string {
  const outcomes = Object.keys(Object.assign({}, ...rows.map(({ byOutcome }) => byOutcome)));
  return table(
    [heading, 'passages', ...outcomes],
    rows.map(({ at, passages, byOutcome }) => {
      const found = new Map(Object.entries(byOutcome));
      return [at, `${passages}`, ...outcomes.map((outcome) => `${found.get(outcome) ?? 0}`)];
    }),
  );
}

const policy = z
  .strictObject({
    threshold: z.number().gt(-1).lt(1).optional().describe('`identification.threshold`.'),
    margin: z.number().min(0).lt(1).optional().describe('`identification.margin`.'),
    minimumProbes: z.int().min(1).max(10).optional().describe('`identification.minimumProbes`.'),
    require: z.enum(livenessRequirements).optional().describe('`liveness.require` of the camera.'),
    minimumBlinks: z.int().min(1).max(10).optional().describe('`liveness.minimumBlinks`.'),
    attackAfterS: z.number().min(5).max(300).optional().describe('`liveness.attackAfterS`.'),
    smallestFacePx: z.int().min(16).max(1000).optional().describe('`smallestFacePx` of the camera.'),
    provingFps: z
      .number()
      .min(1)
      .max(30)
      .optional()
      .describe(
        'Frames analysed a second until life is proven: the greater one of `rates.provingFps` and `rates.trackingFps` of the camera.',
      ),
  })
  .describe('The settings that differ from the recorded ones. Empty: no difference.');
export type PreviewedPolicy = z.infer<typeof policy>;

export const decided = z.object({
  outcome: z.enum(passageOutcomes),
  reason: z.enum(passageReasons),
  person: personRef.exactOptional(),
});
const previewed = {
  number: z.int().positive(),
  id: z.string(),
  camera: z.string(),
  startedAt: z.iso.datetime(),
};

export const policyPreview = z.object({
  policy,
  byOutcome: byOutcome.describe('With the policy, of the passages whose outcome would be known.'),
  changed: z
    .array(z.object({ ...previewed, recorded: decided, wouldBe: decided }))
    .readonly()
    .describe('The passages that would have become something else, the newest first.'),
  unknown: z
    .array(z.object({ ...previewed, recorded: decided, doubt: z.enum(previewDoubts) }))
    .readonly()
    .describe(
      'The passages for which the box cannot tell, newest first. `views-not-stored`: an earlier version stored no similarity of the single views. `not-explained`: what the passage stores does not lead to its outcome, as when settings changed since. `faces-not-compared`: views were too small to be compared then. `best-view-too-small`: the best view is under the new limit, and the sizes of the others are not stored. `not-asked`: the person was not asked for a challenge. `ended-at-decision`: what the face showed after the decision is not stored. `stillness-not-stored`: whether the face kept still is not stored.',
    ),
});

/** What recorded passages would have become with other settings. */
export const passagesPreview = z.object({
  passages: count.describe('Ended passages that were judged again.'),
  unreadable: count.describe('Passages that cannot be opened. They are left out.'),
  from: z.iso.datetime().exactOptional().describe('The start of the oldest passage. Absent without any.'),
  to: z.iso.datetime().exactOptional().describe('The start of the newest passage.'),
  recorded: byOutcome,
  policies: z.array(policyPreview).readonly().describe('In the order of the request.'),
});
export type PassagesPreview = z.infer<typeof passagesPreview>;

export const reportOperations = {
  'reports.recognition': operation({
    method: 'GET',
    path: '/reports/recognition',
    summary: 'Report what each camera saw, what the box answered, and what it lost and why.',
    description:
      'Counts of ended passages, and the errors that operators marked. At most 31 days; older passages may have been deleted (`retention.passages`). A caller who is limited to cameras gets these cameras only.',
    input: z.strictObject({
      from: day,
      to: day.describe('The last day, included.'),
      camera: filteredCamera.optional().describe('Only this camera.'),
    }),
    answer: { kind: 'json', schema: recognitionReport },
    errors: ['period-refused', 'gallery-sealed'],
    scope: 'passages:read',
    audit: 'personal',
    rate: 'heavy',
    isLong: true,
    commandLines: [
      {
        words: 'report recognition',
        does: 'show what each camera saw, what the box answered, and what it lost and why',
        options: {
          from: ['--from <day>', `first day: ${dayForms}`],
          to: ['--to <day>', 'last day, included'],
          camera: ['--camera <camera>', 'only this camera'],
        },
        usual: { from: 'today', to: 'today' },
        text: describeRecognition,
        examples: [
          [
            'rollcall report recognition --from yesterday',
            'what each camera answered and lost since yesterday',
          ],
        ],
      },
    ],
  }),
  'reports.preview': operation({
    method: 'POST',
    path: '/reports/preview',
    summary: 'Tell what the last passages would have become with other settings. Nothing changes.',
    description:
      'The code that decides passages judges each one again from what it stores, for one policy or for two side by side. Cooldowns change no outcome and are left out. The thresholds of single persons, and whether a person was valid, stay as they were. A larger `smallestFacePx` is judged by the best view. With a lower `provingFps`, the blink detector looks at fewer of the views that the passage keeps; what is compared with the gallery stays.',
    input: z.strictObject({
      camera: filteredCamera.optional().describe('Only passages at this camera.'),
      last: z.int().min(1).max(1000).default(100).describe('How many ended passages, the newest ones.'),
      policies: z.array(policy).min(1).max(2),
    }),
    answer: { kind: 'json', schema: passagesPreview },
    errors: ['gallery-sealed'],
    scope: 'passages:read',
    audit: 'personal',
    rate: 'heavy',
    isLong: true,
  }),
} as const;
