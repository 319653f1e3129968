import type { Migration } from '../host/sqlite-migrations.js';

/**
 * What the sources of events remember, each in the transaction of the event that it is about.
 *
 * - `box_condition`: whether a condition of the box was said to begin or to end, by the newest event about it.
 * - `last_said`: how far each source has come, as a text of its own.
 */
export const sourcesOfEvents: Migration = {
  name: 'what the sources of events have said',
  apply: `
  CREATE TABLE box_condition (
    condition TEXT    PRIMARY KEY,
    is_active INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE last_said (
    source TEXT PRIMARY KEY,
    said   TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
};

/**
 * - `box_condition.about`: what the newest event says that it is about, a JSON array of texts.
 *
 * `command_alarm` repeated what `box_condition` says of refused commands.
 */
export const conditionsAndTheirSubjects: Migration = {
  name: 'what the conditions of the box are about',
  apply: `
  ALTER TABLE box_condition ADD COLUMN about TEXT NOT NULL DEFAULT '[]';
  DROP TABLE command_alarm;
  `,
};

/**
 * - `lineage`: the random name of this file, one row: another one after each recovery. A copy of before has the former name.
 * - counters: `revision`, transactions that were ever written; `commands-from`, milliseconds since the epoch: commands that
 *   were issued before are not taken.
 */
export const namedFile: Migration = {
  name: 'the name of the file, and how often it was written',
  apply: `
  CREATE TABLE lineage (name TEXT NOT NULL) STRICT;
  INSERT INTO counter (name, value) VALUES ('revision', 0), ('commands-from', 0);
  `,
};
