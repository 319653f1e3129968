import { statfs } from 'node:fs/promises';

/** Bytes that this user may still write to the file system of `path`. Rejects where `path` does not exist. */
export async function freeBytesAt(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}
