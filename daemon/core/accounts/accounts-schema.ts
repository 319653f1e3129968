import { existsSync, renameSync } from 'node:fs';
import { databaseFiles, type OpenDatabase, openDatabase } from '../../host/sqlite.js';
import type { Migration } from '../../host/sqlite-migrations.js';
import type { Clock } from '../../kernel/clock.js';
import { isRollcallError } from '../../kernel/errors.js';
import { isoTime } from '../../kernel/iso-time.js';
import type { Logger } from '../../kernel/logger.js';

/** Marks the file as ours in its header (SQLite `application_id`): the letters "RCac". */
const applicationId = 0x52_43_61_63;

/**
 * - `user`: `cameras` is a JSON array, or NULL for all cameras. `password` is an Argon2id hash with its own salt and cost,
 *   `former_password` the one before. `second_factor` is the sealed secret of the authenticator, `new_second_factor` one that
 *   no code has confirmed yet, `code_step` the time step of the last code that was used.
 * - `recovery_code`: hashes of the codes that were not used.
 * - `role`: roles of this box. The built-in ones are in the program.
 */
const userTables = `
  CREATE TABLE user (
    id                  TEXT    PRIMARY KEY,
    user_name           TEXT    NOT NULL UNIQUE,
    display_name        TEXT    NOT NULL,
    role                TEXT    NOT NULL,
    cameras             TEXT,
    is_disabled         INTEGER NOT NULL DEFAULT 0,
    must_change         INTEGER NOT NULL DEFAULT 0,
    language            TEXT    NOT NULL,
    time_format         TEXT    NOT NULL,
    password            BLOB    NOT NULL,
    former_password     BLOB,
    second_factor       BLOB,
    new_second_factor   BLOB,
    code_step           INTEGER NOT NULL DEFAULT 0,
    created_at_ms       INTEGER NOT NULL,
    password_at_ms      INTEGER NOT NULL,
    last_login_at_ms    INTEGER,
    revision            INTEGER NOT NULL DEFAULT 1
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX user_by_role ON user (role);

  CREATE TABLE recovery_code (
    hash     BLOB PRIMARY KEY,
    user_id  TEXT NOT NULL REFERENCES user (id) ON DELETE CASCADE
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX recovery_code_by_user ON recovery_code (user_id);

  CREATE TABLE role (
    name         TEXT    PRIMARY KEY,
    description  TEXT    NOT NULL,
    scopes       TEXT    NOT NULL,
    revision     INTEGER NOT NULL DEFAULT 1
  ) STRICT, WITHOUT ROWID;

  CREATE TRIGGER role_in_use BEFORE DELETE ON role
  WHEN EXISTS (SELECT 1 FROM user WHERE role = OLD.name)
  BEGIN SELECT raise(ABORT, 'an account has this role'); END;
`;

/**
 * Secrets of 256 random bits are kept as SHA-256: there is nothing to guess, so a slow hash adds nothing.
 *
 * - `session`: of a browser (`token` is set), or the tokens that came from one login of a program. Rows of ended sessions are
 *   deleted; the audit log keeps their history.
 * - `refresh_token`: all refresh tokens of a login, also the used ones, so that a second use is noticed.
 * - `api_key`: `created_by` is the id of a user, or the user of the machine.
 * - `claim`: the secret for the first administrator, at most one row.
 * - `failure`: failed logins since the last success, of an account name or of an address. `subject` is a keyed hash, so that
 *   the file does not tell what was typed as a user name.
 */
const sessionTables = `
  CREATE TABLE session (
    id               TEXT    PRIMARY KEY,
    user_id          TEXT    NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    token            BLOB    UNIQUE,
    created_at_ms    INTEGER NOT NULL,
    last_seen_at_ms  INTEGER NOT NULL,
    expires_at_ms    INTEGER NOT NULL,
    proved_at_ms     INTEGER NOT NULL,
    address          TEXT,
    agent            TEXT
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX session_by_user ON session (user_id, created_at_ms);
  CREATE INDEX session_by_age ON session (expires_at_ms);

  CREATE TABLE refresh_token (
    hash           BLOB    PRIMARY KEY,
    session_id     TEXT    NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    expires_at_ms  INTEGER NOT NULL,
    used_at_ms     INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX refresh_token_by_session ON refresh_token (session_id);

  CREATE TABLE api_key (
    id               TEXT    PRIMARY KEY,
    hash             BLOB    NOT NULL UNIQUE,
    label            TEXT    NOT NULL,
    scopes           TEXT    NOT NULL,
    cameras          TEXT,
    created_by       TEXT    NOT NULL,
    created_at_ms    INTEGER NOT NULL,
    expires_at_ms    INTEGER NOT NULL,
    last_used_at_ms  INTEGER
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE claim (
    id             INTEGER PRIMARY KEY CHECK (id = 1),
    hash           BLOB    NOT NULL,
    is_reset       INTEGER NOT NULL,
    expires_at_ms  INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE failure (
    subject       BLOB    PRIMARY KEY,
    count         INTEGER NOT NULL,
    first_at_ms   INTEGER NOT NULL,
    last_at_ms    INTEGER NOT NULL,
    locked_until_ms  INTEGER NOT NULL DEFAULT 0
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX failure_by_age ON failure (last_at_ms);
`;

/** `credential_id` and `public_key` (COSE) as the authenticator made them. `counter`: how often it said that it had signed. */
const passkeyTable = `
  CREATE TABLE passkey (
    id               TEXT    PRIMARY KEY,
    credential_id    TEXT    NOT NULL UNIQUE,
    user_id          TEXT    NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    name             TEXT    NOT NULL,
    public_key       BLOB    NOT NULL,
    counter          INTEGER NOT NULL,
    transports       TEXT    NOT NULL,
    created_at_ms    INTEGER NOT NULL,
    last_used_at_ms  INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX passkey_by_user ON passkey (user_id, created_at_ms);
`;

/** `digest`: of the operation and its input. `decided_by`: an actor, as in the audit log. */
const approvalTable = `
  CREATE TABLE approval (
    id             TEXT    PRIMARY KEY,
    operation      TEXT    NOT NULL,
    class          TEXT    NOT NULL,
    scope          TEXT    NOT NULL,
    digest         BLOB    NOT NULL,
    shown          TEXT    NOT NULL,
    asked_by       TEXT    NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    asked_at_ms    INTEGER NOT NULL,
    expires_at_ms  INTEGER NOT NULL,
    state          TEXT    NOT NULL,
    decided_by     TEXT
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX approval_by_user ON approval (asked_by, asked_at_ms);
`;

/** `pairing`: hash of the one-time secret; after pairing `token`, the hash of the cookie. Neither outlives `expires_at_ms`. */
const screenTable = `
  CREATE TABLE screen (
    id               TEXT    PRIMARY KEY,
    camera           TEXT    NOT NULL,
    label            TEXT    NOT NULL,
    created_by       TEXT    NOT NULL,
    created_at_ms    INTEGER NOT NULL,
    pairing          BLOB    UNIQUE,
    token            BLOB    UNIQUE,
    paired_at_ms     INTEGER,
    expires_at_ms    INTEGER NOT NULL,
    last_seen_at_ms  INTEGER,
    address          TEXT,
    agent            TEXT
  ) STRICT, WITHOUT ROWID;
`;

/**
 * `sealed`: the digests of all rows that this program wrote, under a seal. `session.proved_by`: how the user last proved who they
 * are. `user.granted_at_ms`: when somebody else last gave the account rights or a password. The trigger goes because the program
 * checks that itself, and the file has no triggers of its own any more: one that is there comes from somebody else.
 */
const sealing = `
  CREATE TABLE sealed (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    content  TEXT    NOT NULL,
    seal     BLOB    NOT NULL
  ) STRICT;
  DROP TRIGGER role_in_use;
  ALTER TABLE session ADD COLUMN proved_by TEXT NOT NULL DEFAULT 'password';
  ALTER TABLE user ADD COLUMN granted_at_ms INTEGER NOT NULL DEFAULT 0;
`;

/** `query`: as in the address of the page, beginning with a question mark. */
const savedFilterTable = `
  CREATE TABLE saved_filter (
    id       TEXT PRIMARY KEY,
    user_id  TEXT NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    page     TEXT NOT NULL,
    name     TEXT NOT NULL,
    query    TEXT NOT NULL,
    UNIQUE (user_id, page, name)
  ) STRICT, WITHOUT ROWID;
`;

/** `endpoint`: the address at a push service. `rules`: a JSON array, or NULL for all. */
const pushDeviceTable = `
  CREATE TABLE push_device (
    id                TEXT    PRIMARY KEY,
    user_id           TEXT    NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    session_id        TEXT    NOT NULL,
    endpoint          TEXT    NOT NULL,
    p256dh            BLOB    NOT NULL,
    auth              BLOB    NOT NULL,
    rules             TEXT,
    agent             TEXT,
    created_at_ms     INTEGER NOT NULL,
    last_sent_at_ms   INTEGER
  ) STRICT, WITHOUT ROWID;
`;

export const accountsMigrations: readonly Migration[] = [
  { name: 'users, roles, sessions, keys and failed logins', apply: `${userTables}\n${sessionTables}` },
  { name: 'passkeys', apply: passkeyTable },
  { name: 'approvals of a second person', apply: approvalTable },
  { name: 'screens of prompts', apply: screenTable },
  { name: 'seals, proofs and grants', apply: sealing },
  { name: 'saved filters', apply: savedFilterTable },
  { name: 'devices that show alerts', apply: pushDeviceTable },
];

/**
 * Opens or creates accounts.db. A file that is damaged or not ours is renamed and replaced by an empty one: cameras and events do
 * not depend on it, and an administrator is created again by a claim. @throws what `openDatabase` throws, except
 * `database-damaged` and `database-foreign`
 */
export function openAccountsDatabase(
  path: string,
  {
    clock,
    logger,
    isUsable,
  }: {
    readonly clock: Clock;
    readonly logger: Logger;
    /** Whether the file has what the program reads. */
    readonly isUsable: (database: OpenDatabase) => boolean;
  },
): OpenDatabase {
  const open = (): OpenDatabase => openDatabase(path, { migrations: accountsMigrations, applicationId });
  const opened = openUnlessDamaged(open);
  if (opened !== undefined && isUsable(opened)) return opened;
  opened?.close();
  const aside = moveAside(path, 'damaged', clock);
  logger.error('the file of the accounts is damaged; the box continues without accounts', {
    aside,
    remedy: "Check the disk; then run 'rollcall user claim' and create the accounts again.",
  });
  return open();
}

function openUnlessDamaged(open: () => OpenDatabase): OpenDatabase | undefined {
  try {
    return open();
  } catch (error) {
    // A migration finds other tables than it expects.
    if (error instanceof Error && 'code' in error && error.code === 'SQLITE_ERROR') return undefined;
    if (isRollcallError(error, 'database-damaged') || isRollcallError(error, 'database-foreign')) {
      return undefined;
    }
    throw error;
  }
}

/** Renames the file with its journals, and returns its new path. */
export function moveAside(path: string, why: 'damaged' | 'refused', clock: Clock): string {
  const aside = `${path}.${why}-${isoTime(clock.wallMs()).replaceAll(':', '-')}`;
  for (const suffix of databaseFiles) {
    if (existsSync(`${path}${suffix}`)) renameSync(`${path}${suffix}`, `${aside}${suffix}`);
  }
  return aside;
}
