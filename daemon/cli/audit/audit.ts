import { type Command, InvalidArgumentError, Option } from 'commander';
import type { AuditVerdict, Witness } from '../../audit/audit-verdict.js';
import { badInput } from '../../base/errors.js';
import type { ComplianceReport, ShownAuditEntry } from '../../control/audit-control.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { openBox, openDaemonClient } from '../daemon-client.js';
import { exitCodes, print, runAction } from '../output.js';
import { personForms, personIn } from '../person/which-person.js';
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

/** `SEQUENCE:HASH`, as verify prints the newest entry and an erasure certificate names its own. */
export function parseNoted(text: string): Witness {
  const found = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text.toLowerCase());
  if (found === null) throw new InvalidArgumentError('must be an entry and its hash, as ENTRY:HASH');
  const [sequence = '', hash = ''] = found.slice(1);
  return { sequence: Number(sequence), hash };
}

function queryOf(fields: Readonly<Record<string, string | number | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) query.set(name, String(value));
  return query.size === 0 ? '' : `?${query}`;
}

function registerList(audit: Command): void {
  withCommonOptions(audit.command('list'))
    .option('--from <time>', `entries from here on: ${timeForms}`)
    .option('--to <time>', 'entries up to here; a day is included')
    .option('--action <action>', 'an action such as person.erased, or a group such as person')
    .option('--actor <actor>', 'who did it, such as uid:1000')
    .addOption(
      new Option('--person <person>', `only what was done to this person: ${personForms}`).conflicts(
        'subject',
      ),
    )
    .option('--subject <id>', 'what it was done to: the id of a person, of a key')
    .option('-n, --limit <count>', 'the newest so many of those that match', parseLimit, 100)
    .description('list entries of the audit log, oldest first')
    .action((options: ListOptions) =>
      runAction(options.json === true, async () => {
        const { from, to, action, actor, limit } = options;
        const { client, time } = await openBox(options.config);
        const fromMs = from === undefined ? undefined : time.readFrom(from);
        const toMs = to === undefined ? undefined : time.readTo(to);
        const subject = options.subject ?? (await personIn(options, client, time));
        const query = queryOf({ fromMs, toMs, action, actor, subject, limit });
        const entries = await client.json<readonly ShownAuditEntry[]>('GET', `/v1/audit${query}`);
        print(options.json === true, entries, () => describeEntries(entries, time.show));
        return exitCodes.done;
      }),
    );
}

function registerVerify(audit: Command): void {
  withCommonOptions(audit.command('verify'))
    .option(
      '--noted <entry:hash>',
      'an entry that was noted elsewhere (printed by an earlier verify, or on a certificate) and must be in the log',
      parseNoted,
    )
    .description(
      'check every entry of the audit log; names the first that is altered, missing or out of place; exit code 1 unless all is whole',
    )
    .action((options: VerifyOptions) =>
      runAction(options.json === true, async () => {
        const client = await openDaemonClient(options.config);
        const query = queryOf({ ...options.noted });
        const verdict = await client.json<AuditVerdict>('GET', `/v1/audit/verdict${query}`);
        print(options.json === true, verdict, () => describeVerdict(verdict));
        return verdict.outcome === 'whole' ? exitCodes.done : exitCodes.failed;
      }),
    );
}

function registerReport(audit: Command): void {
  withCommonOptions(audit.command('report'))
    .requiredOption('--from <time>', `beginning of the period: ${timeForms}`)
    .requiredOption('--to <time>', 'end of the period; a day is included')
    .description(
      'report on a period: people enrolled and erased, accesses, refusals, age of keys, integrity of the log; exit code 1 unless the log is whole',
    )
    .action((options: ReportOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const [fromMs, toMs] = [time.readFrom(options.from), time.readTo(options.to)];
        if (fromMs >= toMs) {
          throw badInput('empty-period', 'the period ends before it begins', {
            remedy: 'give a --to after --from',
          });
        }
        const query = queryOf({ fromMs, toMs });
        const report = await client.json<ComplianceReport>('POST', `/v1/audit/reports${query}`);
        print(options.json === true, report, () => describeReport(report, time.show));
        return report.integrity.outcome === 'whole' ? exitCodes.done : exitCodes.failed;
      }),
    );
}

export function registerAudit(program: Command): void {
  const audit = program
    .command('audit')
    .description('who did what on this box, and whether the log of it is whole');
  registerList(audit);
  registerVerify(audit);
  registerReport(audit);
}
