import { rmSync, statSync } from 'node:fs';
import { messageOf, operational } from '../../base/errors.js';
import type { Ageing } from '../../domain/retention/retention.js';
import { explainAccess } from '../../host/file-access.js';
import { olderCopiesOf } from '../../host/sqlite-migrations.js';

/** Older files of these databases beside them, left by migrations and restores, by the time they were last written. */
export function ageingDatabaseCopies(paths: readonly string[]): Ageing {
  const dueBefore = (beforeMs: number): readonly string[] =>
    paths
      .flatMap((path) => olderCopiesOf(path))
      .filter((copy) => (statSync(copy, { throwIfNoEntry: false })?.mtimeMs ?? beforeMs) < beforeMs);
  return {
    countDue: (beforeMs) => dueBefore(beforeMs).length,
    begin(beforeMs) {
      const waiting = dueBefore(beforeMs).values();
      return () => {
        const { done, value: copy } = waiting.next();
        if (done === true) return { count: 0, isMoreDue: false };
        remove(copy);
        return { count: 1, isMoreDue: true };
      };
    },
  };
}

function remove(copy: string): void {
  try {
    rmSync(copy, { force: true });
  } catch (error) {
    const access = explainAccess(copy, 'written', error);
    throw operational(
      'database-copy',
      `the copy ${copy} cannot be deleted: ${access?.says ?? messageOf(error)}`,
      {
        remedy: access?.remedy ?? 'check the health of the disk',
        cause: error,
      },
    );
  }
}
