import assert from 'node:assert/strict';
import { createPrivateKey, sign } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { CompactSign } from 'jose';
import { importBoxKey } from '../../daemon/core/identity/box-key.js';
import { type KeyOf, signText, verifySignedText } from '../../daemon/core/identity/signed-text.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';

const seed = Buffer.alloc(64, 7);
const key = await importBoxKey(seed);
const other = await importBoxKey(Buffer.alloc(64, 8));
const keyOf: KeyOf = (keyId) => (keyId === key.keyId ? key.verifying : undefined);
const atMs = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

/** A JSON object with at least one attribute and without `signature` at its top level. */
const objects = fc
  .tuple(fc.string({ minLength: 1 }), fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()))
  .map(([name, rest]) => ({ [`a${name}`]: 1, ...rest }))
  .filter((value) => !Object.hasOwn(value, 'signature') && !Object.hasOwn(value, '__proto__'));

const outcomeOf = async (text: string | Uint8Array): Promise<string> =>
  (await verifySignedText(text, keyOf)).outcome;

/** The signature by node:crypto over `json` with the key of this test and any header. */
function signedBy(header: object | string, json: string): string {
  const text = typeof header === 'string' ? header : JSON.stringify(header);
  const protectedHeader = Buffer.from(text).toString('base64url');
  const input = `${protectedHeader}.${Buffer.from(json).toString('base64url')}`;
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed.subarray(0, 32)]);
  const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  const signature = sign(null, Buffer.from(input), privateKey).toString('base64url');
  return `${json.slice(0, -1)},"signature":"${protectedHeader}..${signature}"}`;
}

const goodHeader = { alg: 'EdDSA', kid: key.keyId, typ: 'rollcall+jws', iat: 1_767_323_045 };

describe('a signed text', () => {
  test('verifies with its key, and yields the signed text', async () => {
    await fc.assert(
      fc.asyncProperty(objects, async (value) => {
        const json = JSON.stringify(value);
        const signed = await signText(json, key, atMs);
        assert.ok(signed.startsWith(json.slice(0, -1)), 'the text itself does not change');
        const verdict = await verifySignedText(Buffer.from(signed), keyOf);
        if (verdict.outcome !== 'valid') assert.fail(verdict.outcome);
        assert.equal(verdict.json, json);
        assert.deepEqual(verdict.value, JSON.parse(json));
        assert.equal(verdict.iat, Math.floor(atMs / 1000));
        assert.equal(verdict.keyId, key.keyId);
      }),
    );
  });

  test('equals the result of another implementation of Ed25519', async () => {
    const json = '{"a":1,"b":"é"}';
    assert.equal(await signText(json, key, atMs), signedBy(goodHeader, json));
  });

  test('does not verify when any byte is changed', async () => {
    await fc.assert(
      fc.asyncProperty(objects, fc.nat(), fc.integer({ min: 1, max: 255 }), async (value, at, mask) => {
        const bytes = Buffer.from(await signText(JSON.stringify(value), key, atMs));
        const place = at % bytes.length;
        bytes[place] = (bytes[place] ?? 0) ^ mask;
        assert.notEqual(await outcomeOf(bytes), 'valid');
      }),
      { numRuns: 500 },
    );
    const bytes = Buffer.from(await signText('{"a":"b"}', key, atMs));
    for (let place = 0; place < bytes.length; place += 1) {
      for (let bit = 1; bit < 256; bit *= 2) {
        const altered = Buffer.from(bytes);
        altered[place] = (altered[place] ?? 0) ^ bit;
        assert.notEqual(await outcomeOf(altered), 'valid', `byte ${place}, bit ${bit}`);
      }
    }
  });

  test('does not verify with a part removed, inserted or appended', async () => {
    await fc.assert(
      fc.asyncProperty(
        objects,
        fc.nat(),
        fc.nat({ max: 20 }),
        fc.string({ unit: 'grapheme' }),
        async (value, at, length, inserted) => {
          const signed = await signText(JSON.stringify(value), key, atMs);
          const place = at % (signed.length + 1);
          const altered = signed.slice(0, place) + inserted + signed.slice(place + length);
          if (altered !== signed) assert.notEqual(await outcomeOf(altered), 'valid');
        },
      ),
      { numRuns: 500 },
    );
    const signed = await signText('{"a":1}', key, atMs);
    for (const altered of [`${signed}\n`, ` ${signed}`, `\uFEFF${signed}`, `${signed}${signed}`])
      assert.notEqual(await outcomeOf(altered), 'valid', JSON.stringify(altered.slice(0, 20)));
  });

  test('may contain texts that look like a signature in its data', async () => {
    const borrowed = await signText('{"stolen":true}', key, atMs);
    const attribute = borrowed.slice(borrowed.indexOf(',"signature"'), -1);
    const hostile = [
      { text: attribute },
      { text: `",${attribute}` },
      { data: JSON.parse(borrowed) as unknown },
      { data: { a: 1, signature: 'a..b' }, list: [JSON.parse(borrowed)] },
      { 'a,"signature":"': 1, signature2: attribute },
    ];
    for (const value of hostile) {
      const json = JSON.stringify(value);
      assert.notEqual(await outcomeOf(json), 'valid', json);
      const verdict = await verifySignedText(await signText(json, key, atMs), keyOf);
      assert.deepEqual(verdict.outcome === 'valid' && verdict.value, value);
    }
  });

  test('counts the signature only as the last attribute of the message itself, once', async () => {
    const signed = await signText('{"a":1,"b":2}', key, atMs);
    const attribute = signed.slice(signed.indexOf('"signature"'), -1);
    const { signature } = JSON.parse(signed) as { signature: string };
    const moved = [
      `{"a":1,${attribute},"b":2}`,
      `{${attribute},"a":1,"b":2}`,
      `{"a":1,"b":2,${attribute},${attribute}}`,
      `{"signature":"x","a":1,"b":2,${attribute}}`,
      `{"a":1,"b":2, ${attribute}}`,
      `{"a":1,"b":2,"signature": "${signature}"}`,
      `{"a":1,"b":2,"\\u0073ignature":"${signature}"}`,
      `{"a":1,"b":2,"signature":"${signature.replace('.', '\\u002e')}"}`,
      `[${signed}]`,
    ];
    for (const text of moved) assert.equal(await outcomeOf(text), 'malformed', text);
    assert.equal(await outcomeOf(`{"data":{"a":1,"b":2,${attribute}}}`), 'unsigned');
    assert.equal(await outcomeOf('{"a":1}'), 'unsigned');
  });

  test('with a header of another form is refused although the signature itself is valid', async () => {
    const json = '{"a":1}';
    assert.equal(await outcomeOf(signedBy(goodHeader, json)), 'valid');
    const headers = [
      { ...goodHeader, alg: 'none' },
      { ...goodHeader, alg: 'HS256' },
      { ...goodHeader, alg: 'Ed25519' },
      { ...goodHeader, typ: 'JWT' },
      { ...goodHeader, crit: ['exp'], exp: 1 },
      { ...goodHeader, b64: true },
      { ...goodHeader, jwk: other.verifying },
      { ...goodHeader, jku: 'https://example.org/keys' },
      { alg: 'EdDSA', kid: key.keyId, typ: 'rollcall+jws' },
      { ...goodHeader, iat: '1' },
      { ...goodHeader, iat: 1.5 },
      { ...goodHeader, kid: '../../etc/passwd' },
      '[]',
      'null',
      '{',
      '',
    ];
    for (const header of headers)
      assert.equal(await outcomeOf(signedBy(header, json)), 'malformed', JSON.stringify(header));
  });

  test('without algorithm, or with a secret made of the public key, is refused', async () => {
    const json = '{"a":1}';
    const none = Buffer.from(JSON.stringify({ ...goodHeader, alg: 'none' })).toString('base64url');
    assert.equal(await outcomeOf(`{"a":1,"signature":"${none}.."}`), 'malformed');
    const hmac = await new CompactSign(Buffer.from(json))
      .setProtectedHeader({ ...goodHeader, alg: 'HS256' })
      .sign(Buffer.from(key.verifying.x, 'base64url'));
    const [header, , signature] = hmac.split('.');
    assert.equal(await outcomeOf(`{"a":1,"signature":"${header}..${signature}"}`), 'malformed');
  });

  test('under an unknown key is unknown, under the id of this key bad', async () => {
    const signed = await signText('{"a":1}', other, atMs);
    assert.deepEqual(await verifySignedText(signed, keyOf), {
      outcome: 'unknown-key',
      keyId: other.keyId,
    });
    const lying = await signText('{"a":1}', { ...other, keyId: key.keyId }, atMs);
    assert.deepEqual(await verifySignedText(lying, keyOf), { outcome: 'bad-signature', keyId: key.keyId });
  });

  test('any other input is refused without an exception', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string({ unit: 'binary' }), fc.uint8Array()), async (text) => {
        assert.notEqual(await outcomeOf(text), 'valid');
      }),
    );
    for (const text of ['', '{}', 'null', '[]', '1', '"a"', '{"signature":1}', '{"a":1,"signature":".."}'])
      assert.match(await outcomeOf(text), /^(malformed|unsigned)$/);
    assert.equal(await outcomeOf(`${'['.repeat(100_000)}`), 'malformed');
    assert.equal(await outcomeOf('{"a":"\ud800"}'), 'malformed');
  });

  test('is not made from a text that is not an object with an attribute', async () => {
    for (const text of ['', '{}', '[1]', '"a"', '{"a":"\ud800"}'])
      await assert.rejects(signText(text, key, atMs), (error) => isRollcallError(error, 'not-signable'));
  });
});
