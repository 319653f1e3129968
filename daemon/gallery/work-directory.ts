import { mkdirSync, rmSync } from 'node:fs';

const purposes = ['backup', 'restore'] as const;

/** What is made in a directory beside the gallery. */
export type WorkPurpose = (typeof purposes)[number];

function workPathOf(galleryPath: string, purpose: WorkPurpose): string {
  return `${galleryPath}.${purpose}-work`;
}

/**
 * An empty directory beside the gallery, on the same disk, for its owner only; what an earlier one left is gone. Disposal
 * removes it; after a kill `sweepWork` does.
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

/** Removes what a process that was killed left half done. To be called by whoever has the gallery to themselves. */
export function sweepWork(galleryPath: string): void {
  for (const purpose of purposes) rmSync(workPathOf(galleryPath, purpose), { recursive: true, force: true });
}
