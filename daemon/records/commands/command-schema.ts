import type { Migration } from '../../host/sqlite-migrations.js';

/**
 * Commands of the centre.
 *
 * - `trusted_key`: whose commands are executed, and which.
 * - `command`: those that were accepted, until no token of the same id could be in force any more. `arguments` is there
 *   while it waits, `reply` from the answer on unless it was long.
 * - `command_mark`: until when tokens of an issuer that were accepted have been forgotten; older ones are refused,
 *   whatever the clock says.
 * - `command_alarm`: whether it was said that commands are refused again and again.
 * - `camera_switch`: cameras that a centre switched on or off, in place of what the configuration says.
 * - `person_photographs`: hashes of the photographs that a centre enrolled a person from.
 */
export const commandsOfTheCentre: Migration = {
  name: 'commands of the centre and whom the box trusts',
  apply: `
  CREATE TABLE trusted_key (
    key_id        TEXT    PRIMARY KEY,
    issuer_id     TEXT    NOT NULL,
    algorithm     TEXT    NOT NULL,
    public_key    TEXT    NOT NULL,
    scopes        TEXT    NOT NULL,
    added_at_ms   INTEGER NOT NULL,
    not_after_ms  INTEGER
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE command (
    number         INTEGER PRIMARY KEY AUTOINCREMENT,
    issuer_id      TEXT    NOT NULL,
    command_id     TEXT    NOT NULL,
    key_id         TEXT    NOT NULL,
    name           TEXT    NOT NULL,
    claims_hash    BLOB    NOT NULL,
    state          TEXT    NOT NULL,
    arguments      TEXT,
    reply          TEXT,
    expires_at_ms  INTEGER NOT NULL,
    UNIQUE (issuer_id, command_id)
  ) STRICT;
  CREATE INDEX command_by_state ON command (state, number);
  CREATE INDEX command_by_age ON command (expires_at_ms);

  CREATE TABLE command_mark (
    issuer_id           TEXT    PRIMARY KEY,
    forgotten_until_ms  INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE command_alarm (is_raised INTEGER NOT NULL) STRICT;
  INSERT INTO command_alarm VALUES (0);

  CREATE TABLE camera_switch (
    camera_id   TEXT    PRIMARY KEY,
    is_enabled  INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE person_photographs (
    person_id  TEXT PRIMARY KEY,
    hashes     TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
};
