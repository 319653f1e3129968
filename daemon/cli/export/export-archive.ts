import type { PersonSummary } from '../../contract/person.js';
import { csvLine } from '../../kernel/csv.js';
import { isRollcallError } from '../../kernel/errors.js';
import {
  type CellsByColumn,
  fieldColumn,
  importColumns,
  listSeparator,
} from '../../kernel/persons/import-columns.js';
import type { PersonProfile } from '../../kernel/persons/person-profile.js';
import { present } from '../../kernel/present.js';
import { tableName } from '../import/import-zip.js';
import { readmeOf, readmeOfAll } from './export-readme.js';
import type { ExportSink } from './export-sink.js';
import type { PersonRecord } from './person-record.js';

/**
 * Writes all data of one person: the answer to a request under GDPR Art. 15, in machine-readable files (Art. 20(1)), with a
 * README in plain words (Art. 12(1)).
 */
export async function exportPerson(record: PersonRecord, sink: ExportSink): Promise<void> {
  const { person, templates, evidence, events, passages, corrections, audit } = record;
  await sink.add('README.txt', Buffer.from(readmeOf(record), 'utf8'));
  await sink.add('person.json', json(person));
  await sink.add('templates.json', json(templates));
  await sink.add('attendance.json', json(events));
  await sink.add('passages.json', json(passages));
  await sink.add('corrections.json', json(corrections));
  await sink.add('audit.json', json(audit));
  await sink.add(
    'evidence/evidence.json',
    json(
      evidence.map(({ id, eventId, cameraId, storedAt }) => ({
        file: `${fileName(id)}.jpg`,
        eventId,
        cameraId,
        storedAt,
      })),
    ),
  );
  for (const { id, jpeg } of evidence) await sink.add(`evidence/${fileName(id)}.jpg`, jpeg);
  const photographs = await exportPhotographs(record, sink);
  await sink.add(tableName, formatTable([{ profile: person, photographs }]));
}

/** Writes the photographs of a person and returns their paths. */
async function exportPhotographs(
  { person, photographs }: PersonRecord,
  sink: ExportSink,
): Promise<readonly string[]> {
  const paths: string[] = [];
  for (const [index, { jpeg }] of photographs.entries()) {
    const path = `photographs/${fileName(person.id)}/${String(index + 1).padStart(2, '0')}.jpg`;
    await sink.add(path, jpeg);
    paths.push(path);
  }
  return paths;
}

/** Ids are letters, digits and dashes already; this guards the paths against anything else. */
function fileName(id: string): string {
  return id.replaceAll(/[^A-Za-z0-9_-]/g, '_');
}

function json(value: unknown): Buffer {
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`, 'utf8');
}

/** The result of an export of all persons. */
export interface ExportSummary {
  readonly persons: number;
  readonly photographs: number;
  /** Ids of persons without photographs. They cannot be imported again. */
  readonly withoutPhotographs: readonly string[];
}

/** Writes all active persons in the format of an import. Skips persons who are erased meanwhile. */
export async function exportAll(
  persons: readonly PersonSummary[],
  read: (id: string) => Promise<PersonRecord>,
  sink: ExportSink,
): Promise<ExportSummary> {
  const rows: { readonly profile: PersonProfile; readonly photographs: readonly string[] }[] = [];
  const withoutPhotographs: string[] = [];
  await sink.add('README.txt', Buffer.from(readmeOfAll, 'utf8'));
  for (const { id } of persons) {
    const record = await readIfPresent(id, read);
    if (record === undefined) continue;
    const photographs = await exportPhotographs(record, sink);
    if (photographs.length === 0) withoutPhotographs.push(id);
    rows.push({ profile: record.person, photographs });
  }
  await sink.add(tableName, formatTable(rows));
  const count = rows.reduce((sum, { photographs }) => sum + photographs.length, 0);
  return { persons: rows.length, photographs: count, withoutPhotographs };
}

async function readIfPresent(id: string, read: (id: string) => Promise<PersonRecord>) {
  try {
    return await read(id);
  } catch (error) {
    if (isRollcallError(error, 'no-such-person')) return undefined;
    throw error;
  }
}

/**
 * A table of persons in the format of an import: CSV (RFC 4180) in UTF-8. The byte order mark makes spreadsheets recognise
 * the encoding.
 */
export function formatTable(
  rows: readonly { readonly profile: PersonProfile; readonly photographs: readonly string[] }[],
): Buffer {
  const fields = new Set(rows.flatMap(({ profile }) => Object.keys(profile.fields ?? {})));
  const columns = [...importColumns, ...[...fields].sort().map(fieldColumn)];
  const lines = rows.map(({ profile, photographs }) => {
    const cells = cellsOf(profile, photographs);
    return csvLine(columns.map((column) => cells[column] ?? ''));
  });
  return Buffer.from(`\ufeff${[columns.join(','), ...lines].join('\r\n')}\r\n`, 'utf8');
}

function cellsOf(
  { name, externalId, notes, consent, groups, validFrom, validUntil, watch, fields = {} }: PersonProfile,
  photographs: readonly string[],
): CellsByColumn {
  return {
    ...Object.fromEntries(Object.entries(fields).map(([id, value]) => [fieldColumn(id), value])),
    name,
    photographs: photographs.join(listSeparator),
    ...present({
      external_id: externalId,
      notes,
      consent_basis: consent?.basis,
      consent_date: consent?.dateIso,
      consent_reference: consent?.reference,
      groups: groups?.join(listSeparator),
      valid_from: validFrom,
      valid_until: validUntil,
      watch: watch?.mark,
      watch_reason: watch?.reason,
    }),
  };
}
