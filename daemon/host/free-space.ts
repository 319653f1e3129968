import { statfs } from 'node:fs/promises';

/** Bytes that this user may still write to the file system at `path`. Rejects where there is nothing at `path`. */
export async function freeBytesAt(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}
