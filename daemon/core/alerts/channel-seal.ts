import type { OwnChannel } from '../../contract/settings/own-channel.js';
import { hkdfKey } from '../../host/keyed-hash.js';
import type { OwnSecretPlaces } from '../../host/own-secret.js';
import { decrypt, encrypt, NONCE_BYTES, newRandomBytes, wipe } from '../../host/sodium.js';
import { failure, refusal } from '../../words/errors.js';
import { findAuditKeys } from '../audit/audit-key.js';

type Sealable = Pick<OwnChannel, 'kind' | 'settings'> & { readonly id: string };

/**
 * Seals the secret of a channel together with where it leads: whoever can write the data of the box can neither read the secret nor
 * send alerts elsewhere. The key comes from that of the audit log, which every box has, also while its gallery is sealed.
 * @throws `audit-key-missing`, and like `findAuditKeys`
 */
export async function sealChannel(
  channel: Sealable,
  secret: Uint8Array,
  places: OwnSecretPlaces,
): Promise<string> {
  return await withKeys(places, ([key]) => {
    if (key === undefined) throw failure('audit-key-missing');
    const nonce = newRandomBytes(NONCE_BYTES);
    return Buffer.concat([nonce, encrypt(key, nonce, secret, placeOf(channel))]).toString('base64');
  });
}

/**
 * The secret of a channel, which the caller wipes; empty if it has none. `isLatest`: whether it is the version that was saved last.
 * @throws `channel-altered` if this box has not sealed the channel like this, or has saved it since, and like `findAuditKeys`
 */
export async function openChannelSeal(
  channel: OwnChannel,
  isLatest: (channel: OwnChannel) => boolean,
  places: OwnSecretPlaces,
): Promise<Buffer> {
  if (!isLatest(channel)) throw refusal('channel-altered', { id: channel.id });
  const sealed = Buffer.from(channel.sealed, 'base64');
  const [nonce, body] = [sealed.subarray(0, NONCE_BYTES), sealed.subarray(NONCE_BYTES)];
  return await withKeys(places, (keys) => {
    for (const key of nonce.length === NONCE_BYTES ? keys : []) {
      const secret = decrypt(key, nonce, body, placeOf(channel));
      if (secret !== undefined) return Buffer.from(secret.buffer, secret.byteOffset, secret.length);
    }
    throw refusal('channel-altered', { id: channel.id });
  });
}

const placeOf = ({ id, kind, settings }: Sealable): Uint8Array =>
  Buffer.from(JSON.stringify([id, kind, settings]), 'utf8');

/** Calls with the keys of the box, the one in use first. */
async function withKeys<Result>(
  { dataDir, secretsDirectory }: OwnSecretPlaces,
  work: (keys: readonly Uint8Array[]) => Result,
): Promise<Result> {
  const masters = await findAuditKeys({ dataDir, secretsDirectory });
  const keys = masters.map((master) => hkdfKey(master, 'rollcall alert channels 1'));
  try {
    return work(keys);
  } finally {
    for (const key of [...masters, ...keys]) wipe(key);
  }
}
