import { existsSync, linkSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { operational } from '../../base/errors.js';
import { syncDirectory } from '../../host/sync-directory.js';
import { lockGallery } from '../gallery-lock.js';

export interface FileSwitch {
  /** A gallery's file, whole, closed and on the disk, without a log beside it. */
  readonly from: string;
  /** Of the gallery, which nobody has open. */
  readonly to: string;
  /** Keeps what stands at `to` under this name; absent: it goes. */
  readonly keepAs?: string;
}

/**
 * Puts one gallery file in the place of another. Whatever happens, also to the power, there stands afterwards either the
 * old one or the new one.
 * @throws `gallery-in-use`, `gallery-log-left`
 */
export function switchGalleryFile({ from, to, keepAs }: FileSwitch): void {
  const lock = lockGallery(to);
  try {
    if (keepAs === undefined) assertNoLog(to);
    else keep(to, keepAs);
    // A log of the old file would be played into the new one.
    for (const suffix of ['-wal', '-shm']) rmSync(`${to}${suffix}`, { force: true });
    syncDirectory(dirname(to));
    renameSync(from, to);
    syncDirectory(dirname(to));
  } finally {
    lock[Symbol.dispose]();
  }
}

/** The name stays taken until the new file has it: there is no moment without a gallery. */
function keep(path: string, keepAs: string): void {
  if (existsSync(path)) linkSync(path, keepAs);
  if (existsSync(`${path}-wal`)) renameSync(`${path}-wal`, `${keepAs}-wal`);
}

function assertNoLog(path: string): void {
  const log = `${path}-wal`;
  if (!existsSync(log) || statSync(log).size === 0) return;
  throw operational('gallery-log-left', `the write-ahead log ${log} could not be emptied`, {
    remedy: 'close every other program that reads the gallery file and restore again; nothing was changed',
    details: { path: log },
    retryable: true,
  });
}
