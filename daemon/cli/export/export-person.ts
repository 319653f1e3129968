import type { PersonRecord } from '../../control/person-control.js';
import { tableName } from '../import/import-zip.js';
import { readmeOf } from './export-readme.js';
import type { ExportSink } from './export-sink.js';
import { formatTable } from './export-table.js';

/**
 * Puts everything held on one person into an archive: what answers a request under GDPR Art. 15, in files that programs
 * read (Art. 20(1)) with a text beside them that says in plain words what is what (Art. 12(1)).
 */
export async function exportPerson(record: PersonRecord, sink: ExportSink): Promise<void> {
  const { person, templates, evidence, events, corrections, audit } = record;
  await sink.add('README.txt', Buffer.from(readmeOf(record), 'utf8'));
  await sink.add('person.json', json(person));
  await sink.add('templates.json', json(templates));
  await sink.add('attendance.json', json(events));
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

/** Puts a person's photographs into `sink`; resolves with their paths. */
export async function exportPhotographs(
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

/** Ids are letters, digits and dashes already; whatever else came would not become a path. */
function fileName(id: string): string {
  return id.replaceAll(/[^A-Za-z0-9_-]/g, '_');
}

function json(value: unknown): Buffer {
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`, 'utf8');
}
