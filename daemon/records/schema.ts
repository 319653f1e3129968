import type { Migration } from '../host/sqlite-migrations.js';
import { alertTables } from './alerts/alert-schema.js';
import { commandTables } from './commands/command-schema.js';
import { grantTables } from './commands/grant-schema.js';
import { outboxTables } from './outbox/outbox-schema.js';
import { retainedTables } from './retained-schema.js';
import { sourceTables } from './source-schema.js';

/** Marks the file as ours in its header (SQLite `application_id`): the letters "RCre". */
export const recordsApplicationId = 0x52_43_72_65;

/**
 * - `event`: what happened, once. `payload` holds what is published but for what is known only when it is sent, and is the
 *   only place besides `person_id` that knows a person: erasing one means finding the rows by that column and rewriting both.
 *   The two persons of a passage that could be of either stand in the payload only: `person_id` is for whom an event names for
 *   certain.
 * - `attendance_correction`: what a person in charge put right; only ever added to. Erasing a person empties `reason`.
 * - `counter`: numbers that must never go back, whatever is deleted around them. `revision`: transactions that were ever written;
 *   `commands-from`, milliseconds since the epoch: commands that were issued before are not taken; those of the outbox stand there.
 * - `lineage`: the random name of this file, one row: another one after each recovery. A copy of before has the former name.
 */
const eventTables = `
  CREATE TABLE event (
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

  CREATE INDEX event_by_subject ON event (kind, camera_id, person_id, sequence);
  CREATE INDEX event_by_person ON event (person_id) WHERE person_id IS NOT NULL;
  CREATE INDEX event_by_age ON event (kind, recorded_at_ms);
  CREATE INDEX attendance_by_person ON event (person_id, occurred_at_ms, camera_id) WHERE kind = 'attendance';
  CREATE INDEX ambiguous_by_nearer ON event (json_extract(CAST(payload AS TEXT), '$.data.candidates[0].person'))
    WHERE kind = 'recognised-ambiguous';
  CREATE INDEX ambiguous_by_other ON event (json_extract(CAST(payload AS TEXT), '$.data.candidates[1].person'))
    WHERE kind = 'recognised-ambiguous';
  CREATE INDEX ambiguous_by_time ON event (occurred_at_ms) WHERE kind = 'recognised-ambiguous';
  CREATE INDEX attendance_without_proof ON event (person_id, occurred_at_ms)
    WHERE kind = 'attendance' AND json_extract(CAST(payload AS TEXT), '$.data.liveness.verdict') <> 'live';
  CREATE INDEX unproven_by_person ON event (person_id, occurred_at_ms) WHERE kind = 'recognised-unproven';
  CREATE INDEX unproven_by_time ON event (occurred_at_ms) WHERE kind = 'recognised-unproven';

  CREATE TABLE attendance_correction (
    sequence        INTEGER PRIMARY KEY AUTOINCREMENT,
    person_id       TEXT    NOT NULL,
    date            TEXT    NOT NULL,
    kind            TEXT    NOT NULL,
    at_ms           INTEGER,
    reason          TEXT    NOT NULL,
    made_by         TEXT    NOT NULL,
    recorded_at_ms  INTEGER NOT NULL
  ) STRICT;

  CREATE INDEX correction_by_person ON attendance_correction (person_id, date);
  CREATE INDEX correction_by_age ON attendance_correction (recorded_at_ms);

  CREATE TABLE counter (
    name  TEXT    PRIMARY KEY,
    value INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  INSERT INTO counter (name, value) VALUES
    ('event', 0), ('state', 0), ('sent', 0), ('centre', 0), ('connection', 0), ('revision', 0), ('commands-from', 0);

  CREATE TABLE lineage (name TEXT NOT NULL) STRICT;
`;

/** Forward only; a released migration is never edited. */
export const recordsMigrations: readonly Migration[] = [
  {
    name: 'events and their outbox, alerts, commands and grants',
    apply: [
      eventTables,
      outboxTables,
      sourceTables,
      commandTables,
      grantTables,
      alertTables,
      retainedTables,
    ].join('\n'),
  },
];
