import type { OpenDatabase } from '../../daemon/host/sqlite.js';
import { Sqlite } from '../../daemon/host/sqlite-driver.js';
import type { Migration } from '../../daemon/host/sqlite-migrations.js';
import { DurationHistogram } from '../../daemon/kernel/duration-histogram.js';

/** A database in memory, for tests that create many. */
export function openMemoryDatabase(migrations: readonly Pick<Migration, 'apply'>[]): OpenDatabase {
  const db = new Sqlite(':memory:');
  for (const { apply } of migrations) {
    if (typeof apply === 'string') db.exec(apply);
    else apply(db);
  }
  const close = (): void => void db.close();
  const transaction = <T>(work: () => T): T => db.transaction(work).immediate();
  const read = <T>(work: () => T): T => work();
  const transactionTimes = new DurationHistogram([]);
  const asyncDispose = async (): Promise<void> => close();
  return {
    ...{ path: ':memory:', db, transactionTimes, read, transaction, close },
    unsyncedTransaction: transaction,
    isInPlace: () => true,
    putBack: () => undefined,
    [Symbol.asyncDispose]: asyncDispose,
  };
}
