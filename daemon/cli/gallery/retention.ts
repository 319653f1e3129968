import type { Command } from 'commander';
import type { RetentionReport, RetentionStatus } from '../../contract/retention.js';
import { table } from '../../kernel/text-table.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { confirm } from '../confirm.js';
import { showAnswer } from '../show-answer.js';
import type { ShowTime } from '../site-time.js';

interface RunOptions extends CommonOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

export function registerRetention(program: Command): void {
  const retention = program
    .command('retention')
    .description('the daily deletion of data that is no longer needed');
  withCommonOptions(retention.command('show'))
    .description('show the rules, what is due now, and what the last run deleted')
    .action((options: CommonOptions) =>
      showAnswer(
        options,
        ({ client }) => client.call('retention.show'),
        (status, { show }) => describeRetention(status, show),
      ),
    );
  withCommonOptions(retention.command('run'))
    .option('--dry-run', 'show what is due; delete nothing')
    .option('-y, --yes', 'do not ask for confirmation; also confirms that the clock of the box is right')
    .description(
      'permanently delete everything that is due now; exit code 1 if something could not be deleted',
    )
    .action((options: RunOptions) =>
      options.dryRun === true
        ? showAnswer(options, ({ client }) => client.call('retention.show'), describeDue)
        : showAnswer(
            options,
            async ({ client }) => {
              const due = describeDue(await client.call('retention.show'));
              await confirm(`${due}\nThis permanently deletes everything that is due.`, options.yes);
              return await client.call('retention.run', { isClockConfirmed: true });
            },
            (report, { show }) => describeRun(report, show),
            ({ failures }) => failures.length > 0,
          ),
    );
}

type RetentionKind = RetentionStatus['rules'][number]['kind'];

const names: Readonly<Record<RetentionKind, string>> = {
  databaseCopies: 'database copies from before an update',
  unfinishedImports: 'persons of unfinished imports',
  removedPersons: 'removed persons',
  photographs: 'enrolment photos',
  strangers: 'strangers',
  ignoredStrangers: 'ignored unknown people',
  attendanceEvidence: 'pictures of recognised persons',
  unknownEvidence: 'pictures of unknown persons',
  attackEvidence: 'pictures of attacks',
  passagePictures: 'pictures of passages',
  clips: 'clips of passages',
  attendanceRecords: 'attendances',
  unknownRecords: 'unknown persons recorded',
  attackRecords: 'attacks recorded',
  replyRecords: 'replies to commands',
  otherRecords: 'other events',
  passages: 'passages',
  auditEntries: 'audit entries',
  tombstones: 'tombstones of persons erased',
};

/** The rules with what is due, doubts about the clock, and the last run. */
export function describeRetention(status: RetentionStatus, show: ShowTime): string {
  const { lastRun, atHour, isRunning } = status;
  const rows = status.rules.map(({ kind, keep, due }) => [
    names[kind],
    kind,
    keep === 'forever' ? keep : `${keep} d`,
    String(due),
  ]);
  const last = lastRun === undefined ? 'Retention has not run yet.' : describeRun(lastRun, show);
  return [
    table(['what', 'setting', 'kept', 'due now'], rows),
    isRunning ? 'A run is under way.' : `Runs every day from ${atHour}:00, local time of the site.`,
    ...describeDoubt(status),
    last,
  ].join('\n\n');
}

/** The data that a run would delete now. */
export function describeDue(status: RetentionStatus): string {
  const due = status.rules.filter((rule) => rule.due > 0);
  const lines = due.map((rule) => `  ${names[rule.kind]}: ${rule.due}`);
  const list = due.length === 0 ? ['Nothing is due.'] : ['Due now:', ...lines];
  return [...list, ...describeDoubt(status)].join('\n');
}

function describeRun(
  { startedAt, durationMs, by, forgotten, failures }: RetentionReport,
  show: ShowTime,
): string {
  const gone = Object.entries(forgotten).map(
    ([kind, count]) => `  deleted ${names[kind as RetentionKind] ?? kind}: ${count}`,
  );
  const failed = failures.map(({ kind, message, remedy }) => {
    const advice = remedy === undefined ? '' : `. ${remedy}`;
    return `  failed: ${kind}: ${message}${advice}`;
  });
  return [
    `Run of ${show(startedAt)} by ${by}, ${(durationMs / 1000).toFixed(1)} s:`,
    ...(gone.length === 0 ? ['  nothing was due'] : gone),
    ...failed,
  ].join('\n');
}

function describeDoubt({ clockDoubt }: RetentionStatus): readonly string[] {
  if (clockDoubt === undefined) return [];
  return [`The daily run deletes nothing: ${clockDoubt.message}. ${clockDoubt.remedy}`];
}
