import { readFile } from 'node:fs/promises';
import { badInput, messageOf } from '../base/errors.js';

/**
 * Reads the certificates (PEM) that a server is trusted by. `setting` names where the path was configured.
 * @throws `ca-unreadable`, `ca-form`
 */
export async function readAuthorities(path: string, setting: string): Promise<Buffer> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw badInput('ca-unreadable', `${setting} cannot be read: ${messageOf(error)}`, {
      cause: error,
      remedy: 'name a PEM file that the user of rollcalld may read',
    });
  }
  // Without one, nobody at all would be trusted, and the server would be blamed.
  if (bytes.includes('-----BEGIN CERTIFICATE-----')) return bytes;
  throw badInput('ca-form', `${setting} holds no certificate: ${path}`, {
    remedy: 'name a file with the PEM certificate of the authority that signed that of the server',
  });
}
