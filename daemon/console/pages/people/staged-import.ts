import { signal } from '@preact/signals';
import type { StagedRow } from '../../../contract/enrolment.js';
import { type CellsByColumn, fieldsIn, type ImportColumn } from '../../../kernel/persons/import-columns.js';
import { type ApiError, call, type Input, isApiError, readLines } from '../../api/call.js';
import { customFields } from './custom-fields.js';
import type { TableProblem, TableRow } from './persons-table.js';
import { givenFields } from './profile-draft.js';
import type { GivenFile, Unzipped, ZipProblem } from './unzip.js';

/** A row and what the box said of it. */
export interface StagedImportRow extends ImportRow {
  readonly state: 'waiting' | 'accepted' | 'refused';
  readonly result?: StagedRow;
  readonly error?: ApiError;
}

/** An import of this page. It lives as long as the page is open in the browser, also while other pages of the console show. */
export interface ImportState {
  readonly phase: 'choosing' | 'unpacking' | 'checking' | 'ready' | 'storing' | 'done' | 'lost';
  readonly rows: readonly StagedImportRow[];
  /** The table or the archive cannot be read. */
  readonly problem?: { readonly problem: TableProblem | ZipProblem; readonly what: string };
  readonly fault?: ApiError;
  readonly isWaitingForLimit?: boolean;
  /** How many persons were enrolled. */
  readonly enrolled?: number;
}

const nothing: ImportState = { phase: 'choosing', rows: [] };
export const importState = signal<ImportState>(nothing);

/** The import that the box has open for this page. */
let open: { readonly importId: string; readonly hangUp: AbortController } | undefined;

const change = (changed: Partial<ImportState>): void => {
  importState.value = { ...importState.value, ...changed };
};

function changeRow(line: number, changed: Partial<StagedImportRow>): void {
  change({ rows: importState.value.rows.map((row) => (row.line === line ? { ...row, ...changed } : row)) });
}

/** Reads the files, and lets the box check every row. Nothing is stored. */
export async function beginImport(files: readonly File[]): Promise<void> {
  await endImport();
  const given = await givenFiles(files);
  if (given === undefined) return;
  const read = 'problem' in given ? given : await readImport(given.files);
  if ('problem' in read) {
    importState.value = { ...nothing, problem: read };
    return;
  }
  const rows = read.rows.map((row) => ({
    ...row,
    state: row.problem === undefined ? ('waiting' as const) : ('refused' as const),
  }));
  importState.value = { phase: 'checking', rows };
  await guarded(async () => {
    const importId = await openOnBox();
    for (const row of rows) {
      if (open?.importId !== importId) return;
      if (row.state === 'waiting') await stage(importId, row, false);
    }
    if (open?.importId === importId) change({ phase: 'ready' });
  });
}

/** The chosen files, or those of the archive that was chosen. Undefined if the user has abandoned the import meanwhile. */
async function givenFiles(files: readonly File[]): Promise<Unzipped | undefined> {
  const archive = files.find(({ name }) => /\.zip$/i.test(name));
  // Files of a folder have a path; files that were chosen one by one only a name.
  if (archive === undefined)
    return { files: files.map((file) => ({ path: file.webkitRelativePath || file.name, file })) };
  const unpacking: ImportState = { phase: 'unpacking', rows: [] };
  importState.value = unpacking;
  const { unzip } = await import('./unzip.js');
  const unzipped = await unzip(archive);
  return importState.value === unpacking ? unzipped : undefined;
}

/** Sends a refused row again with what the user has corrected. */
export async function correctRow(
  line: number,
  corrected: Pick<ImportRow, 'profile' | 'photographs'>,
): Promise<void> {
  const importId = open?.importId;
  if (importId === undefined) return;
  const row: StagedImportRow = { ...corrected, line, name: corrected.profile.name, state: 'waiting' };
  change({ rows: importState.value.rows.map((each) => (each.line === line ? row : each)) });
  await guarded(() => stage(importId, row, false));
}

/** Sends a refused row again: the user has looked at both faces and says that they are two persons. */
export async function acceptDuplicate(row: StagedImportRow): Promise<void> {
  const importId = open?.importId;
  if (importId === undefined) return;
  changeRow(row.line, { state: 'waiting' });
  await guarded(() => stage(importId, row, true));
}

/** Enrols all accepted rows at once. */
export async function storeImport(): Promise<void> {
  const current = open;
  if (current === undefined) return;
  change({ phase: 'storing' });
  await guarded(async () => {
    const { personIds } = await call('imports.commit', { importId: current.importId });
    open = undefined;
    change({ phase: 'done', enrolled: personIds.length });
  }, 'ready');
}

/** Forgets the import, here and on the box. */
export async function endImport(): Promise<void> {
  const current = open;
  open = undefined;
  importState.value = nothing;
  // The box forgets the rows when the connection of the import ends.
  current?.hangUp.abort();
}

/** Shows what fails, and goes back to a phase from which the user can go on. */
async function guarded(work: () => Promise<void>, phase?: ImportState['phase']): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isApiError(error)) throw error;
    const isOver = isApiError(error, 'no-such-import') || open === undefined;
    change({ fault: error, phase: isOver ? 'lost' : (phase ?? 'lost') });
  }
}

/** Begins an import on the box and holds its connection, with which it lives. */
async function openOnBox(): Promise<string> {
  const hangUp = new AbortController();
  const lines = readLines('imports.begin', {}, { signal: hangUp.signal });
  const first = await lines.next();
  const importId = first.value?.importId ?? '';
  open = { importId, hangUp };
  const ended = (): void => {
    if (open?.importId !== importId) return;
    open = undefined;
    change({ phase: 'lost' });
  };
  lines.next().then(ended, ended);
  return importId;
}

/** Sends one row. An error of one row does not stop the others. */
async function stage(importId: string, row: ImportRow, isDuplicateAllowed: boolean): Promise<void> {
  const { line, profile, photographs } = row;
  for (;;) {
    try {
      const result = await call('imports.stage', { importId, ...profile, isDuplicateAllowed, photographs });
      changeRow(line, { result, state: result.outcome === 'accepted' ? 'accepted' : 'refused' });
      return;
    } catch (error) {
      if (!isApiError(error) || open?.importId !== importId) throw error;
      if (['rate-limited', 'busy'].includes(error.code)) await limitPassed(error);
      else if (error.status >= 400 && error.status < 500 && ![401, 403, 404].includes(error.status)) {
        changeRow(line, { error, state: 'refused' });
        return;
      } else throw error;
    }
  }
}

/** Waits as long as the box asks for. */
async function limitPassed({ details }: ApiError): Promise<void> {
  const seconds = Number(details['retryAfterS'] ?? 2);
  change({ isWaitingForLimit: true });
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  change({ isWaitingForLimit: false });
}

/** What is wrong with a row before the box has seen it. */
type RowProblem = 'cells' | 'no-photograph' | 'too-many-photographs';

/** A row of an import, with its photographs. */
export interface ImportRow {
  readonly line: number;
  readonly name: string;
  readonly profile: Omit<Input<'imports.stage'>, 'importId' | 'photographs'>;
  readonly photographs: readonly File[];
  readonly problem?: RowProblem;
}

type ReadImport =
  | { readonly rows: readonly ImportRow[] }
  | { readonly problem: TableProblem; readonly what: string };

const tableName = 'persons.csv';
const mostPhotographs = 20;

/** Reads the table among the files, and finds the photographs of each row. */
async function readImport(files: readonly GivenFile[]): Promise<ReadImport> {
  const tables = files.filter(({ file }) => /\.csv$/i.test(file.name));
  const table = tables.find(({ file }) => file.name === tableName) ?? tables[0];
  if (table === undefined) return { problem: 'no-table', what: '' };
  const folder = table.path.slice(0, -table.file.name.length);
  const byPath = new Map(
    files.map(
      ({ path, file }) => [path.startsWith(folder) ? path.slice(folder.length) : path, file] as const,
    ),
  );
  const { readTable } = await import('./persons-table.js');
  const read = readTable(
    await table.file.arrayBuffer(),
    customFields().map(({ id }) => id),
  );
  return 'problem' in read ? read : { rows: read.rows.map((row) => rowOf(row, byPath)) };
}

type ByPath = ReadonlyMap<string, File>;

function rowOf({ line, cells }: TableRow, byPath: ByPath): ImportRow {
  const cell = (column: ImportColumn): string => cells?.[column]?.trim() ?? '';
  const name = cell('name');
  if (cells === undefined) return { line, name, profile: { name }, photographs: [], problem: 'cells' };
  const photographs = photographsOf(cell('photographs'), cell('external_id'), byPath);
  const row = { line, name, profile: { ...profileOf(cell), ...fieldsOf(cells) }, photographs };
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

function fieldsOf(cells: CellsByColumn): Pick<ImportRow['profile'], 'fields'> {
  const fields = givenFields(fieldsIn(cells));
  return Object.keys(fields).length > 0 ? { fields } : {};
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
