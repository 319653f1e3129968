/**
 * The audit log's tables, for a migration of the database that holds it.
 *
 * `audit` holds the entries. `key_id` names the key behind `hash`, `previous` is the hash of the entry before.
 * `audit_mark` holds two rows that make cuts visible: `head` is the newest entry ever written, `anchor` the last of those that
 * were cut off at the old end. Both are sealed with the audit key.
 *
 * The triggers keep the program's own mistakes away; somebody with the file can drop them, the hashes tell.
 */
export const auditTables = `
  CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    actor TEXT NOT NULL,
    origin TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    details TEXT NOT NULL,
    key_id TEXT NOT NULL,
    previous BLOB NOT NULL,
    hash BLOB NOT NULL
  ) STRICT;
  CREATE TABLE audit_mark (
    kind TEXT PRIMARY KEY CHECK (kind IN ('head', 'anchor')),
    sequence INTEGER NOT NULL,
    hash BLOB NOT NULL,
    key_id TEXT NOT NULL,
    seal BLOB NOT NULL
  ) STRICT;
  CREATE TRIGGER audit_entry_unchanged BEFORE UPDATE ON audit
  BEGIN SELECT raise(ABORT, 'an audit entry is never changed'); END;
  CREATE TRIGGER audit_entry_cut BEFORE DELETE ON audit
  WHEN OLD.sequence > coalesce((SELECT sequence FROM audit_mark WHERE kind = 'anchor'), 0)
  BEGIN SELECT raise(ABORT, 'an audit entry is only cut behind an anchor'); END;
`;
