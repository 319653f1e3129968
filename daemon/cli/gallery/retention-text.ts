import type { RetentionStatus, ShownRetentionReport } from '../../control/retention-control.js';
import type { RetentionKind } from '../../domain/retention/retention.js';
import { table } from '../output.js';
import type { ShowTime } from '../site-time.js';

const names: Readonly<Record<RetentionKind, string>> = {
  databaseCopies: 'copies of databases from before an update',
  unfinishedImports: 'persons of unfinished imports',
  removedPersons: 'removed persons',
  photographs: 'enrolment photographs',
  attendanceEvidence: 'pictures of attendances',
  unknownEvidence: 'pictures of unknown persons',
  attackEvidence: 'pictures of attacks',
  attendanceRecords: 'attendances',
  unknownRecords: 'unknown persons recorded',
  attackRecords: 'attacks recorded',
  replyRecords: 'replies to commands',
  otherRecords: 'other events',
  auditEntries: 'audit entries',
  tombstones: 'tombstones of persons erased',
};

/** Rules with what they would take, whether the clock is doubted, and the last run. */
export function describeRetention(status: RetentionStatus, show: ShowTime): string {
  const { lastRun, atHour, isRunning } = status;
  const rows = status.rules.map(({ kind, keep, due }) => [
    names[kind],
    kind,
    keep === 'forever' ? keep : `${keep} d`,
    String(due),
  ]);
  const last = lastRun === undefined ? 'There was no run yet.' : describeRun(lastRun, show);
  return [
    table(['what', 'setting', 'kept', 'due now'], rows),
    isRunning ? 'A run is under way.' : `Runs every day from ${atHour}:00, local time of the site.`,
    ...describeDoubt(status),
    last,
  ].join('\n\n');
}

/** What a run would delete now. */
export function describeDue(status: RetentionStatus): string {
  const due = status.rules.filter((rule) => rule.due > 0);
  const lines = due.map((rule) => `  ${names[rule.kind]}: ${rule.due}`);
  const list = due.length === 0 ? ['Nothing is due.'] : ['Due now:', ...lines];
  return [...list, ...describeDoubt(status)].join('\n');
}

export function describeRun(
  { startedAt, durationMs, by, forgotten, failures }: ShownRetentionReport,
  show: ShowTime,
): string {
  const gone = Object.entries(forgotten).map(
    ([kind, count]) => `  deleted ${names[kind as RetentionKind] ?? kind}: ${count}`,
  );
  const failed = failures.map(({ kind, message, remedy }) => {
    const advice = remedy === undefined ? '' : `; ${remedy}`;
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
