import { type Command, InvalidArgumentError, Option } from 'commander';
import { personForms, timeForms } from '../../contract/command-line.js';
import { badInput } from '../../kernel/errors.js';
import { isoTime } from '../../kernel/iso-time.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { firstItems } from '../pages.js';
import { personOption } from '../person/which-person.js';
import { showAnswer } from '../show-answer.js';
import { describeEntries, describeReport, describeVerdict } from './audit-text.js';

interface ListOptions extends CommonOptions {
  readonly from?: string;
  readonly to?: string;
  readonly action?: string;
  readonly actor?: string;
  readonly subject?: string;
  readonly person?: string;
  readonly limit: number;
}

/** Number and hash of an entry. */
interface Witness {
  readonly sequence: number;
  readonly hash: string;
}

interface VerifyOptions extends CommonOptions {
  readonly noted?: Witness;
}

interface ReportOptions extends CommonOptions {
  readonly from: string;
  readonly to: string;
}

function parseLimit(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= 100_000) return limit;
  throw new InvalidArgumentError('must be a whole number from 1 to 100000');
}

/** Parses `SEQUENCE:HASH`, the form in which verify prints the newest entry and an erasure certificate names its entry. */
export function parseNoted(text: string): Witness {
  const found = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text.toLowerCase());
  if (found === null) throw new InvalidArgumentError('must be an entry and its hash, as ENTRY:HASH');
  const [sequence = '', hash = ''] = found.slice(1);
  return { sequence: Number(sequence), hash };
}

function registerList(audit: Command): void {
  withCommonOptions(audit.command('list'))
    .option('--from <time>', `entries from this time on: ${timeForms}`)
    .option('--to <time>', 'entries up to this time; a day is included')
    .option('--action <action>', 'an action such as person.erased, or a group such as person')
    .option('--actor <actor>', 'who did it, such as uid:1000')
    .addOption(
      new Option('--person <person>', `only entries about this person: ${personForms}`).conflicts('subject'),
    )
    .option('--subject <id>', 'only entries about this id, for example of a person or a key')
    .option('-n, --limit <count>', 'number of newest matching entries', parseLimit, 100)
    .description('list entries of the audit log, oldest first')
    .action((options: ListOptions) =>
      showAnswer(
        options,
        async ({ client, time }) => {
          const { from, to, action, actor, limit } = options;
          const query = {
            from: from === undefined ? undefined : isoTime(time.readFrom(from)),
            to: to === undefined ? undefined : isoTime(time.readTo(to)),
            ...{ action, actor },
            subject: options.subject ?? (await personOption(options, client, time)),
          };
          const newest = await firstItems(limit, (page) => client.call('audit.list', { ...query, ...page }));
          return newest.toReversed();
        },
        (entries, { show }) => describeEntries(entries, show),
      ),
    );
}

function registerVerify(audit: Command): void {
  withCommonOptions(audit.command('verify'))
    .option(
      '--noted <entry:hash>',
      'an entry that must be in the log: from an earlier verify, or from a certificate of erasure',
      parseNoted,
    )
    .description(
      'check every entry of the audit log and name the first that is altered, missing or out of order; exit code 1 unless the log is whole',
    )
    .action((options: VerifyOptions) =>
      showAnswer(
        options,
        ({ client }) => client.call('audit.verify', { ...options.noted }),
        describeVerdict,
        ({ outcome }) => outcome !== 'whole',
      ),
    );
}

function registerReport(audit: Command): void {
  withCommonOptions(audit.command('report'))
    .requiredOption('--from <time>', `start of the period: ${timeForms}`)
    .requiredOption('--to <time>', 'end of the period; a day is included')
    .description(
      'report on a period: persons enrolled and erased, accesses, refusals, age of keys, integrity of the log; exit code 1 unless the log is whole',
    )
    .action((options: ReportOptions) =>
      showAnswer(
        options,
        ({ client, time }) => {
          const [fromMs, toMs] = [time.readFrom(options.from), time.readTo(options.to)];
          if (fromMs >= toMs) {
            throw badInput('empty-period', 'the period ends before it starts', {
              remedy: 'Give a time for --to that is later than --from.',
            });
          }
          return client.call('audit.report', { from: isoTime(fromMs), to: isoTime(toMs) });
        },
        (report, { show }) => describeReport(report, show),
        ({ integrity }) => integrity.outcome !== 'whole',
      ),
    );
}

export function registerAudit(program: Command): void {
  const audit = program.command('audit').description('the audit log: who did what on this box');
  registerList(audit);
  registerVerify(audit);
  registerReport(audit);
}
