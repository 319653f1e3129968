import type { AuditEntry } from '../../../contract/audit.js';
import type { AuditAction } from '../../../kernel/audit-action.js';

/** Actions that only read. A page of the console causes many of them at once, such as one for each photo beside a name. */
const readings: ReadonlySet<string> = new Set<AuditAction>([
  ...(['person.listed', 'person.read', 'person.photograph-read'] as const),
  ...(['passage.listed', 'passage.read', 'passage.picture-read', 'passage.reported'] as const),
  ...(['stranger.listed', 'stranger.read', 'evidence.read', 'enrolment.picture-read'] as const),
  ...(['attendance.read', 'camera.snapshot-taken', 'camera.followed', 'camera.watched'] as const),
]);

/** Between two readings of one page, at most. */
const pageGapMs = 5000;

/** A row of the log, newest entry first. Several entries are what one page read. */
export type AuditRow = readonly [AuditEntry, ...AuditEntry[]];

/** The rows of a log whose newest entry is the first. */
export function rowsOf(entries: readonly AuditEntry[]): readonly AuditRow[] {
  const rows: [AuditEntry, ...AuditEntry[]][] = [];
  for (const entry of entries) {
    const row = rows.at(-1);
    const later = row?.at(-1);
    if (row !== undefined && later !== undefined && areOfOnePage(later, entry)) row.push(entry);
    else rows.push([entry]);
  }
  return rows;
}

const areOfOnePage = (later: AuditEntry, earlier: AuditEntry): boolean =>
  readings.has(later.action) &&
  readings.has(earlier.action) &&
  later.actor === earlier.actor &&
  later.origin === earlier.origin &&
  // A clock may have been set back.
  Math.abs(Date.parse(later.at) - Date.parse(earlier.at)) <= pageGapMs;

/** What a row did, each action with how often, the latest first. */
export function actionsOf(row: AuditRow): readonly (readonly [action: string, count: number])[] {
  const counts = new Map<string, number>();
  for (const { action } of row) counts.set(action, (counts.get(action) ?? 0) + 1);
  return [...counts];
}

/** What a row was done to, without repeats. */
export const subjectsOf = (row: AuditRow): readonly string[] => [
  ...new Set(row.flatMap(({ subject }) => (subject === undefined ? [] : [subject]))),
];
