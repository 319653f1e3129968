import type { OpenDatabase } from '../host/sqlite.js';

/** More than any revision: of a person who was erased. */
const ERASED = Number.MAX_SAFE_INTEGER;

/**
 * The newest revision of each person that the audit log speaks of since the gallery last came out of a backup. A row of an
 * older revision is genuine and opens, but somebody has put it back; so it is with any row of a person who was erased.
 */
export function auditedRevisions({ db }: OpenDatabase): ReadonlyMap<string, number> {
  const found = db
    .prepare<[number], { subject: string; revision: number | null }>(
      `SELECT subject, max(CASE
                WHEN action = 'person.erased' THEN ?
                WHEN json_valid(details) THEN json_extract(details, '$.revision') END) AS revision
       FROM audit
       WHERE action LIKE 'person.%'
         AND sequence > coalesce((SELECT max(sequence) FROM audit WHERE action = 'backup.restored'), 0)
       GROUP BY subject`,
    )
    .all(ERASED);
  return new Map(found.flatMap(({ subject, revision }) => (revision === null ? [] : [[subject, revision]])));
}
