/**
 * Commands of the centre.
 *
 * - `command`: those that were accepted, until no token of the same id could be in force any more. `arguments` is there
 *   while it waits, `reply` from the answer on unless it was long; `seal` speaks for one that waits.
 * - `command_mark`: until when tokens of an issuer that were accepted have been forgotten; older ones are refused,
 *   whatever the clock says.
 * - `person_photographs`: hashes of the photographs that a centre enrolled a person from.
 */
export const commandTables = `
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
    seal           BLOB,
    UNIQUE (issuer_id, command_id)
  ) STRICT;
  CREATE INDEX command_by_state ON command (state, number);
  CREATE INDEX command_by_age ON command (expires_at_ms);

  CREATE TABLE command_mark (
    issuer_id           TEXT    PRIMARY KEY,
    forgotten_until_ms  INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE person_photographs (
    person_id  TEXT PRIMARY KEY,
    hashes     TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
`;
