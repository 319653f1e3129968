import { join } from 'node:path';
import { Sqlite } from '../../host/sqlite-driver.js';

/** How many rows of each kind a box keeps. A database that is missing or damaged adds nothing. */
export interface ErasedCounts {
  readonly persons?: number;
  readonly photos?: number;
  readonly unknownPeople?: number;
  readonly pictures?: number;
  readonly passages?: number;
  readonly events?: number;
  readonly users?: number;
}

/** The newest entry of an audit log. */
export interface AuditHead {
  readonly sequence: number;
  /** Hexadecimal. */
  readonly hash: string;
}

/** What a box keeps, as far as its databases can be read. Sealed content is counted, not opened. */
export interface BoxContents {
  readonly counts: ErasedCounts;
  readonly auditLog: AuditHead | undefined;
}

/** `galleryPath`, `dataDir`: as configured. */
export function readContents(galleryPath: string, dataDir: string): BoxContents {
  const { sequence, hash, ...gallery } = read(galleryPath, {
    sequence: "SELECT sequence FROM audit_mark WHERE kind = 'head'",
    hash: "SELECT lower(hex(hash)) FROM audit_mark WHERE kind = 'head'",
    persons: 'SELECT count(*) FROM person',
    photos: 'SELECT count(*) FROM photograph',
    unknownPeople: 'SELECT count(*) FROM stranger',
    pictures: 'SELECT count(*) FROM evidence',
  });
  const records = read(join(dataDir, 'records.db'), {
    passages: 'SELECT count(*) FROM passage',
    events: 'SELECT count(*) FROM event',
  });
  const accounts = read(join(dataDir, 'accounts.db'), { users: 'SELECT count(*) FROM user' });
  return {
    counts: { ...gallery, ...records, ...accounts } as ErasedCounts,
    auditLog: typeof sequence === 'number' && typeof hash === 'string' ? { sequence, hash } : undefined,
  };
}

/** The single values of `queries`; none where the file cannot be read. */
function read(path: string, queries: Readonly<Record<string, string>>): Readonly<Record<string, unknown>> {
  try {
    const db = new Sqlite(path, { readonly: true, fileMustExist: true, timeout: 1000 });
    try {
      return Object.fromEntries(
        Object.entries(queries).map(([name, query]) => [name, db.prepare(query).pluck().get()]),
      );
    } finally {
      db.close();
    }
  } catch {
    // A certificate says what was there as far as it is known; a damaged file is erased all the same.
    return {};
  }
}
