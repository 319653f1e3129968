/**
 * What the box has published retained and would have to take back: a broker keeps such a message until it is told
 * otherwise, also when the camera it is about left the configuration while the daemon was off.
 *
 * - `owner`: who published it, and compares it with what is wanted now.
 * - `parts`: what of its content has to be taken back one by one; JSON.
 */
export const retainedTables = `
  CREATE TABLE retained_message (
    owner TEXT NOT NULL,
    topic TEXT NOT NULL,
    parts TEXT NOT NULL,
    PRIMARY KEY (owner, topic)
  ) STRICT, WITHOUT ROWID;
`;
