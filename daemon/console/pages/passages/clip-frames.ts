import { strFromU8, unzipSync } from 'fflate';

/** One frame of a clip. */
export interface ClipFrame {
  readonly atMs: number;
  readonly jpeg: Blob;
}

interface Manifest {
  readonly frames: readonly { readonly file: string; readonly capturedAt: string }[];
}

/** The frames of a clip, as the box serves it. @throws Error for what is no clip */
export function framesOf(archive: Uint8Array): readonly ClipFrame[] {
  const files = unzipSync(archive);
  const manifest = JSON.parse(strFromU8(files['manifest.json'] ?? new Uint8Array())) as Manifest;
  return manifest.frames.flatMap(({ file, capturedAt }) => {
    const jpeg = files[file];
    if (jpeg === undefined) return [];
    return [{ atMs: Date.parse(capturedAt), jpeg: new Blob([new Uint8Array(jpeg)], { type: 'image/jpeg' }) }];
  });
}
