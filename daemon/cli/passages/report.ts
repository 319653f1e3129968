import type { Command } from 'commander';
import type { CameraReport, RecognitionReport } from '../../contract/reports.js';
import { exitCodes, print, runAction } from '../../host/output.js';
import { counted } from '../../kernel/counted.js';
import { table } from '../../kernel/text-table.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { openBox } from '../daemon-client.js';
import { dayForms } from '../site-time.js';
import { whichCameraOfRecords } from '../which-camera.js';
import { registerAccuracy } from './report-accuracy.js';
import { registerPreview } from './report-preview.js';

interface ReportOptions extends CommonOptions {
  readonly from?: string;
  readonly to?: string;
  readonly camera?: string;
}

/** Remedies that the text names: those of the most frequent reasons. */
const shownRemedies = 3;

const share = (part: number, whole: number): string =>
  whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)} %`;

export function describeRecognition(report: RecognitionReport): string {
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

export function registerReport(program: Command): void {
  const report = program.command('report').description('figures over a period, and of the gallery');
  registerAccuracy(report);
  registerPreview(report);
  withCommonOptions(report.command('recognition'))
    .option('--from <day>', `first day: ${dayForms}; default: today`)
    .option('--to <day>', 'last day, included; default: today')
    .option('--camera <camera>', 'only this camera')
    .description('show what each camera saw, what the box answered, and what it lost and why')
    .action((options: ReportOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const { camera } = options;
        const made = await client.call('reports.recognition', {
          from: time.readDay(options.from ?? 'today'),
          to: time.readDay(options.to ?? 'today'),
          camera: camera === undefined ? undefined : await whichCameraOfRecords(client, camera),
        });
        print(options.json === true, made, () => describeRecognition(made));
        return exitCodes.done;
      }),
    );
}
