import type Database from 'better-sqlite3';
import type { Migration } from '../host/sqlite-migrations.js';

/** An event as the first releases wrote and published it. */
interface FirstForm {
  readonly type: 'attendance' | 'unknown' | 'attack';
  readonly id: string;
  readonly sequence: number;
  readonly time: string;
  readonly recordedAt: string;
  readonly site: string;
  readonly box: string;
  readonly recogniser: string;
  readonly [field: string]: unknown;
}

/** The `type` that each kind has had since; written out, because a migration never changes. */
const typeOfKind = {
  attendance: 'rollcall.attendance.recorded.v1',
  unknown: 'rollcall.unknown.seen.v1',
  attack: 'rollcall.attack.suspected.v1',
} as const;

function cloudEventOf(payload: Buffer): Buffer {
  const first = JSON.parse(payload.toString('utf8')) as FirstForm;
  const { type, version, id, sequence, time, recordedAt, site, box, recogniser, person, ...rest } = first;
  const event = {
    specversion: '1.0',
    id,
    source: `/${site}/${box}`,
    type: typeOfKind[type],
    time,
    recordedtime: recordedAt,
    sequence: String(sequence).padStart(16, '0'),
    site,
    box,
    datacontenttype: 'application/json',
    data: { ...rest, ...(type === 'unknown' ? {} : { person }), models: { recogniser } },
  };
  return Buffer.from(JSON.stringify(event));
}

function rewritePayloads(db: Database.Database): void {
  const update = db.prepare('UPDATE event SET payload = ? WHERE sequence = ?');
  const next = db.prepare<[number], { sequence: number; payload: Buffer }>(
    'SELECT sequence, payload FROM event WHERE sequence > ? ORDER BY sequence LIMIT 500',
  );
  let after = 0;
  for (let rows = next.all(after); rows.length > 0; rows = next.all(after)) {
    for (const { sequence, payload } of rows) {
      update.run(cloudEventOf(payload), sequence);
      after = sequence;
    }
  }
}

/**
 * Events that are not about a track: camera and track may be missing. Payloads become CloudEvents. The outbox knows what
 * is sent again on request, and what a broker has acknowledged while the centre has not.
 */
export const everyKindOfEvent: Migration = {
  name: 'every kind of event, as CloudEvents',
  apply(db) {
    db.exec(`
  CREATE TEMP TABLE waiting AS SELECT sequence FROM outbox;
  DROP TABLE outbox;

  CREATE TABLE event_of_any_kind (
    sequence        INTEGER PRIMARY KEY,
    id              TEXT    NOT NULL UNIQUE,
    kind            TEXT    NOT NULL,
    camera_id       TEXT,
    track_id        TEXT,
    person_id       TEXT,
    command_id      TEXT,
    occurred_at_ms  INTEGER NOT NULL,
    recorded_at_ms  INTEGER NOT NULL,
    payload         BLOB    NOT NULL
  ) STRICT;
  INSERT INTO event_of_any_kind
    SELECT sequence, id, kind, camera_id, track_id, person_id, NULL, occurred_at_ms, recorded_at_ms, payload FROM event;
  DROP TABLE event;
  ALTER TABLE event_of_any_kind RENAME TO event;

  CREATE INDEX event_by_subject ON event (kind, camera_id, person_id, sequence);
  CREATE INDEX event_by_person ON event (person_id) WHERE person_id IS NOT NULL;
  CREATE INDEX event_by_age ON event (kind, recorded_at_ms);
  CREATE INDEX attendance_by_person ON event (person_id, occurred_at_ms, camera_id) WHERE kind = 'attendance';

  CREATE TABLE outbox (
    sequence           INTEGER PRIMARY KEY REFERENCES event (sequence),
    is_again           INTEGER NOT NULL DEFAULT 0,
    acknowledged_at_ms INTEGER
  ) STRICT;
  INSERT INTO outbox (sequence) SELECT sequence FROM waiting;
  DROP TABLE waiting;
  `);
    rewritePayloads(db);
  },
};
