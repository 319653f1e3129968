import type Sqlite from 'better-sqlite3';

/** Facts about a gallery file that need no key. */
export interface DatabaseFacts {
  readonly schemaVersion: number;
  /** Undefined if the gallery never had a key. */
  readonly recogniser: string | undefined;
  /** Of the key-encryption keys in force, the current one first. */
  readonly keyIds: readonly string[];
  /** Number of rows of each kind. */
  readonly counts: Readonly<Record<string, number>>;
}

/** Names of the counts, and their tables. */
const counted = {
  persons: 'person',
  templates: 'template',
  photographs: 'photograph',
  evidence: 'evidence',
  tombstones: 'tombstone',
  auditEntries: 'audit',
} as const;

/** Reads a file of the newest schema. */
export function readDatabaseFacts(db: Sqlite.Database): DatabaseFacts {
  const pluck = (statement: string): unknown => db.prepare(statement).pluck().get();
  const counts = Object.entries(counted).map(
    ([name, table]) => [name, Number(pluck(`SELECT count(*) FROM ${table}`))] as const,
  );
  const keyIds = db
    .prepare<[], string>('SELECT key_id FROM key_slot ORDER BY is_current DESC, created_at_ms DESC')
    .pluck()
    .all();
  const recogniser = pluck('SELECT recogniser FROM gallery WHERE id = 1');
  return {
    schemaVersion: Number(db.pragma('user_version', { simple: true })),
    recogniser: typeof recogniser === 'string' ? recogniser : undefined,
    keyIds,
    counts: Object.fromEntries(counts),
  };
}
