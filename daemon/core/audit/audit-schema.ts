/**
 * The audit log's tables, for a migration of its database.
 *
 * `audit` has the entries. `key_id` is the id of the key of `hash`; `previous` is the hash of the preceding entry.
 * `audit_mark` has two rows that reveal missing entries: `head` is the newest entry ever written, `anchor` the last pruned one.
 * Both are sealed with the audit key.
 *
 * The triggers prevent mistakes of this program. An attacker with the file can drop them, but not forge the hashes.
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
