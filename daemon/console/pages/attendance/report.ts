import type { AttendanceHead, AttendanceRow, ReportItem } from '../../../contract/attendance.js';
import type { Fetched, FetchedList } from '../../api/use-fetched.js';

/** A whole report. */
export interface Report {
  readonly head: AttendanceHead;
  readonly rows: readonly AttendanceRow[];
}

/** The report in the lines of an answer. */
export function reportOf({ value, ...others }: Fetched<readonly ReportItem[]>): Omit<Fetched<Report>, 'put'> {
  let head: AttendanceHead | undefined;
  const rows: AttendanceRow[] = [];
  for (const line of value ?? []) {
    if (line.kind === 'head') head = line.head;
    else rows.push(line.row);
  }
  return { ...others, value: head && { head, rows } };
}

/** What is there already, as a list that a long table shows. */
export const wholeList = <Item>(items: readonly Item[]): FetchedList<Item> => ({
  ...{ items, total: items.length, fault: undefined, isLoading: false, hasMore: false },
  more: () => undefined,
  retry: async () => undefined,
  reload: async () => undefined,
});

/** The days of one person in a period. */
export interface PersonDays {
  readonly person: string;
  readonly name?: string;
  readonly days: ReadonlyMap<string, readonly AttendanceRow[]>;
  readonly workedMin: number;
  readonly overtimeMin: number;
}

/** The rows of a report by person, by name. */
export function byPerson(rows: readonly AttendanceRow[]): readonly PersonDays[] {
  const all = new Map<string, PersonDays & { days: Map<string, AttendanceRow[]> }>();
  for (const row of rows) {
    const { person, name, date, workedMin, overtimeMin } = row;
    const known = all.get(person) ?? {
      ...{ person, ...(name !== undefined && { name }), days: new Map<string, AttendanceRow[]>() },
      ...{ workedMin: 0, overtimeMin: 0 },
    };
    known.days.set(date, [...(known.days.get(date) ?? []), row]);
    all.set(person, {
      ...known,
      workedMin: known.workedMin + workedMin,
      overtimeMin: known.overtimeMin + overtimeMin,
    });
  }
  return [...all.values()].sort(byName);
}

const collator = new Intl.Collator();

export function byName(
  one: { readonly name?: string; readonly person: string },
  other: { readonly name?: string; readonly person: string },
): number {
  return collator.compare(one.name ?? one.person, other.name ?? other.person);
}
