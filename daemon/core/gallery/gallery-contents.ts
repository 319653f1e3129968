import type { OpenDatabase } from '../../host/sqlite.js';
import type { PictureKind } from '../../kernel/events/evidence.js';
import type { RecogniserId } from '../../kernel/ids.js';
import { reading } from './gallery-file.js';
import { readRecogniser } from './keys/key-slots.js';
import type { StoredPersonState } from './places.js';

/** Counts of a gallery. Needs no key. */
export interface GalleryContents {
  readonly schemaVersion: number;
  /** Includes the write-ahead log. */
  readonly fileBytes: number;
  /** Undefined if the gallery has no key yet. */
  readonly recogniser: RecogniserId | undefined;
  readonly persons: Readonly<Record<StoredPersonState, number>>;
  /** Counts by recogniser. */
  readonly templates: readonly { readonly recogniser: string; readonly count: number }[];
  readonly photographs: number;
  readonly evidence: Readonly<Record<PictureKind, number>>;
}

/** Counts rows; takes some milliseconds in a large gallery. `sizeOf` returns the size of a file in bytes, 0 if it is missing. */
export function readContents(database: OpenDatabase, sizeOf: (path: string) => number): GalleryContents {
  const { db, path } = database;
  const grouped = (query: string): Readonly<Record<string, number>> =>
    Object.fromEntries(
      db
        .prepare<[], { name: string; count: number }>(query)
        .all()
        .map(({ name, count }) => [name, count]),
    );
  return reading(database, () => {
    const persons = grouped('SELECT state AS name, count(*) AS count FROM person GROUP BY state');
    const evidence = grouped('SELECT kind AS name, count(*) AS count FROM evidence GROUP BY kind');
    return {
      schemaVersion: Number(db.pragma('user_version', { simple: true })),
      fileBytes: sizeOf(path) + sizeOf(`${path}-wal`),
      recogniser: readRecogniser(database),
      persons: {
        active: persons['active'] ?? 0,
        removed: persons['removed'] ?? 0,
        staged: persons['staged'] ?? 0,
      },
      templates: db
        .prepare<[], { recogniser: string; count: number }>(
          'SELECT recogniser, count(*) AS count FROM template GROUP BY recogniser ORDER BY recogniser',
        )
        .all(),
      photographs: db.prepare<[], number>('SELECT count(*) FROM photograph').pluck().get() ?? 0,
      evidence: {
        attendance: evidence['attendance'] ?? 0,
        unknown: evidence['unknown'] ?? 0,
        attack: evidence['attack'] ?? 0,
        passage: evidence['passage'] ?? 0,
      },
    };
  });
}
