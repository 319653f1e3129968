import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../daemon/kernel/errors.js';

/** A separate file system with little space. */
export interface SmallDisk extends Disposable {
  readonly path: string;
  /** Takes all remaining space. */
  fill(): void;
  /** Gives back what `fill` took. */
  free(): void;
}

/** Mounts one of `mebibytes`, or gives a reason to skip a test if that is not possible. */
export function mountSmallDisk(mebibytes: number): SmallDisk | { readonly skip: string } {
  if (process.getuid?.() !== 0) return { skip: 'mounting a small file system needs root' };
  const path = mkdtempSync(join(tmpdir(), 'rollcall-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=0700`, 'tmpfs', path], {
      stdio: 'pipe',
    });
  } catch (error) {
    rmSync(path, { recursive: true });
    return { skip: `no file system can be mounted here: ${messageOf(error)}` };
  }
  const ballast = join(path, 'ballast');
  return {
    path,
    fill() {
      const page = Buffer.alloc(4096);
      try {
        for (;;) writeFileSync(ballast, page, { flag: 'a' });
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
      }
    },
    free: () => rmSync(ballast),
    [Symbol.dispose]() {
      execFileSync('umount', [path]);
      rmSync(path, { recursive: true });
    },
  };
}
