/**
 * What grants power, sealed: a row that this program did not write is not believed.
 *
 * - `granted`: keys of issuers and cameras that a centre switched. `content` is JSON, `box` the box that it was granted on,
 *   `revision` that of the whole set, `seal` speaks for all other columns.
 * - `set_aside`: what was found there and not believed, with the reason, until a person has looked at it.
 */
export const grantTables = `
  CREATE TABLE granted (
    kind      TEXT    NOT NULL,
    id        TEXT    NOT NULL,
    content   TEXT    NOT NULL,
    box       TEXT    NOT NULL,
    revision  INTEGER NOT NULL,
    seal      BLOB    NOT NULL,
    PRIMARY KEY (kind, id)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE set_aside (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,
    reason   TEXT    NOT NULL,
    kind     TEXT,
    id       TEXT,
    content  TEXT,
    at_ms    INTEGER NOT NULL
  ) STRICT;
`;
