import { createHash, webcrypto } from 'node:crypto';

/** Larger files are hashed in other threads. */
const largestAtOnceBytes = 1024 * 1024;

/** A hash of an input: of every field in any order, and of files and secrets by their content. */
export async function contentHash(input: object): Promise<string> {
  const fields: [string, unknown][] = [];
  for (const [name, value] of Object.entries(input)) {
    if (value !== undefined) fields.push([name, await withoutBytes(value)]);
  }
  fields.sort(([a], [b]) => (a < b ? -1 : 1));
  return await hashOf(Buffer.from(JSON.stringify(fields)));
}

/** The value with hashes in the place of files, which are fields of their own or lists. */
async function withoutBytes(value: unknown): Promise<unknown> {
  if (value instanceof Uint8Array) return await hashOf(value);
  if (!Array.isArray(value)) return value;
  const items: unknown[] = [];
  for (const each of value) items.push(await withoutBytes(each));
  return items;
}

async function hashOf(bytes: Uint8Array): Promise<string> {
  if (bytes.length <= largestAtOnceBytes) return createHash('sha256').update(bytes).digest('hex');
  // The hash takes no views of a shared buffer by their type.
  return Buffer.from(await webcrypto.subtle.digest('SHA-256', new Uint8Array(bytes))).toString('hex');
}
