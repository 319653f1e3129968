import type { Migration } from '../host/sqlite-migrations.js';
import { alertsAndDeliveries } from './alerts/alert-schema.js';
import { commandsOfTheCentre } from './commands/command-schema.js';
import { sealedGrants } from './commands/grant-schema.js';
import { everyKindOfEvent } from './every-kind-schema.js';
import { boundedOutbox } from './outbox/outbox-schema.js';
import { retainedAtTheBroker } from './retained-schema.js';
import { conditionsAndTheirSubjects, namedFile, sourcesOfEvents } from './source-schema.js';

/** Marks the file as ours in its header (SQLite `application_id`): the letters "RCre". */
export const recordsApplicationId = 0x52_43_72_65;

/**
 * Migrations of records.db, applied in order.
 *
 * - `event`: what happened, once. `payload` holds what is published but for what is known only when it is sent, and is the
 *   only place besides `person_id` that knows a person: erasing one means finding the rows by that column and rewriting both.
 * - `outbox`: which events are not confirmed yet. It repeats nothing, so nothing has to be erased twice.
 * - `attendance_correction`: what a person in charge put right; only ever added to. Erasing a person empties `reason`.
 * - `counter`: numbers that must never go back, whatever is deleted around them.
 */
export const recordsMigrations: readonly Migration[] = [
  {
    name: 'events and their outbox',
    apply: `
  CREATE TABLE event (
    sequence        INTEGER PRIMARY KEY,
    id              TEXT    NOT NULL UNIQUE,
    kind            TEXT    NOT NULL,
    camera_id       TEXT    NOT NULL,
    track_id        TEXT    NOT NULL,
    person_id       TEXT,
    occurred_at_ms  INTEGER NOT NULL,
    recorded_at_ms  INTEGER NOT NULL,
    payload         BLOB    NOT NULL
  ) STRICT;

  CREATE INDEX event_by_subject ON event (kind, camera_id, person_id, sequence);
  CREATE INDEX event_by_person ON event (person_id) WHERE person_id IS NOT NULL;

  CREATE TABLE outbox (
    sequence INTEGER PRIMARY KEY REFERENCES event (sequence)
  ) STRICT;

  CREATE TABLE counter (
    name  TEXT    PRIMARY KEY,
    value INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  INSERT INTO counter (name, value) VALUES ('event', 0), ('state', 0);
  `,
  },
  {
    name: 'events by age, for retention',
    apply: 'CREATE INDEX event_by_age ON event (kind, recorded_at_ms);',
  },
  {
    name: 'attendance by person and time, and its corrections',
    apply: `
  CREATE INDEX attendance_by_person ON event (person_id, occurred_at_ms, camera_id) WHERE kind = 'attendance';

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
  `,
  },
  everyKindOfEvent,
  commandsOfTheCentre,
  alertsAndDeliveries,
  sourcesOfEvents,
  retainedAtTheBroker,
  boundedOutbox,
  conditionsAndTheirSubjects,
  sealedGrants,
  namedFile,
  {
    // The two persons stand in the payload only: `person_id` is for whom an event names for certain.
    name: 'passages that could be of either of two persons',
    apply: `
  CREATE INDEX ambiguous_by_nearer ON event (json_extract(CAST(payload AS TEXT), '$.data.candidates[0].person'))
    WHERE kind = 'recognised-ambiguous';
  CREATE INDEX ambiguous_by_other ON event (json_extract(CAST(payload AS TEXT), '$.data.candidates[1].person'))
    WHERE kind = 'recognised-ambiguous';
  CREATE INDEX ambiguous_by_time ON event (occurred_at_ms) WHERE kind = 'recognised-ambiguous';
  `,
  },
];
