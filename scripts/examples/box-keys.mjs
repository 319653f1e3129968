// The keys of one box: starts with the pinned key, follows key changes, verifies messages. Needs `jose`.
import { calculateJwkThumbprint, compactVerify, flattenedVerify } from 'jose';

const algorithms = ['EdDSA']; // A message must not choose its algorithm.
const headerOf = (jws) => JSON.parse(Buffer.from(jws.split('.')[0], 'base64url'));
export const isThumbprint = (text) => /^[\w-]{43}$/.test(text);

/** Splits a message without verifying it. `text`: the signed part, which is everything but the last attribute, `signature`. */
export function partsOf(message) {
  const [, head, header, signature] = /^(.*),"signature":"([\w-]+)\.\.([\w-]+)"}$/s.exec(message) ?? [];
  if (header === undefined) throw new Error('it is not signed');
  const { kid, typ } = headerOf(header);
  if (typ !== 'rollcall+jws' || !isThumbprint(kid)) throw new Error('its signature is not that of a box');
  return { text: `${head}}`, header, signature, kid };
}

/** The content of a message that one of `keys` signed and whose key is still valid. */
async function verifiedWith(keys, { text, header, signature, kid }) {
  const { key, notAfterMs } = keys.get(kid) ?? {};
  if (key === undefined) throw new Error(`signed with an unknown key: ${kid}`);
  // Uses the local clock: the time of signing, `iat`, is written by the holder of the key, who may be a thief.
  if (!(Date.now() <= notAfterMs)) throw new Error(`signed with a former key that has expired: ${kid}`);
  const payload = Buffer.from(text).toString('base64url');
  await flattenedVerify({ protected: header, payload, signature }, key, { algorithms });
  return JSON.parse(text);
}

/** In your system: store all of this. If you start with a former key each time, its thief can mislead you. */
export class BoxKeys {
  #source; // Of the box: /SITE/BOX
  #inForce; // Thumbprint of the newest known key; at first, of the pinned key.
  #keys = new Map(); // By thumbprint: the key in force and former keys, each with its expiry.
  #sequence = 0; // Of the last key set.

  constructor(source, thumbprint) {
    this.#source = source;
    this.#inForce = thumbprint;
  }

  knows(kid) {
    return this.#keys.has(kid);
  }

  verified(parts) {
    return verifiedWith(this.#keys, parts);
  }

  /** Trusts the keys of a key set that is signed with its newest key, if endorsements lead from the key in force to that key. */
  async follow(message) {
    const { keys, endorsements } = JSON.parse(message);
    const offered = new Map();
    for (const { kty, crv, x, notAfter } of keys.filter(({ use }) => use === 'sig')) {
      const notAfterMs = notAfter === undefined ? Number.POSITIVE_INFINITY : Date.parse(notAfter);
      offered.set(await calculateJwkThumbprint({ kty, crv, x }), { key: { kty, crv, x }, notAfterMs });
    }
    // Start only from the key in force: a former key may have been stolen.
    const reached = new Map([...offered].filter(([kid]) => kid === this.#inForce));
    for (const jws of endorsements.toReversed()) {
      const { kid, typ } = headerOf(jws); // In this order, the oldest keys come first.
      if (!reached.has(kid) || typ !== 'rollcall-endorsement+jws') continue;
      const { payload } = await compactVerify(jws, reached.get(kid).key, { algorithms });
      const { key } = JSON.parse(Buffer.from(payload));
      if (offered.has(key)) reached.set(key, offered.get(key));
    }
    const parts = partsOf(message);
    const { site, box, sequence } = await verifiedWith(reached, parts);
    const [newest] = offered.keys();
    if (`/${site}/${box}` !== this.#source || parts.kid !== newest || sequence < this.#sequence)
      throw new Error('it is not the newest key set of this box');
    [this.#inForce, this.#keys, this.#sequence] = [newest, offered, sequence];
  }
}
