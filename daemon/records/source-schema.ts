/**
 * What the sources of events remember, each in the transaction of the event that it is about.
 *
 * - `box_condition`: whether a condition of the box was said to begin or to end, by the newest event about it; `about`: what
 *   that event says that it is about, a JSON array of texts.
 * - `last_said`: how far each source has come, as a text of its own.
 */
export const sourceTables = `
  CREATE TABLE box_condition (
    condition TEXT    PRIMARY KEY,
    is_active INTEGER NOT NULL,
    about     TEXT    NOT NULL DEFAULT '[]'
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE last_said (
    source TEXT PRIMARY KEY,
    said   TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
`;
