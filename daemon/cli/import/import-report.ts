import { counted } from '../../base/counted.js';
import type { StagedRow } from '../../control/person-control.js';
import { table } from '../output.js';
import { describeResemblance, describeTaken } from '../person/person-text.js';

/** What became of one row. */
export interface RowReport {
  readonly line: number;
  readonly name: string;
  readonly outcome: 'accepted' | 'refused';
  /** Why it is refused; empty where it is not. */
  readonly reasons: readonly string[];
  /** Of an accepted row, what to look at: which of several faces were taken, whom the person resembles. */
  readonly notes: readonly string[];
  readonly photographs: number;
}

/** What became of an import. */
export interface ImportReport {
  /** `refused`: some rows were, and so nothing was imported. */
  readonly outcome: 'imported' | 'refused' | 'dry-run';
  readonly accepted: number;
  readonly refused: number;
  readonly rows: readonly RowReport[];
  /** Ids of those imported, in the order of the table. */
  readonly personIds: readonly string[];
}

/** Which faces were taken of photographs with several, and whom the person resembles; `paths` as below. */
export function notesOn(result: StagedRow, paths: readonly string[]): readonly string[] {
  if (result.outcome !== 'accepted') return [];
  const warning = describeResemblance(result);
  const taken = result.photographs.flatMap((photograph, index) =>
    photograph.outcome === 'enrolled' && photograph.taken !== undefined
      ? [`${paths[index] ?? ''}: ${describeTaken(photograph.taken)}`]
      : [],
  );
  return warning === undefined ? taken : [...taken, warning];
}

/** Why the box refused a row, in words; `paths` are its photographs as the table names them. */
export function refusalReasons(result: StagedRow, paths: readonly string[]): readonly string[] {
  switch (result.outcome) {
    case 'accepted':
      return [];
    case 'refused':
      return result.photographs.flatMap((photograph, index) =>
        photograph.outcome === 'refused'
          ? [`${paths[index] ?? ''}: ${photograph.message} (${photograph.code}); ${photograph.remedy}`]
          : [],
      );
    case 'similar':
      return [
        `the face resembles ${result.name} (${result.personId}), similarity ${result.similarity.toFixed(3)}`,
      ];
    case 'external-id-taken':
      return [`${result.personId} has that external id already`];
  }
}

/** The report for a person to read: a row for each row, then what came of all. */
export function describeImport(report: ImportReport): string {
  const rows = report.rows.map(({ line, name, outcome, photographs, reasons, notes }) => [
    String(line),
    name,
    outcome,
    String(photographs),
    [...reasons, ...notes].join('; '),
  ]);
  const heading = ['line', 'name', 'outcome', 'photographs', 'why'];
  return [table(heading, rows), '', verdict(report)].join('\n');
}

function verdict({ outcome, accepted, refused }: ImportReport): string {
  const counts = `${counted(accepted, 'row')} accepted, ${refused} refused`;
  switch (outcome) {
    case 'imported':
      return `${counts}: ${counted(accepted, 'person')} enrolled`;
    case 'dry-run':
      return `${counts}: nothing was stored, this was a dry run`;
    case 'refused':
      return `${counts}: nothing was stored\n  what to do: correct the rows, or import the others with '--skip-refused'`;
  }
}
