import { isRollcallError } from '../../base/errors.js';

/** Does `work` on the audit log, and nothing while a file takes the place of the gallery's: there is no log then. */
export async function whereThereIsALog(work: () => Promise<void> | void): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isRollcallError(error, 'audit-log-missing')) throw error;
  }
}
