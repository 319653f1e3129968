import type { Command } from 'commander';
import { badInput } from '../../base/errors.js';
import { readAttendance, readToday } from '../../control/attendance-client.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { openBox, openDaemonClient } from '../daemon-client.js';
import { exitCodes, print, runAction } from '../output.js';
import { personForms, personIn } from '../person/which-person.js';
import { dayForms } from '../site-time.js';
import { registerCorrect } from './attendance-correct.js';
import { attendanceCsv, describeReport, describeToday, notes } from './attendance-text.js';

interface ReportOptions extends CommonOptions {
  readonly from: string;
  readonly to: string;
  readonly person?: string;
  readonly csv?: boolean;
}

function registerToday(attendance: Command): void {
  withCommonOptions(attendance.command('today'))
    .description('who came, who left and who is still expected: today at the site, and shifts under way')
    .action((options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const report = await readToday(await openDaemonClient(options.config));
        print(options.json === true, report, () => describeToday(report));
        return exitCodes.done;
      }),
    );
}

function registerReport(attendance: Command): void {
  withCommonOptions(attendance.command('report'))
    .requiredOption('--from <day>', `first day: ${dayForms}`)
    .requiredOption('--to <day>', 'last day, included')
    .option('--person <person>', `one person only, with the corrections made: ${personForms}`)
    .option('--csv', 'print a table that spreadsheets read')
    .description(
      'times, hours worked and what there is to say of every day, from the records and the rules in force',
    )
    .action((options: ReportOptions) =>
      runAction(options.json === true, async () => {
        if (options.csv === true && options.json === true) {
          throw badInput('two-forms', 'a report is either JSON or CSV', {
            remedy: 'leave out --json or --csv',
          });
        }
        const { client, time } = await openBox(options.config);
        const person = await personIn(options, client, time);
        const [from, to] = [time.readDay(options.from), time.readDay(options.to)];
        const report = await readAttendance(client, { from, to, person });
        if (options.csv === true) {
          // A document: names keep the marks of their script.
          process.stdout.write(Buffer.from(attendanceCsv(report)));
          for (const note of notes(report)) process.stderr.write(`note: ${note}\n`);
        } else print(options.json === true, report, () => describeReport(report, time.show));
        return exitCodes.done;
      }),
    );
}

export function registerAttendance(program: Command): void {
  const attendance = program
    .command('attendance')
    .description('when people came and left, against the hours they are to be there');
  registerToday(attendance);
  registerReport(attendance);
  registerCorrect(attendance);
}
