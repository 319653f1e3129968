import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ExportedLine } from '../../contract/exported-lines.js';
import { wipe } from '../../host/sodium.js';
import { isRollcallError } from '../../kernel/errors.js';
import type { PersonId } from '../../kernel/ids.js';
import { isoTime } from '../../kernel/iso-time.js';
import { present } from '../../kernel/present.js';
import type { AttendanceRecords } from '../attendance/attendance-records.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { Gallery } from '../gallery/gallery.js';
import type { FullPersonEntry } from '../gallery/persons/person-entry.js';
import type { PassageJournal } from '../passages/passage-journal.js';
import { passageDetails } from '../passages/shown-passage.js';
import type { Records } from '../records/records.js';
import type { StoredEvent } from '../records/stored-event.js';
import { describePerson } from './person-answers.js';

/** Events read at a time: some milliseconds. */
const eventsAtATime = 500;
/** Passages opened at a time: some milliseconds. */
const passagesAtATime = 50;
const mostAuditEntries = 100_000;

export interface ExportSources {
  readonly gallery: Gallery;
  readonly records: Pick<Records, 'list'> & {
    readonly passages: Pick<PassageJournal, 'list'>;
    readonly attendance: Pick<AttendanceRecords, 'corrections'>;
  };
  readonly audit: Pick<AuditLog, 'listInTurns'>;
}

/** Profile and photographs: what an import needs to enrol the person again. */
export async function* enrolmentLines(
  gallery: Gallery,
  person: FullPersonEntry,
): AsyncGenerator<ExportedLine> {
  yield { kind: 'person', person: describePerson(person) };
  yield* photographLines(gallery, person);
}

/** Everything held on a person. Reads while it is read, with turns of the event loop. */
export async function* exportLines(
  { gallery, records, audit }: ExportSources,
  person: FullPersonEntry,
): AsyncGenerator<ExportedLine> {
  const { id } = person;
  yield { kind: 'person', person: describePerson(person) };
  yield* templateLines(gallery, person);
  yield* photographLines(gallery, person);
  const pictured = new Set<string>();
  for (const { id: evidenceId, takenAtMs, jpeg, eventId, cameraId } of gallery.readEvidence(id)) {
    pictured.add(eventId);
    const about = { id: evidenceId, storedAt: isoTime(takenAtMs), eventId, cameraId };
    yield { kind: 'evidence', ...about, jpegBase64: Buffer.from(jpeg).toString('base64') };
    await nextTurn();
  }
  for await (const { payload } of eventsOf(records, id)) {
    yield { kind: 'event', event: JSON.parse(Buffer.from(payload).toString('utf8')) };
  }
  for await (const { number, passage } of passagesOf(records, id)) {
    const hasPicture = [passage.id, ...passage.events].some((each) => pictured.has(each));
    // Marks are among the events. Clips show others.
    const without = { clip: undefined, mark: undefined };
    const details = passageDetails(number, passage, ownName(person), { hasPicture, ...without });
    yield { kind: 'passage', passage: details };
  }
  for (const correction of records.attendance.corrections.of(id, '0000-01-01', '9999-12-31')) {
    const { date, kind, atMs, reason, by, recordedAtMs } = correction;
    const at = atMs === null ? null : isoTime(atMs);
    yield {
      kind: 'correction',
      correction: { ...{ date, kind, reason, by, at }, recordedAt: isoTime(recordedAtMs) },
    };
  }
  const entries = await audit.listInTurns({ subject: id }, { limit: mostAuditEntries });
  for (const entry of entries.toReversed()) {
    const { sequence, atMs, action, actor, origin, details } = entry;
    yield { kind: 'audit-entry', entry: { sequence, at: isoTime(atMs), action, actor, origin, details } };
  }
}

function* templateLines(gallery: Gallery, { id, profile }: FullPersonEntry): Generator<ExportedLine> {
  const templates = gallery.readTemplates(id);
  try {
    for (const { bytes, madeFrom, ...template } of templates) {
      const vectorBase64 = Buffer.from(bytes).toString('base64');
      wipe(bytes);
      const origin = madeFrom === null ? undefined : profile?.origins?.[madeFrom];
      const fromPassage = origin && {
        ...{ passage: origin.passage, camera: origin.camera },
        seenAt: isoTime(origin.seenAtMs),
      };
      yield { kind: 'template', ...template, ...present({ fromPassage }), vectorBase64 };
    }
  } finally {
    // A caller may leave before the last one.
    for (const { bytes } of templates) wipe(bytes);
  }
}

/** Leaves out damaged photographs: the person still gets everything else. */
async function* photographLines(
  gallery: Gallery,
  { id, photographs }: FullPersonEntry,
): AsyncGenerator<ExportedLine> {
  for (const { id: photographId, addedAtMs } of photographs) {
    const jpeg = readUnlessDamaged(gallery, id, photographId);
    if (jpeg === undefined) continue;
    const jpegBase64 = Buffer.from(jpeg).toString('base64');
    yield { kind: 'photograph', id: photographId, storedAt: isoTime(addedAtMs), jpegBase64 };
    await nextTurn();
  }
}

function readUnlessDamaged(gallery: Gallery, id: PersonId, photographId: string): Uint8Array | undefined {
  try {
    return gallery.readPhotograph(id, photographId);
  } catch (error) {
    if (isRollcallError(error, 'field-damaged')) return undefined;
    throw error;
  }
}

/** The events that name a person, oldest first. */
async function* eventsOf(records: Pick<Records, 'list'>, personId: PersonId): AsyncGenerator<StoredEvent> {
  for (let afterSequence = 0; ; await nextTurn()) {
    const part = records.list({ personId, keep: 'oldest', limit: eventsAtATime, afterSequence });
    yield* part;
    const last = part.at(-1);
    if (last === undefined || part.length < eventsAtATime) return;
    afterSequence = last.sequence;
  }
}

/** The passages of a person, oldest first, without other persons: those have a right to their own data. */
async function* passagesOf({ passages }: Pick<ExportSources['records'], 'passages'>, personId: PersonId) {
  for (let afterNumber = 0; ; await nextTurn()) {
    const part = passages.list({ personId, keep: 'oldest', limit: passagesAtATime, afterNumber });
    for (const { number, passage } of part) {
      if (passage === undefined) continue;
      const nearest = passage.nearest.filter((near) => near.personId === personId);
      yield { number, passage: { ...passage, nearest } };
    }
    const last = part.at(-1);
    if (last === undefined || part.length < passagesAtATime) return;
    afterNumber = last.number;
  }
}

/** Names this person, and no other. */
const ownName =
  ({ id, profile }: FullPersonEntry) =>
  (asked: PersonId): string | undefined =>
    asked === id ? profile?.name : undefined;
