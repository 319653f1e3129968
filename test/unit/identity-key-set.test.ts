import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { CompactSign } from 'jose';
import { keySetSchema } from '../../daemon/contract/events/key-set-schema.js';
import { type BoxKey, importBoxKey } from '../../daemon/core/identity/box-key.js';
import { endorse, readEndorsement } from '../../daemon/core/identity/endorsement.js';
import { followKeySet } from '../../daemon/core/identity/follow-key-set.js';
import type { FormerKey, IdentityState } from '../../daemon/core/identity/identity-state.js';
import { keySetOf } from '../../daemon/core/identity/key-set.js';
import { fingerprintOf, keyIdOf } from '../../daemon/core/identity/public-key.js';
import { signText } from '../../daemon/core/identity/signed-text.js';
import { present } from '../../daemon/kernel/present.js';

const nowMs = Date.UTC(2026, 0, 2);
const from = { siteId: 'plant', boxId: 'gate' };
const [first, second, third, stranger] = await Promise.all(
  [1, 2, 3, 9].map((value) => importBoxKey(Buffer.alloc(64, value))),
);
if (!first || !second || !third || !stranger) throw new Error('no keys');

const known = ({ keyId, verifying, sealing }: BoxKey) => ({
  ...{ keyId, verifying: verifying.x, sealing: sealing.x },
  sinceMs: nowMs - 1000,
});

async function formerOf(key: BoxKey, successor: BoxKey | undefined, untilMs = nowMs + 1): Promise<FormerKey> {
  const endorsement = successor && (await endorse(successor.keyId, key, nowMs));
  return { ...known(key), untilMs, ...present({ endorsement }) };
}

async function setOf(current: BoxKey, former: readonly FormerKey[], signer = current): Promise<string> {
  const state: IdentityState = { version: 1, sequence: 7, current: known(current), former: [...former] };
  return signText(JSON.stringify(await keySetOf(state, { from, nowMs })), signer, nowMs);
}

async function outcome(text: string | Uint8Array, { verifying }: BoxKey): Promise<string> {
  const followed = await followKeySet(text, verifying);
  return followed.outcome === 'followed' ? followed.keyId : followed.outcome;
}

/** A changed key set, signed again by `signer`. */
async function altered(
  text: string,
  change: (set: Record<string, unknown>) => Record<string, unknown>,
  signer: BoxKey,
): Promise<string> {
  const { signature: _, ...set } = JSON.parse(text) as Record<string, unknown>;
  return signText(JSON.stringify(change(set)), signer, nowMs);
}

describe('a key set', () => {
  test('matches the contract, with the key in force first and the former keys that the box keeps', async () => {
    const former = [await formerOf(second, third), await formerOf(first, second, nowMs)];
    const set = keySetSchema.parse(JSON.parse(await setOf(third, former)));
    assert.deepEqual(
      set.keys.map(({ kid, use, notAfter }) => [kid, use, notAfter]),
      [
        [third.keyId, 'sig', undefined],
        [third.sealingKeyId, 'enc', undefined],
        [second.keyId, 'sig', '2026-01-02T00:00:00.001Z'],
        [second.sealingKeyId, 'enc', '2026-01-02T00:00:00.001Z'],
        [first.keyId, 'sig', '2026-01-02T00:00:00.000Z'],
        [first.sealingKeyId, 'enc', '2026-01-02T00:00:00.000Z'],
      ],
    );
    assert.equal(set.endorsements.length, 2);
    for (const { kty, crv, x, kid } of set.keys)
      assert.equal(await keyIdOf(crv === 'X25519' ? { kty, crv, x } : { kty, crv, x }), kid);
  });

  test('is followed by a centre that trusts its key, or one from which endorsements lead to it', async () => {
    const text = await setOf(third, [await formerOf(second, third), await formerOf(first, second)]);
    for (const key of [first, second, third]) {
      const followed = await followKeySet(Buffer.from(text), key.verifying);
      if (followed.outcome !== 'followed') assert.fail(followed.reason);
      assert.deepEqual([...followed.trusted.keys()], [third.keyId, second.keyId, first.keyId]);
      const { site, box, sequence } = followed;
      assert.deepEqual([site, box, sequence], ['plant', 'gate', 7]);
    }
    assert.equal(await outcome(text, stranger), 'untrusted');
  });

  test('is not followed past a key that endorses nothing', async () => {
    const text = await setOf(third, [await formerOf(second, undefined), await formerOf(first, second)]);
    assert.equal(await outcome(text, first), 'untrusted');
    assert.equal(await outcome(text, second), 'untrusted');
    assert.equal(await outcome(text, third), third.keyId);
  });

  test('of a stranger is not followed, whatever it copies', async () => {
    const real = await setOf(second, [await formerOf(first, second)]);
    const forged = [
      await setOf(stranger, []),
      await setOf(stranger, [await formerOf(first, second)]),
      await setOf(second, [await formerOf(first, second)], stranger),
      await setOf(stranger, [
        {
          ...(await formerOf(first, undefined)),
          endorsement: await endorse(stranger.keyId, stranger, nowMs),
        },
      ]),
      // The id of the endorsed key on the stranger's own key.
      await altered(
        real,
        (set) => ({
          ...set,
          keys: [
            { ...stranger.verifying, kid: second.keyId, use: 'sig', alg: 'EdDSA' },
            ...(set['keys'] as []),
          ],
        }),
        { ...stranger, keyId: second.keyId },
      ),
      // A message of the first key in place of an endorsement.
      await altered(
        await setOf(stranger, []),
        (set) => ({ ...set, endorsements: [messageAsCompact(real)] }),
        stranger,
      ),
    ];
    for (const [index, text] of forged.entries()) {
      const found = await outcome(text, first);
      assert.ok(found === 'untrusted' || found === 'malformed', `${index}: ${found}`);
    }
  });

  test('signed with a former key is not followed, because its thief could otherwise stay', async () => {
    const text = await setOf(second, [await formerOf(first, second)], first);
    assert.equal(await outcome(text, first), 'untrusted');
  });

  test('from a thief of a former key does not mislead a centre that followed a later rotation', async () => {
    const real = await setOf(second, [await formerOf(first, second)]);
    const followed = await followKeySet(real, first.verifying);
    if (followed.outcome !== 'followed') assert.fail(followed.reason);
    assert.deepEqual(followed.inForce, second.verifying);
    const led = await setOf(stranger, [await formerOf(first, stranger), await formerOf(second, undefined)]);
    const kept = await setOf(first, [await formerOf(second, undefined)]);
    for (const text of [led, kept]) assert.equal(await outcome(text, second), 'untrusted');
    assert.equal(await outcome(led, first), stranger.keyId, 'a centre that has not followed yet');
  });

  test('with any byte changed is not followed', async () => {
    const bytes = Buffer.from(await setOf(second, [await formerOf(first, second)]));
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: bytes.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, mask) => {
          const changed = Buffer.from(bytes);
          changed[at] = (changed[at] ?? 0) ^ mask;
          assert.match(await outcome(changed, first), /^(untrusted|malformed)$/);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('of another form is malformed', async () => {
    for (const text of ['', '[]', '{}', 'null', '{"keys":[]}'])
      assert.equal(await outcome(text, first), 'malformed');
  });
});

describe('an endorsement', () => {
  test('names the following key to a centre that knows the endorsing key', async () => {
    const text = await endorse(second.keyId, first, nowMs);
    const keyOf = (keyId: string) => (keyId === first.keyId ? first.verifying : undefined);
    assert.deepEqual(await readEndorsement(text, keyOf), { keyId: second.keyId, byKeyId: first.keyId });
    assert.equal(await readEndorsement(text, () => undefined), undefined);
    assert.equal(await readEndorsement(text, () => second.verifying), undefined);
  });

  test('of another form is refused', async () => {
    const keyOf = () => first.verifying;
    const text = await endorse(second.keyId, first, nowMs);
    const typed = await new CompactSign(Buffer.from(JSON.stringify({ key: second.keyId })))
      .setProtectedHeader({ alg: 'EdDSA', kid: first.keyId, typ: 'rollcall+jws', iat: 1 })
      .sign(first.privateKey);
    const unnamed = await new CompactSign(Buffer.from('{"key":1}'))
      .setProtectedHeader({ alg: 'EdDSA', kid: first.keyId, typ: 'rollcall-endorsement+jws', iat: 1 })
      .sign(first.privateKey);
    for (const other of [
      '',
      '...',
      `${text}.`,
      ` ${text}`,
      text.slice(0, -1),
      typed,
      unnamed,
      'x'.repeat(5000),
    ])
      assert.equal(await readEndorsement(other, keyOf), undefined, other.slice(0, 40));
  });
});

test('a fingerprint is the beginning of the thumbprint, in groups', () => {
  const keyId = Buffer.from('00112233445566778899aabbccddeeff'.repeat(2), 'hex').toString('base64url');
  assert.equal(fingerprintOf(keyId), '0011 2233 4455 6677 8899 aabb ccdd eeff');
});

/** The detached signature of a message with its payload inserted. */
function messageAsCompact(text: string): string {
  const at = text.lastIndexOf(',"signature":"');
  const [header, , signature] = text.slice(at + 14, -2).split('.');
  return `${header}.${Buffer.from(`${text.slice(0, at)}}`).toString('base64url')}.${signature}`;
}
