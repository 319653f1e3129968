import { type Command, Option } from 'commander';
import type { CorrectionRequest } from '../../contract/attendance.js';
import { dayForms, personForms } from '../../contract/command-line.js';
import { installedLanguages } from '../../host/installed-languages.js';
import { exitCodes, print, runAction } from '../../host/output.js';
import { present } from '../../kernel/present.js';
import { refusal } from '../../words/errors.js';
import type { Language } from '../../words/language.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { openBox } from '../daemon-client.js';
import { personOption, whichPerson } from '../person/which-person.js';
import { showAnswer } from '../show-answer.js';
import {
  attendanceCsv,
  describeCorrection,
  describeReport,
  describeToday,
  notes,
  readReport,
} from './attendance-text.js';

interface ReportOptions extends CommonOptions {
  readonly from: string;
  readonly to: string;
  readonly person?: string;
  readonly csv?: boolean;
  readonly language?: string;
  readonly separator?: keyof typeof separators;
}

const separators = { comma: ',', semicolon: ';', tab: '\t' } as const;

function registerToday(attendance: Command): void {
  withCommonOptions(attendance.command('today'))
    .description('show who came, who left and who is still expected today, with shifts still under way')
    .action((options: CommonOptions) =>
      showAnswer(options, ({ client }) => readReport(client.call('attendance.today')), describeToday),
    );
}

function registerReport(attendance: Command): void {
  withCommonOptions(attendance.command('report'))
    .requiredOption('--from <day>', `first day: ${dayForms}`)
    .requiredOption('--to <day>', 'last day, included')
    .option('--person <person>', `only this person, with all corrections: ${personForms}`)
    .option('--csv', 'print CSV, with names of columns for programs')
    .option(
      '--language <language>',
      'with --csv: headings and times for a spreadsheet in this language, such as "de"',
    )
    .addOption(
      new Option(
        '--separator <sign>',
        'with --csv: the sign between cells; default: semicolon in a language whose decimals have a comma, otherwise comma',
      ).choices(Object.keys(separators)),
    )
    .description('show times, hours worked and status of every day, by the rules now in force')
    .action((options: ReportOptions) =>
      runAction(options.json === true, async () => {
        if (options.csv === true && options.json === true) {
          throw refusal('two-forms');
        }
        const { client, time, language } = await openBox(options.config);
        const person = await personOption(options, client, time);
        const [from, to] = [time.readDay(options.from), time.readDay(options.to)];
        const report = await readReport(client.call('attendance.report', { from, to, person }));
        if (options.csv === true) {
          // Written as bytes: the output guard would remove characters that some scripts need in names.
          const separator = options.separator && separators[options.separator];
          process.stdout.write(
            attendanceCsv(report, present({ language: sheetLanguage(options), separator })),
          );
          for (const text of notes(report, language.say))
            process.stderr.write(`${language.say('terminal/note', { text })}\n`);
        } else {
          const reader = { show: time.show, say: language.say };
          print(options.json === true, report, () => describeReport(report, reader));
        }
        return exitCodes.done;
      }),
    );
}

/** The language of the headings of a spreadsheet. */
function sheetLanguage({ language }: ReportOptions): Language | undefined {
  if (language === undefined) return undefined;
  const languages = installedLanguages();
  if (languages.tags.includes(language)) return languages.firstOf([language]);
  throw refusal('no-such-language', { language, known: languages.tags.join(', ') });
}

export function registerAttendance(program: Command): void {
  const attendance = program
    .command('attendance')
    .description('when people came and left, compared with their shifts');
  registerToday(attendance);
  registerReport(attendance);
  registerCorrect(attendance);
}

interface CorrectOptions extends CommonOptions {
  readonly date: string;
  readonly in?: string;
  readonly out?: string;
  readonly absenceExcused?: boolean;
  readonly asRecorded?: boolean;
  readonly reason: string;
}

function registerCorrect(attendance: Command): void {
  withCommonOptions(attendance.command('correct'))
    .argument('<person>', personForms)
    .requiredOption('--date <day>', `the day: ${dayForms}; for a night shift, the day on which it began`)
    .option('--in <time>', "the right time of arrival: 8:05, 00:10+1 on the next day, or '2026-11-22 08:05'")
    .option('--out <time>', 'the right time of leaving, in the same forms')
    .option('--absence-excused', 'the absence is excused')
    .option('--as-recorded', 'undo all earlier corrections of the day')
    .requiredOption('--reason <text>', 'the reason, for a later check; do not write names in it')
    .description(
      'correct one fact about a day; the record of the cameras stays, and the correction is kept beside it and audited',
    )
    .action((given: string, options: CorrectOptions) =>
      showAnswer(
        options,
        async ({ client, time }) => {
          const what = correctionOf(options);
          const date = time.readDay(options.date);
          const person = await whichPerson(client, { given, show: time.show });
          return await client.call('attendance.correct', { person, date, reason: options.reason, ...what });
        },
        describeCorrection,
      ),
    );
}

function correctionOf(options: CorrectOptions): Pick<CorrectionRequest, 'kind' | 'time'> {
  const given: Pick<CorrectionRequest, 'kind' | 'time'>[] = [
    ...(options.in === undefined ? [] : [{ kind: 'in', time: options.in } as const]),
    ...(options.out === undefined ? [] : [{ kind: 'out', time: options.out } as const]),
    ...(options.absenceExcused === true ? [{ kind: 'absence-excused' } as const] : []),
    ...(options.asRecorded === true ? [{ kind: 'as-recorded' } as const] : []),
  ];
  const [one, ...more] = given;
  if (one !== undefined && more.length === 0) return one;
  throw refusal('correction-of-what', { count: given.length });
}
