import { maximumPhotographs } from '../../contract/enrolment.js';
import { fieldsIn, type ImportColumn, listSeparator } from '../../kernel/persons/import-columns.js';
import { checkProfile, type GivenProfile } from '../../kernel/persons/person-profile.js';
import { checkArchivePath } from '../archive-path.js';
import type { ImportSource } from './import-source.js';
import type { TableRow } from './import-table.js';

/** A row that can be sent to the box. */
export interface ReadyRow {
  readonly line: number;
  readonly profile: GivenProfile;
  /** Paths in the source, 1 to 20. */
  readonly photographs: readonly string[];
}

/** A row with problems. */
export interface UnreadyRow {
  readonly line: number;
  readonly name: string;
  readonly problems: readonly string[];
}

/** Checks what can be checked without the box: texts, dates, paths and duplicate external ids. Keeps the order of the table. */
export async function checkRows(
  rows: readonly TableRow[],
  source: Pick<ImportSource, 'find'>,
  todayIso: string,
): Promise<readonly (ReadyRow | UnreadyRow)[]> {
  const lineOfExternalId = new Map<string, number>();
  const checked: (ReadyRow | UnreadyRow)[] = [];
  for (const row of rows) {
    const ready = await checkRow(row, source, todayIso);
    const externalId = 'profile' in ready ? ready.profile.externalId : undefined;
    const earlier = externalId === undefined ? undefined : lineOfExternalId.get(externalId);
    if (externalId !== undefined && earlier === undefined) lineOfExternalId.set(externalId, row.line);
    if (earlier === undefined || !('profile' in ready)) checked.push(ready);
    else checked.push(unready(row.line, ready.profile.name, [`line ${earlier} has the same external id`]));
  }
  return checked;
}

async function checkRow(
  row: TableRow,
  source: Pick<ImportSource, 'find'>,
  todayIso: string,
): Promise<ReadyRow | UnreadyRow> {
  if ('problem' in row) return unready(row.line, '', [row.problem]);
  const cell = (column: ImportColumn): string => row.cells[column]?.trim() ?? '';
  const given = { ...givenProfile(cell), fields: fieldsIn(row.cells) };
  const checked = checkProfile(given, todayIso);
  const problems = 'problems' in checked ? [...checked.problems] : [];
  const found = await findPhotographs(cell('photographs'), cell('external_id'), source);
  problems.push(...found.problems);
  if ('problems' in checked || problems.length > 0) return unready(row.line, given.name, problems);
  return { line: row.line, profile: checked.profile, photographs: found.paths };
}

function givenProfile(cell: (column: ImportColumn) => string): GivenProfile {
  const basis = cell('consent_basis');
  const dateIso = cell('consent_date');
  const reference = cell('consent_reference');
  const mark = cell('watch');
  const reason = cell('watch_reason');
  const hasConsent = basis !== '' || dateIso !== '' || reference !== '';
  return {
    name: cell('name'),
    externalId: cell('external_id'),
    notes: cell('notes'),
    ...(hasConsent ? { consent: { basis, dateIso, reference } } : {}),
    groups: cell('groups').split(listSeparator),
    validFrom: cell('valid_from'),
    validUntil: cell('valid_until'),
    ...(mark !== '' || reason !== '' ? { watch: { mark, reason } } : {}),
  };
}

/** The photographs of a row; if it names none, those in the folder named like its external id. */
async function findPhotographs(
  cell: string,
  externalId: string,
  source: Pick<ImportSource, 'find'>,
): Promise<{ readonly paths: readonly string[]; readonly problems: readonly string[] }> {
  const named = cell.split(listSeparator).map((path) => path.trim());
  const wanted = named.filter((path) => path !== '');
  if (wanted.length === 0 && externalId !== '') wanted.push(externalId);
  const problems: string[] = wanted.length === 0 ? ['the row has neither photos nor an external id'] : [];
  const paths: string[] = [];
  for (const text of wanted) {
    const checked = checkArchivePath(text);
    if ('problem' in checked) {
      problems.push(checked.problem);
      continue;
    }
    const files = await source.find(checked.path);
    if (files.length === 0) problems.push(`found no photo at ${JSON.stringify(checked.path)}`);
    paths.push(...files);
  }
  if (paths.length > maximumPhotographs) problems.push(`the row has more than ${maximumPhotographs} photos`);
  return { paths, problems };
}

function unready(line: number, name: string, problems: readonly string[]): UnreadyRow {
  return { line, name, problems };
}
