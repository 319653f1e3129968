import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The GPUs of this machine, seen without using them. */
export interface GpuDevices {
  /** Device files that this process sees: `/dev/nvidia0`, `/dev/dri/renderD128`. */
  readonly nvidia: readonly string[];
  readonly renderNodes: readonly string[];
  /** GPUs that the kernel drives, whether or not this process sees their device files. */
  readonly driven: { readonly nvidia: boolean; readonly renderNodes: readonly string[] };
}

/** Looks below `root`. A service without devices does not see the files in `/dev`, but those of the kernel in `/sys`. */
export function findGpuDevices(root = '/'): GpuDevices {
  const renderNode = /^renderD\d+$/;
  return {
    nvidia: named(root, 'dev', /^nvidia\d+$/),
    renderNodes: named(root, 'dev/dri', renderNode),
    driven: {
      nvidia: named(root, 'sys/module', /^nvidia$/).length > 0,
      renderNodes: named(root, 'sys/class/drm', renderNode),
    },
  };
}

function named(root: string, folder: string, pattern: RegExp): readonly string[] {
  try {
    return readdirSync(join(root, folder))
      .filter((name) => pattern.test(name))
      .sort()
      .map((name) => join('/', folder, name));
  } catch {
    return [];
  }
}
