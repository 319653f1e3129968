import { openSealed, PUBLIC_KEY_BYTES, SECRET_KEY_BYTES, sealTo } from '../../host/sealed-box.js';
import {
  decrypt,
  encrypt,
  hashPassphrase,
  NONCE_BYTES,
  newRandomBytes,
  type PassphraseCost,
  SALT_BYTES,
  secretBytes,
  wipe,
} from '../../host/sodium.js';
import { messageOf } from '../../kernel/errors.js';
import { failure, refusal } from '../../words/errors.js';
import { refuseWeakPassphrase } from '../gallery/keys/passphrase-rules.js';
import { refuseBackup } from './backup-errors.js';
import {
  costLimit,
  isAcceptable,
  type PassphraseWrap,
  type Recipient,
  type RecoveryWrap,
  type Unlock,
  usualCost,
  type WrappedKey,
} from './recipient.js';
import { recoveryKeyId, recoveryKeyOf } from './recovery-key.js';

/** Associated data of a wrapped key: the key cannot be used for another purpose. */
const wrapUse = Buffer.from('rollcall backup file key 1', 'latin1');

/** Wraps the key of one backup for one recipient. */
export async function wrapFileKey(fileKey: Uint8Array, recipient: Recipient): Promise<WrappedKey> {
  if (recipient.kind === 'passphrase') return wrapWithPassphrase(fileKey, recipient);
  const { kind, publicKey } = recipient;
  const sealedKey = publicKey.length === PUBLIC_KEY_BYTES ? sealTo(publicKey, fileKey) : undefined;
  if (sealedKey === undefined) {
    throw refusal('recovery-key-malformed:public');
  }
  return { kind, keyId: recoveryKeyId(publicKey), sealedKey: toBase64(sealedKey) };
}

async function wrapWithPassphrase(
  fileKey: Uint8Array,
  { passphrase, cost = usualCost }: Extract<Recipient, { kind: 'passphrase' }>,
): Promise<WrappedKey> {
  refuseWeakPassphrase(passphrase);
  if (!isAcceptable(cost)) {
    const { passes, memoryBytes } = costLimit;
    throw refusal(
      'passphrase-cost',
      { passes, memoryBytes: memoryBytes / 2 ** 20 },
      { details: { ...cost } },
    );
  }
  const salt = newRandomBytes(SALT_BYTES);
  const nonce = newRandomBytes(NONCE_BYTES);
  const key = await hash(passphrase, salt, cost);
  try {
    return {
      kind: 'passphrase',
      salt: toBase64(salt),
      passes: cost.passes,
      memoryBytes: cost.memoryBytes,
      nonce: toBase64(nonce),
      wrappedKey: toBase64(encrypt(key, nonce, fileKey, wrapUse)),
    };
  } finally {
    wipe(key);
  }
}

/**
 * The file key of the backup at `path`, in guarded memory. The caller wipes it.
 * @throws `backup-wrong-secret`, `backup-locked-for-others`, `backup-altered`, `passphrase-memory`
 */
export async function unwrapFileKey(
  path: string,
  recipients: readonly WrappedKey[],
  unlock: Unlock,
): Promise<Uint8Array> {
  return 'passphrase' in unlock
    ? unwrapWithPassphrase(path, recipients.find(isPassphraseWrap), unlock.passphrase)
    : unwrapWithSecret(path, recipients.filter(isRecoveryWrap), unlock.recoverySecret);
}

async function unwrapWithPassphrase(
  path: string,
  wrap: PassphraseWrap | undefined,
  passphrase: Uint8Array,
): Promise<Uint8Array> {
  if (wrap === undefined) {
    throw refuseBackup(
      'backup-locked-for-others',
      path,
      'it was made for a recovery key only, not for a passphrase',
    );
  }
  const key = await hash(passphrase, fromBase64(wrap.salt), wrap);
  try {
    const fileKey = decrypt(key, fromBase64(wrap.nonce), fromBase64(wrap.wrappedKey), wrapUse);
    if (fileKey === undefined) {
      throw refuseBackup('backup-wrong-secret', path, 'the passphrase is wrong, or the file was altered');
    }
    return intoSecret(fileKey);
  } finally {
    wipe(key);
  }
}

function unwrapWithSecret(
  path: string,
  wraps: readonly RecoveryWrap[],
  recoverySecret: Uint8Array,
): Uint8Array {
  if (wraps.length === 0) {
    throw refuseBackup(
      'backup-locked-for-others',
      path,
      'it was made for a passphrase only, not for a recovery key',
    );
  }
  if (recoverySecret.length !== SECRET_KEY_BYTES) {
    throw refuseBackup('backup-wrong-secret', path, `a recovery secret has ${SECRET_KEY_BYTES} bytes`);
  }
  const key = recoveryKeyOf(recoverySecret);
  const keyId = recoveryKeyId(key.publicKey);
  const wrap = wraps.find((each) => each.keyId === keyId);
  if (wrap === undefined) {
    const ids = wraps.map((each) => each.keyId).join(', ');
    throw refuseBackup('backup-wrong-secret', path, `it was made for recovery key ${ids}, not for ${keyId}`);
  }
  const fileKey = openSealed(key, fromBase64(wrap.sealedKey));
  if (fileKey === undefined) throw refuseBackup('backup-altered', path, 'its key was altered');
  return fileKey;
}

async function hash(passphrase: Uint8Array, salt: Uint8Array, cost: PassphraseCost): Promise<Uint8Array> {
  try {
    return await hashPassphrase(passphrase, salt, cost);
  } catch (error) {
    // Argon2id fails only if it gets no memory.
    const mebibytes = Math.ceil(cost.memoryBytes / 2 ** 20);
    throw failure(
      'passphrase-memory',
      { reason: messageOf(error), mebibytes },
      { cause: error, retryable: true },
    );
  }
}

function intoSecret(bytes: Uint8Array): Uint8Array {
  const secret = secretBytes(bytes.length);
  secret.set(bytes);
  wipe(bytes);
  return secret;
}

const isPassphraseWrap = (wrap: WrappedKey): wrap is PassphraseWrap => wrap.kind === 'passphrase';
const isRecoveryWrap = (wrap: WrappedKey): wrap is RecoveryWrap => wrap.kind === 'recovery-public-key';

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function fromBase64(text: string): Uint8Array {
  return Buffer.from(text, 'base64');
}
