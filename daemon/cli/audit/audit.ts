import { type Command, InvalidArgumentError, Option } from 'commander';
import type { AuditEntry, auditOperations } from '../../contract/audit.js';
import type { CallInput } from '../../contract/operation.js';
import type { ControlClient } from '../../core/api/client.js';
import { exitCodes, print, runAction } from '../../host/output.js';
import { badInput } from '../../kernel/errors.js';
import { isoTime } from '../../kernel/iso-time.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { openBox, openDaemonClient } from '../daemon-client.js';
import { personForms, personOption } from '../person/which-person.js';
import { timeForms } from '../site-time.js';
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

type AuditQuery = Omit<CallInput<(typeof auditOperations)['audit.list']>, 'limit' | 'cursor'>;

/** Largest page of the local API. */
const mostOnPage = 1000;

/** The newest `count` matching entries, oldest first. */
async function newestEntries(
  client: ControlClient,
  query: AuditQuery,
  count: number,
): Promise<readonly AuditEntry[]> {
  const found: AuditEntry[] = [];
  let cursor: string | undefined;
  do {
    const limit = Math.min(mostOnPage, count - found.length);
    const page = await client.call('audit.list', { ...query, limit, cursor });
    found.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined && found.length < count);
  return found.reverse();
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
      runAction(options.json === true, async () => {
        const { from, to, action, actor, limit } = options;
        const { client, time } = await openBox(options.config);
        const period = {
          from: from === undefined ? undefined : isoTime(time.readFrom(from)),
          to: to === undefined ? undefined : isoTime(time.readTo(to)),
        };
        const subject = options.subject ?? (await personOption(options, client, time));
        const entries = await newestEntries(client, { ...period, action, actor, subject }, limit);
        print(options.json === true, entries, () => describeEntries(entries, time.show));
        return exitCodes.done;
      }),
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
      runAction(options.json === true, async () => {
        const client = await openDaemonClient(options.config);
        const verdict = await client.call('audit.verify', { ...options.noted });
        print(options.json === true, verdict, () => describeVerdict(verdict));
        return verdict.outcome === 'whole' ? exitCodes.done : exitCodes.failed;
      }),
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
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const [fromMs, toMs] = [time.readFrom(options.from), time.readTo(options.to)];
        if (fromMs >= toMs) {
          throw badInput('empty-period', 'the period ends before it starts', {
            remedy: 'Give a time for --to that is later than --from.',
          });
        }
        const report = await client.call('audit.report', { from: isoTime(fromMs), to: isoTime(toMs) });
        print(options.json === true, report, () => describeReport(report, time.show));
        return report.integrity.outcome === 'whole' ? exitCodes.done : exitCodes.failed;
      }),
    );
}

export function registerAudit(program: Command): void {
  const audit = program.command('audit').description('the audit log: who did what on this box');
  registerList(audit);
  registerVerify(audit);
  registerReport(audit);
}
