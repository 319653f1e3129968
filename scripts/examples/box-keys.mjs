// The keys of one box: begins with the one that was pinned, follows when it changes, verifies messages. Needs `jose`.
import { calculateJwkThumbprint, compactVerify, flattenedVerify } from 'jose';

const algorithms = ['EdDSA']; // Nothing in a message chooses how it is verified.
const headerOf = (jws) => JSON.parse(Buffer.from(jws.split('.')[0], 'base64url'));
export const isThumbprint = (text) => /^[\w-]{43}$/.test(text);

/** Takes a message apart, which proves nothing. `text` is what is signed: all but the last attribute, `signature`. */
export function partsOf(message) {
  const [, head, header, signature] = /^(.*),"signature":"([\w-]+)\.\.([\w-]+)"}$/s.exec(message) ?? [];
  if (header === undefined) throw new Error('it is not signed');
  const { kid, typ } = headerOf(header);
  if (typ !== 'rollcall+jws' || !isThumbprint(kid)) throw new Error('it is not signed as a box does');
  return { text: `${head}}`, header, signature, kid };
}

/** What a message says, if one of `keys` signed it and is still good. */
async function verifiedWith(keys, { text, header, signature, kid }) {
  const { key, notAfterMs } = keys.get(kid) ?? {};
  if (key === undefined) throw new Error(`signed by somebody else: ${kid}`);
  // By the clock here: when it was signed, `iat`, is written by whoever has the key, and that may be a thief by now.
  if (!(Date.now() <= notAfterMs)) throw new Error(`signed with a former key whose time is over: ${kid}`);
  const payload = Buffer.from(text).toString('base64url');
  await flattenedVerify({ protected: header, payload, signature }, key, { algorithms });
  return JSON.parse(text);
}

/** In your system: all of this is stored. Who begins with a former key at each start can be led away by its thief. */
export class BoxKeys {
  #source; // Of the box: /SITE/BOX
  #inForce; // Thumbprint of the newest key that is known: the one that was pinned, at first.
  #keys = new Map(); // By thumbprint: the key in force and former ones, and until when each is good.
  #sequence = 0; // Of the key set that was followed last.

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

  /** Trusts the keys of a key set that is signed with its newest key, if the key in force leads there by endorsements. */
  async follow(message) {
    const { keys, endorsements } = JSON.parse(message);
    const offered = new Map();
    for (const { kty, crv, x, notAfter } of keys.filter(({ use }) => use === 'sig')) {
      const notAfterMs = notAfter === undefined ? Number.POSITIVE_INFINITY : Date.parse(notAfter);
      offered.set(await calculateJwkThumbprint({ kty, crv, x }), { key: { kty, crv, x }, notAfterMs });
    }
    // Former keys lead nowhere: one may have been stolen.
    const reached = new Map([...offered].filter(([kid]) => kid === this.#inForce));
    for (const jws of endorsements.toReversed()) {
      const { kid, typ } = headerOf(jws); // Those of the oldest keys come first now.
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
