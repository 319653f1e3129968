import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { examineBackup } from '../../daemon/core/backups/examine-backup.js';
import { messageOf } from '../../daemon/kernel/errors.js';
import { tracesOf } from '../../test/support/rotation-fixture.js';
import type { Violation } from './expectation.js';
import { type FaultPlaces, readRecoverySecret } from './fault-box.js';

/** Finds files of the box that still hold 8 bytes of erased values. Another process has the box open. */
export function tracesLeft({ directory }: FaultPlaces, gone: readonly string[]): readonly Violation[] {
  if (gone.length === 0) return [];
  const values = gone.map((piece) => Buffer.from(piece, 'hex'));
  const found: Violation[] = [];
  for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
    const path = join(directory, name);
    if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) continue;
    const bytes = readFileSync(path);
    const traces = bytes.length < 8 ? 0 : tracesOf(values, bytes);
    if (traces > 0)
      found.push({ kind: 'came back', what: `${traces} pieces of erased persons lie in ${name}` });
  }
  return found;
}

/** Opens every file with the name of a backup, each of which must be complete, and removes all of them. */
export async function backupsLeft(
  places: FaultPlaces,
  acknowledged: readonly string[],
): Promise<readonly Violation[]> {
  const found: Violation[] = acknowledged
    .filter((path) => !existsSync(path))
    .map(() => ({ kind: 'lost', what: 'a backup that was acknowledged is not there' }));
  const recoverySecret = readRecoverySecret(places);
  for (const name of readdirSync(places.backups)) {
    const path = join(places.backups, name);
    if (name.endsWith('.rcb')) {
      try {
        await examineBackup(path, { recoverySecret }, places.backups);
      } catch (error) {
        found.push({ kind: 'torn', what: `a backup does not open: ${messageOf(error)}` });
      }
    }
    rmSync(path, { recursive: true });
  }
  return found;
}
