import type { AuditEntry } from '../../../contract/audit.js';
import type { AuditAction } from '../../../kernel/audit-action.js';

/** Actions that only read. A page of the console causes many of them at once, such as one for each photo beside a name. */
const readings: ReadonlySet<string> = new Set<AuditAction>([
  ...(['person.listed', 'person.read', 'person.photograph-read'] as const),
  ...(['passage.listed', 'passage.read', 'passage.picture-read'] as const),
  ...(['passage.clip-read', 'passage.reported'] as const),
  ...(['stranger.listed', 'stranger.read', 'evidence.read', 'enrolment.picture-read'] as const),
  ...([
    'review.listed',
    'attendance.read',
    'camera.snapshot-taken',
    'camera.followed',
    'camera.watched',
  ] as const),
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

/** How often an entry stands for: after many readings, the box writes one entry for several (docs/reference/audit.md). */
const timesOf = ({ details }: AuditEntry): number => 1 + Number(details['readingsBefore'] ?? 0);

/** What a row did, each action with how often, the latest first. */
export function actionsOf(row: AuditRow): readonly (readonly [action: string, count: number])[] {
  const counts = new Map<string, number>();
  for (const entry of row) counts.set(entry.action, (counts.get(entry.action) ?? 0) + timesOf(entry));
  return [...counts];
}

export const readingCount = (row: AuditRow): number => row.reduce((sum, entry) => sum + timesOf(entry), 0);

/** What an entry was done to: its subject, those of the readings for which it stands, and its passage. */
export function targetsOf({ subject, details }: AuditEntry): readonly string[] {
  const before = Object.entries(details).flatMap(([name, value]) =>
    /^subjects\d+$/.test(name) ? String(value).split(',') : [],
  );
  const passage = details['passage'];
  return [subject, ...before, subject === undefined ? passage : undefined].flatMap((each) =>
    each === undefined ? [] : [String(each)],
  );
}

/** What a row was done to, without repeats. */
export const subjectsOf = (row: AuditRow): readonly string[] => [...new Set(row.flatMap(targetsOf))];
