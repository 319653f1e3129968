import type { ImportColumn } from '../../../kernel/persons/import-columns.js';
import type { Input } from '../../api/call.js';
import { readTable, type TableProblem, type TableRow } from './import-table.js';
import type { GivenFile } from './unzip.js';

/** What is wrong with a row before the box has seen it. */
export type RowProblem = 'cells' | 'no-photograph' | 'too-many-photographs';

/** A row of an import, with its photographs. */
export interface ImportRow {
  readonly line: number;
  readonly name: string;
  readonly profile: Omit<Input<'imports.stage'>, 'importId' | 'photographs'>;
  readonly photographs: readonly File[];
  readonly problem?: RowProblem;
}

export type ReadImport =
  | { readonly rows: readonly ImportRow[] }
  | { readonly problem: TableProblem; readonly what: string };

const tableName = 'persons.csv';
const mostPhotographs = 20;

/** Reads the table among the files, and finds the photographs of each row. */
export async function readImport(files: readonly GivenFile[]): Promise<ReadImport> {
  const tables = files.filter(({ file }) => /\.csv$/i.test(file.name));
  const table = tables.find(({ file }) => file.name === tableName) ?? tables[0];
  if (table === undefined) return { problem: 'no-table', what: '' };
  const folder = table.path.slice(0, -table.file.name.length);
  const byPath = new Map(
    files.map(
      ({ path, file }) => [path.startsWith(folder) ? path.slice(folder.length) : path, file] as const,
    ),
  );
  const read = readTable(await table.file.arrayBuffer());
  return 'problem' in read ? read : { rows: read.rows.map((row) => rowOf(row, byPath)) };
}

type ByPath = ReadonlyMap<string, File>;

function rowOf({ line, cells }: TableRow, byPath: ByPath): ImportRow {
  const cell = (column: ImportColumn): string => cells?.[column]?.trim() ?? '';
  const name = cell('name');
  if (cells === undefined) return { line, name, profile: { name }, photographs: [], problem: 'cells' };
  const photographs = photographsOf(cell('photographs'), cell('external_id'), byPath);
  const row = { line, name, profile: profileOf(cell), photographs };
  if (photographs.length === 0) return { ...row, problem: 'no-photograph' };
  return photographs.length > mostPhotographs ? { ...row, problem: 'too-many-photographs' } : row;
}

function profileOf(cell: (column: ImportColumn) => string): ImportRow['profile'] {
  const consent = {
    basis: cell('consent_basis'),
    dateIso: cell('consent_date'),
    reference: cell('consent_reference'),
  };
  const watch = { mark: cell('watch'), reason: cell('watch_reason') };
  const groups = listOf(cell('groups'));
  const texts = { externalId: cell('external_id'), notes: cell('notes') };
  const days = { validFrom: cell('valid_from'), validUntil: cell('valid_until') };
  const given = Object.entries({ ...texts, ...days }).filter(([, value]) => value !== '');
  return {
    name: cell('name'),
    ...(Object.fromEntries(given) as Partial<typeof texts & typeof days>),
    ...(Object.values(consent).some((value) => value !== '') && { consent }),
    ...(Object.values(watch).some((value) => value !== '') && { watch }),
    ...(groups.length > 0 && { groups }),
  };
}

const listOf = (cell: string): readonly string[] =>
  cell
    .split(';')
    .map((each) => each.trim())
    .filter((each) => each !== '');

/** The photographs that a row names; without any, those of the folder named like its external id. */
function photographsOf(cell: string, externalId: string, byPath: ByPath): readonly File[] {
  const named = listOf(cell);
  const wanted = named.length === 0 && externalId !== '' ? [externalId] : named;
  const found = wanted.map((path) => filesAt(path.replace(/^\.\//, ''), byPath));
  return found.every((files) => files.length > 0) ? found.flat() : [];
}

function filesAt(path: string, byPath: ByPath): readonly File[] {
  const file = byPath.get(path) ?? byPath.get(path.split('/').at(-1) ?? path);
  if (file !== undefined) return [file];
  const folder = `${path}/`;
  return [...byPath]
    .filter(([each]) => each.startsWith(folder) && !each.slice(folder.length).includes('/'))
    .filter(([each]) => /\.(jpe?g|png|webp|tiff?|gif|avif|heic|heif)$/i.test(each))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, each]) => each);
}
