import { readFile } from 'node:fs/promises';
import { messageOf } from '../kernel/errors.js';
import { refusal } from '../words/errors.js';

/**
 * Reads certificates (PEM) of trusted authorities. `setting` names the setting that contains the path.
 * @throws `ca-unreadable`, `ca-form`
 */
export async function readAuthorities(path: string, setting: string): Promise<Buffer> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw refusal('ca-unreadable', { setting, reason: messageOf(error) }, { cause: error });
  }
  // An empty list would trust no authority, and every connection would fail with a message about the server.
  if (bytes.includes('-----BEGIN CERTIFICATE-----')) return bytes;
  throw refusal('ca-form', { setting, path });
}
