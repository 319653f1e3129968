import type { OpenDatabase } from '../../host/sqlite.js';

/** Greater than any revision; stands for an erased person. */
const ERASED = Number.MAX_SAFE_INTEGER;

/**
 * The newest revision of each person in the audit log since the last restore. A genuine row of an older revision, or of an
 * erased person, was copied back into the file.
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
