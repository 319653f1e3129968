import type { Migration } from '../../host/sqlite-migrations.js';

/**
 * What grants power, sealed: a row that this program did not write is not believed.
 *
 * - `granted`: keys of issuers and cameras that a centre switched. `content` is JSON, `box` the box that it was granted on,
 *   `revision` that of the whole set, `seal` speaks for all other columns.
 * - `set_aside`: what was found there and not believed, with the reason, until a person has looked at it.
 * - `command.seal` speaks for a command that waits.
 *
 * `trusted_key` and `camera_switch` held the same without seals. Their rows are adopted once, at the first start after this
 * migration; nothing else reads them.
 */
export const sealedGrants: Migration = {
  name: 'what grants power, sealed',
  apply: `
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

  ALTER TABLE command ADD COLUMN seal BLOB;
  `,
};
