import { isRollcallError } from '../../base/errors.js';
import type { PersonRecord, PersonSummary } from '../../control/person-control.js';
import type { PersonProfile } from '../../domain/persons/person-profile.js';
import { tableName } from '../import/import-zip.js';
import { exportPhotographs } from './export-person.js';
import { readmeOfAll } from './export-readme.js';
import type { ExportSink } from './export-sink.js';
import { formatTable } from './export-table.js';

/** What an export of everybody came to. */
export interface ExportSummary {
  readonly persons: number;
  readonly photographs: number;
  /** Ids of those who cannot be imported again: no photograph of theirs is held any more. */
  readonly withoutPhotographs: readonly string[];
}

/** Puts all active persons into `sink`, in the form that an import reads. Those erased meanwhile are left out. */
export async function exportAll(
  persons: readonly PersonSummary[],
  read: (id: string) => Promise<PersonRecord>,
  sink: ExportSink,
): Promise<ExportSummary> {
  const rows: { readonly profile: PersonProfile; readonly photographs: readonly string[] }[] = [];
  const withoutPhotographs: string[] = [];
  await sink.add('README.txt', Buffer.from(readmeOfAll, 'utf8'));
  for (const { id } of persons) {
    const record = await readUnlessGone(id, read);
    if (record === undefined) continue;
    const photographs = await exportPhotographs(record, sink);
    if (photographs.length === 0) withoutPhotographs.push(id);
    rows.push({ profile: record.person, photographs });
  }
  await sink.add(tableName, formatTable(rows));
  const count = rows.reduce((sum, { photographs }) => sum + photographs.length, 0);
  return { persons: rows.length, photographs: count, withoutPhotographs };
}

async function readUnlessGone(id: string, read: (id: string) => Promise<PersonRecord>) {
  try {
    return await read(id);
  } catch (error) {
    if (isRollcallError(error, 'no-such-person')) return undefined;
    throw error;
  }
}
