import { readFile } from 'node:fs/promises';
import { badInput, messageOf } from '../kernel/errors.js';

/**
 * Reads certificates (PEM) of trusted authorities. `setting` names the setting that contains the path.
 * @throws `ca-unreadable`, `ca-form`
 */
export async function readAuthorities(path: string, setting: string): Promise<Buffer> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw badInput('ca-unreadable', `${setting} cannot be read: ${messageOf(error)}`, {
      cause: error,
      remedy: 'Set it to a PEM file that the user of rollcalld may read.',
    });
  }
  // An empty list would trust no authority, and every connection would fail with a message about the server.
  if (bytes.includes('-----BEGIN CERTIFICATE-----')) return bytes;
  throw badInput('ca-form', `${setting} contains no certificate: ${path}`, {
    remedy:
      'Set it to a PEM file with the certificate of the authority that signed the certificate of the server.',
  });
}
