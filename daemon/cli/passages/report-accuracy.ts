import type { Command } from 'commander';
import type { AccuracyReport } from '../../contract/accuracy.js';
import { exitCodes, print, runAction } from '../../host/output.js';
import { counted } from '../../kernel/counted.js';
import { table } from '../../kernel/text-table.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { openBox } from '../daemon-client.js';

export function registerAccuracy(report: Command): void {
  withCommonOptions(report.command('accuracy'))
    .description('show how well the box tells the enrolled persons apart, by their own photographs')
    .action((options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const { client } = await openBox(options.config);
        const made = await client.call('reports.accuracy');
        print(options.json === true, made, () => describeAccuracy(made));
        return exitCodes.done;
      }),
    );
}

/** Persons with a threshold of their own that the text lists. */
const shownPersons = 20;

const percent = (rate: number): string => `${(100 * rate).toPrecision(3)} %`;
const rateOf = (rate: number | undefined): string => (rate === undefined ? '-' : percent(rate));

export function describeAccuracy(report: AccuracyReport): string {
  const { recogniser, threshold, margin, targetFpir, persons, det, ownThresholds, ownThresholdCount } =
    report;
  const { expectedFpir, expectedFnir } = report;
  const { inForce } = det;
  const rows = ownThresholds
    .slice(0, shownPersons)
    .map(({ person, threshold: own, reason, fmr, fnmr }) => [
      ...[person.name ?? person.id, own.toFixed(3), reason, rateOf(fmr), rateOf(fnmr)],
    ]);
  return [
    `${counted(persons, 'person')}, recogniser ${recogniser}, threshold ${threshold.toFixed(3)}, margin ${margin.toFixed(3)}`,
    ...(targetFpir === undefined ? [] : [`wanted: FPIR at most ${percent(targetFpir)}`]),
    ...(expectedFpir === undefined && expectedFnir === undefined
      ? []
      : [
          `expected: FPIR ${rateOf(expectedFpir)}, FNIR ${rateOf(expectedFnir)}; FNIR is higher at the cameras`,
        ]),
    `comparisons of photographs: ${det.genuine} of one person, ${det.impostor} of different persons`,
    ...(inForce === undefined
      ? ['too few comparisons for a rate: enrol more persons with several photographs']
      : [
          `FMR ${percent(inForce.fmr)} (95 %: ${inForce.fmrInterval.map(percent).join(' to ')})`,
          `FNMR ${percent(inForce.fnmr)} (95 %: ${inForce.fnmrInterval.map(percent).join(' to ')}); higher at the cameras`,
        ]),
    `${ownThresholdCount} with a threshold of their own`,
    ...(rows.length === 0 ? [] : [table(['person', 'threshold', 'reason', 'FMR', 'FNMR'], rows)]),
  ].join('\n');
}
