import type {
  ExportedAuditEntry,
  ExportedCorrection,
  ExportedLine,
  ExportedTemplate,
} from '../../contract/exported-lines.js';
import type { PassageDetails } from '../../contract/passages.js';
import type { PersonDetail } from '../../contract/person.js';
import { defect, unreachable } from '../../kernel/errors.js';

/** A picture held on a person. */
export interface RecordPicture {
  readonly id: string;
  /** When it was stored, ISO 8601 in UTC. */
  readonly storedAt: string;
  readonly jpeg: Buffer;
}

/** Everything held on one person. */
export interface PersonRecord {
  readonly person: PersonDetail;
  readonly templates: readonly ExportedTemplate[];
  readonly photographs: readonly RecordPicture[];
  readonly evidence: readonly (RecordPicture & { readonly eventId: string; readonly cameraId: string })[];
  /** Events that name the person, as they were published, oldest first. */
  readonly events: readonly unknown[];
  /** In which the box recognised the person, oldest first. */
  readonly passages: readonly PassageDetails[];
  /** Of the person's attendance, oldest first. */
  readonly corrections: readonly ExportedCorrection[];
  readonly audit: readonly ExportedAuditEntry[];
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer Item)[] ? Item[] : T[K] };

/** Collects the lines of an export. */
export async function collectRecord(lines: AsyncIterable<ExportedLine>): Promise<PersonRecord> {
  let person: PersonDetail | undefined;
  const record: Mutable<Omit<PersonRecord, 'person'>> = {
    ...{ templates: [], photographs: [], evidence: [] },
    ...{ events: [], passages: [], corrections: [], audit: [] },
  };
  for await (const line of lines) {
    if (line.kind === 'person') person = line.person;
    else collect(record, line);
  }
  if (person === undefined) throw defect('record-without-person', 'the export has no line about the person');
  return { person, ...record };
}

function collect(
  record: Mutable<Omit<PersonRecord, 'person'>>,
  line: Exclude<ExportedLine, { kind: 'person' }>,
): void {
  switch (line.kind) {
    case 'template': {
      const { kind: _, ...template } = line;
      record.templates.push(template);
      return;
    }
    case 'photograph': {
      const { id, storedAt, jpegBase64 } = line;
      record.photographs.push({ id, storedAt, jpeg: Buffer.from(jpegBase64, 'base64') });
      return;
    }
    case 'evidence': {
      const { id, storedAt, eventId, cameraId, jpegBase64 } = line;
      record.evidence.push({ id, storedAt, eventId, cameraId, jpeg: Buffer.from(jpegBase64, 'base64') });
      return;
    }
    case 'event':
      record.events.push(line.event);
      return;
    case 'passage':
      record.passages.push(line.passage);
      return;
    case 'correction':
      record.corrections.push(line.correction);
      return;
    case 'audit-entry':
      record.audit.push(line.entry);
      return;
    default:
      unreachable(line);
  }
}
