import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { wipe } from '../host/sodium.js';
import type { BackupRequest, RestoreRequest } from './backup-control.js';
import { badRequest, decodeFramed, encodeFramed } from './framed-body.js';

/** Longest first line of a body, bytes: mostly a path. */
const longestLineBytes = 16_384;

const path = z.string().min(1).max(4096).refine(isAbsolute, 'the path is not absolute');
const createSchema = z.strictObject({ path });
const restoreSchema = z.strictObject({
  path,
  secretKind: z.enum(['recovery-key', 'passphrase']),
  provider: z.enum(['secret', 'passphrase', 'tpm']).exactOptional(),
});

/** Secrets go as bytes behind the document, never in JSON: text cannot be wiped. */
export function encodeBackupRequest({ path: target, passphrase }: BackupRequest): Buffer {
  return encodeFramed({ path: target }, passphrase === undefined ? [] : [passphrase]);
}

/** The inverse; the passphrase is a view into the body. @throws `bad-request` */
export function decodeBackupRequest(body: Buffer): BackupRequest {
  const { head, files } = parse(body, createSchema, 1);
  const [passphrase] = files;
  return { ...head, ...(passphrase === undefined ? {} : { passphrase }) };
}

export function encodeRestoreRequest({
  path: from,
  secret,
  provider,
  keyPassphrase,
}: RestoreRequest): Buffer {
  const [secretKind, bytes] =
    'passphrase' in secret
      ? (['passphrase', secret.passphrase] as const)
      : (['recovery-key', secret.recoverySecret] as const);
  const head = { path: from, secretKind, ...(provider === undefined ? {} : { provider }) };
  return encodeFramed(head, keyPassphrase === undefined ? [bytes] : [bytes, keyPassphrase]);
}

/** The inverse; secrets are views into the body. @throws `bad-request` */
export function decodeRestoreRequest(body: Buffer): RestoreRequest {
  const { head, files } = parse(body, restoreSchema, 2);
  const [secret, keyPassphrase] = files;
  if (secret === undefined) throw badRequest('there is no secret');
  const { secretKind, ...rest } = head;
  return {
    ...rest,
    secret: secretKind === 'passphrase' ? { passphrase: secret } : { recoverySecret: secret },
    ...(keyPassphrase === undefined ? {} : { keyPassphrase }),
  };
}

/** The public half of a recovery key. @throws `bad-request` */
export function decodeRecoveryKey(body: Buffer): Uint8Array {
  const { files } = parse(body, z.strictObject({}), 1);
  const [publicKey] = files;
  if (publicKey?.length !== 32) throw badRequest('a public recovery key has 32 bytes');
  return publicKey;
}

/** Sends a body that holds secrets, and wipes it. */
export async function sendSecretly<T>(body: Buffer, send: (body: Buffer) => Promise<T>): Promise<T> {
  try {
    return await send(body);
  } finally {
    wipe(body);
  }
}

function parse<T>(body: Buffer, schema: z.ZodType<T>, mostFiles: number) {
  const { head, files } = decodeFramed(body, longestLineBytes);
  const parsed = schema.safeParse(head);
  if (!parsed.success) throw badRequest(z.prettifyError(parsed.error));
  if (files.length > mostFiles) throw badRequest('there is more in it than was asked for');
  return { head: parsed.data, files };
}
