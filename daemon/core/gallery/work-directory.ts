import { mkdirSync, rmSync } from 'node:fs';

const purposes = ['backup', 'restore', 'kept'] as const;

/** The purpose of a work directory. */
export type WorkPurpose = (typeof purposes)[number];

function workPathOf(galleryPath: string, purpose: WorkPurpose): string {
  return `${galleryPath}.${purpose}-work`;
}

/**
 * An empty directory beside the gallery, on the same disk, for its owner only. Deletes the leftovers of an earlier one first.
 * Disposal removes it; after a kill, `sweepWork` does.
 */
export function openWorkDirectory(
  galleryPath: string,
  purpose: WorkPurpose,
): Disposable & { readonly path: string } {
  const path = workPathOf(galleryPath, purpose);
  const remove = (): void => rmSync(path, { recursive: true, force: true });
  remove();
  mkdirSync(path, { mode: 0o700 });
  return { path, [Symbol.dispose]: remove };
}

/** Removes the work directories of a killed process. Call it only while this process has the gallery locked. */
export function sweepWork(galleryPath: string): void {
  for (const purpose of purposes) rmSync(workPathOf(galleryPath, purpose), { recursive: true, force: true });
}
