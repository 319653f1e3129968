import type { Outcome, Violation } from './expectation.js';

/** What kills of one operation came to. */
export interface Row {
  readonly operation: string;
  /** Runs of the operation to its end, acknowledged. */
  done: number;
  /** Kills of a process that was at work on it. */
  kills: number;
  /** Of those, kills between its intent and its acknowledgement. */
  within: number;
  /** Of those within, after which the gallery was found whole. */
  recovered: number;
  /** Of those within: it was done all the same, or it was not, or in part (of many persons one by one). */
  foundDone: number;
  foundNotDone: number;
  foundPartly: number;
  lost: number;
  cameBack: number;
  torn: number;
}

/** Counts by operation, and everything that must not have been. */
export class Tally {
  readonly #rows = new Map<string, Row>();
  readonly violations: (Violation & { readonly operation: string; readonly kill: number })[] = [];
  kills = 0;

  get rows(): readonly Row[] {
    return [...this.#rows.values()];
  }

  row(operation: string): Row {
    const counts = { done: 0, kills: 0, within: 0, recovered: 0, foundDone: 0, foundNotDone: 0 };
    const row = this.#rows.get(operation) ?? {
      operation,
      ...counts,
      foundPartly: 0,
      lost: 0,
      cameBack: 0,
      torn: 0,
    };
    this.#rows.set(operation, row);
    return row;
  }

  /** A kill while `ordered` was worked on, and what was found afterwards. */
  kill(ordered: string, { operation, found, violations }: Outcome): void {
    this.kills += 1;
    const row = this.row(operation ?? ordered);
    row.kills += 1;
    if (operation !== undefined) {
      row.within += 1;
      if (violations.length === 0) row.recovered += 1;
      if (found === 'done') row.foundDone += 1;
      if (found === 'not done') row.foundNotDone += 1;
      if (found === 'partly done') row.foundPartly += 1;
    }
    for (const violation of violations) this.add(row.operation, violation);
  }

  add(operation: string, violation: Violation): void {
    const row = this.row(operation);
    this.violations.push({ ...violation, operation, kill: this.kills });
    if (violation.kind === 'lost') row.lost += 1;
    if (violation.kind === 'came back') row.cameBack += 1;
    if (violation.kind === 'torn') row.torn += 1;
  }
}

const columns: readonly (readonly [string, (row: Row) => number])[] = [
  ['done', (row) => row.done],
  ['kills', (row) => row.kills],
  ['within', (row) => row.within],
  ['recovered', (row) => row.recovered],
  ['then done', (row) => row.foundDone],
  ['then not', (row) => row.foundNotDone],
  ['then partly', (row) => row.foundPartly],
  ['lost', (row) => row.lost],
  ['came back', (row) => row.cameBack],
  ['torn', (row) => row.torn],
];

/** The rows and their sum as a table in Markdown. */
export function tableOf(rows: readonly Row[]): string {
  const line = (name: string, cells: readonly (string | number)[]): string =>
    `| ${[name.padEnd(12), ...cells.map((cell, at) => String(cell).padStart(columns[at]?.[0].length ?? 0))].join(' | ')} |`;
  const sums = columns.map(([, of]) => rows.reduce((sum, row) => sum + of(row), 0));
  return [
    line(
      'operation',
      columns.map(([name]) => name),
    ),
    `| ${['-'.repeat(12), ...columns.map(([name]) => `${'-'.repeat(name.length - 1)}:`)].join(' | ')} |`,
    ...rows.map((row) =>
      line(
        row.operation,
        columns.map(([, of]) => of(row)),
      ),
    ),
    line('all', sums),
  ].join('\n');
}
