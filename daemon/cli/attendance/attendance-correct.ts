import type { Command } from 'commander';
import { badInput } from '../../base/errors.js';
import { correctAttendance } from '../../control/attendance-client.js';
import type { CorrectionRequest } from '../../control/attendance-control.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { openBox } from '../daemon-client.js';
import { exitCodes, print, runAction } from '../output.js';
import { personForms, whichPerson } from '../person/which-person.js';
import { dayForms } from '../site-time.js';
import { describeCorrection } from './attendance-text.js';

interface CorrectOptions extends CommonOptions {
  readonly date: string;
  readonly in?: string;
  readonly out?: string;
  readonly absenceExcused?: boolean;
  readonly asRecorded?: boolean;
  readonly reason: string;
}

export function registerCorrect(attendance: Command): void {
  withCommonOptions(attendance.command('correct'))
    .argument('<person>', personForms)
    .requiredOption('--date <day>', `the day: ${dayForms}; of a night shift that on which it began`)
    .option('--in <time>', "when they came instead: 8:05, 00:10+1 on the day after, or '2026-11-22 08:05'")
    .option('--out <time>', 'when they left instead')
    .option('--absence-excused', 'the absence is excused')
    .option('--as-recorded', 'take back all earlier corrections of the day')
    .requiredOption('--reason <text>', 'why, for whoever checks it later; name nobody in it')
    .description(
      'put right one thing about a day; what the cameras saw stays, the correction is kept beside it and audited',
    )
    .action((given: string, options: CorrectOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const { reason } = options;
        const what = whatIsCorrected(options);
        const date = time.readDay(options.date);
        const person = await whichPerson(client.persons, { given, show: time.show });
        const request = { person, date, reason, ...what };
        const result = await correctAttendance(client, request);
        print(options.json === true, result, () => describeCorrection(result));
        return exitCodes.done;
      }),
    );
}

function whatIsCorrected(options: CorrectOptions): Pick<CorrectionRequest, 'kind' | 'time'> {
  const given: Pick<CorrectionRequest, 'kind' | 'time'>[] = [
    ...(options.in === undefined ? [] : [{ kind: 'in', time: options.in } as const]),
    ...(options.out === undefined ? [] : [{ kind: 'out', time: options.out } as const]),
    ...(options.absenceExcused === true ? [{ kind: 'absence-excused' } as const] : []),
    ...(options.asRecorded === true ? [{ kind: 'as-recorded' } as const] : []),
  ];
  const [one, ...more] = given;
  if (one !== undefined && more.length === 0) return one;
  throw badInput('correction-of-what', 'it is not clear what to correct', {
    remedy: 'give exactly one of --in, --out, --absence-excused and --as-recorded',
  });
}
