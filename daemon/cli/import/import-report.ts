import type { StagedRow } from '../../contract/enrolment.js';
import { counted } from '../../kernel/counted.js';
import { table } from '../../kernel/text-table.js';
import { english } from '../../words/language.js';
import { describePersonLike, describeResemblance, describeTaken } from '../person-text.js';

/** The result for one row. */
export interface RowReport {
  readonly line: number;
  readonly name: string;
  readonly outcome: 'accepted' | 'refused';
  /** Why the row is refused; empty if it is accepted. */
  readonly reasons: readonly string[];
  /** Notes on an accepted row: which of several faces was used, warnings about photographs, and whom the person resembles. */
  readonly notes: readonly string[];
  readonly photographs: number;
}

/** The result of an import. */
export interface ImportReport {
  /** `refused`: some rows were refused, so no row was imported. */
  readonly outcome: 'imported' | 'refused' | 'dry-run';
  readonly accepted: number;
  readonly refused: number;
  readonly rows: readonly RowReport[];
  /** Ids of the imported persons, in the order of the table. */
  readonly personIds: readonly string[];
}

/** Notes on an accepted row; see `RowReport.notes`. `paths`: the photographs as the table names them. */
export function notesOn(result: StagedRow, paths: readonly string[]): readonly string[] {
  if (result.outcome !== 'accepted') return [];
  const warning = describeResemblance(result, english.say);
  const notes = result.photographs.flatMap((photograph, index) => {
    if (photograph.outcome === 'refused') return [];
    const { taken, warnings = [] } = photograph;
    return [
      ...(taken === undefined ? [] : [describeTaken(taken, english.say)]),
      ...warnings.map(({ code, message }) => `warning: ${message} (${code})`),
    ].map((note) => `${paths[index] ?? ''}: ${note}`);
  });
  return warning === undefined ? notes : [...notes, warning];
}

/** Why the box refused a row. `paths`: the photographs as the table names them. */
export function refusalReasons(result: StagedRow, paths: readonly string[]): readonly string[] {
  switch (result.outcome) {
    case 'accepted':
      return [];
    case 'refused':
      return result.photographs.flatMap((photograph, index) =>
        photograph.outcome === 'refused'
          ? [`${paths[index] ?? ''}: ${photograph.message} (${photograph.code}). ${photograph.remedy}`]
          : [],
      );
    case 'similar':
      return [`the face resembles ${describePersonLike(result)}, similarity ${result.similarity.toFixed(3)}`];
    case 'external-id-taken':
      return [`the person ${result.personId} already has this external id`];
  }
}

/** The report as text: one line per row, then the result of the import. */
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
      return `${counts}: dry run, nothing was stored`;
    case 'refused':
      return `${counts}: nothing was stored\n  what to do: Correct the refused rows, or import the accepted rows with '--skip-refused'.`;
  }
}
