import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { importPKCS8, SignJWT } from 'jose';
import { largestEnrolmentBytes } from '../../daemon/contract/events/command-schema.js';
import { largestTokenBytes } from '../../daemon/contract/events/message-fields.js';
import type { TrustedKey } from '../../daemon/core/commands/issuer-keys.js';
import { readIssuerKey } from '../../daemon/core/commands/issuer-keys.js';
import { verifyCommand } from '../../daemon/core/commands/verify-command.js';
import { type Issuer, newIssuer, type TokenOptions, token } from '../support/command-centre.js';

const nowMs = Date.UTC(2026, 2, 2, 8);
const nowS = nowMs / 1000;
const person = { person: 'p-1' };
const erase: TokenOptions = { command: 'erase-person', arguments: person, issuedAtS: nowS };

async function trusted(issuer: Issuer, more: Partial<TrustedKey> = {}): Promise<TrustedKey> {
  const key = await readIssuerKey(issuer.publicText);
  return { ...key, issuerId: issuer.id, scopes: ['persons:erase'], ...more };
}

async function verdict(bytes: Uint8Array, keys: readonly TrustedKey[], topic = 'erase-person') {
  const find = (keyId: string) => keys.find((key) => key.keyId === keyId);
  return verifyCommand(topic, bytes, { keys: { find }, audience: 'site/box', nowMs });
}

async function codeOf(bytes: Uint8Array, keys: readonly TrustedKey[], topic?: string): Promise<string> {
  const found = await verdict(bytes, keys, topic);
  return found.outcome === 'refused' ? found.code : found.outcome;
}

describe('a valid command', () => {
  for (const algorithm of ['EdDSA', 'ES256'] as const) {
    test(`is verified with ${algorithm}, and names its sender`, async () => {
      const issuer = await newIssuer('head-office', algorithm);
      const id = randomUUID();
      const found = await verdict(await token(issuer, { ...erase, id }), [await trusted(issuer)]);
      assert.equal(found.outcome, 'verified');
      if (found.outcome !== 'verified') return;
      const { commandId, issuerId, name, keyId, expiresAtMs } = found;
      assert.deepEqual(
        { commandId, issuerId, name, keyId, expiresAtMs, arguments: found.arguments },
        {
          commandId: id,
          issuerId: 'head-office',
          name: 'erase-person',
          keyId: issuer.keyId,
          expiresAtMs: nowMs + 300_000,
          arguments: person,
        },
      );
    });
  }

  test('may come a minute early or late, because clocks differ', async () => {
    const issuer = await newIssuer();
    const keys = [await trusted(issuer)];
    assert.equal(await codeOf(await token(issuer, { ...erase, issuedAtS: nowS + 60 }), keys), 'verified');
    assert.equal(await codeOf(await token(issuer, { ...erase, issuedAtS: nowS - 359 }), keys), 'verified');
  });

  const justInOrder: readonly (readonly [what: string, options: Partial<TokenOptions>])[] = [
    ['may be used from a minute later on', { claims: { nbf: nowS + 60 } }],
    ['is in force for a whole day', { lifetimeS: 86_400 }],
    ['ends when it begins', { lifetimeS: 0 }],
    ['has other scopes beside its own', { scope: 'cameras persons:erase events' }],
  ];
  for (const [what, options] of justInOrder) {
    test(`is verified if it ${what}`, async () => {
      const issuer = await newIssuer();
      const bytes = await token(issuer, { ...erase, ...options });
      assert.equal(await codeOf(bytes, [await trusted(issuer)]), 'verified');
    });
  }

  test('is verified until its key expires, up to the largest size, and remembered until the millisecond after its end', async () => {
    const issuer = await newIssuer();
    const keys = [await trusted(issuer, { notAfterMs: nowMs + 1 })];
    const empty = await token(issuer, { ...erase, claims: { padding: '' } });
    // Three bytes of claims are four characters of the token.
    const padding = 'x'.repeat(Math.floor(((largestTokenBytes - empty.length) * 3) / 4));
    const exp = nowS + 300.0001;
    const largest = await token(issuer, { ...erase, claims: { padding: padding.slice(6), exp } });
    assert.ok(largest.length > largestTokenBytes - 16, `${largest.length} bytes`);
    const found = await verdict(largest, keys);
    assert.equal(found.outcome === 'verified' && found.expiresAtMs, nowMs + 300_001);
    const exact = Buffer.alloc(largestTokenBytes, 'a');
    assert.equal(await codeOf(exact, keys), 'malformed');
    assert.equal(await codeOf(Buffer.alloc(largestTokenBytes + 1, 'a'), keys), 'too-large');
  });

  test('is the same command however often its issuer signs it: signatures on P-256 never repeat', async () => {
    const issuer = await newIssuer('head-office', 'ES256');
    const keys = [await trusted(issuer)];
    const same = { ...erase, id: randomUUID() };
    const [first, second] = [await token(issuer, same), await token(issuer, same)];
    assert.ok(!first.equals(second));
    const texts = [await verdict(first, keys), await verdict(second, keys)].map((found) =>
      found.outcome === 'verified' ? found.claimsText : '',
    );
    assert.equal(texts[0], texts[1]);
    assert.equal(texts[0], first.toString('latin1').split('.').slice(0, 2).join('.'));
  });
});

describe('an invalid token', () => {
  const table: readonly (readonly [code: string, what: string, options: Partial<TokenOptions>])[] = [
    ['expired', 'over by the skew', { issuedAtS: nowS - 360 }],
    ['not-yet-valid', 'of more than a minute later', { issuedAtS: nowS + 61 }],
    ['not-yet-valid', 'not to be used before', { claims: { nbf: nowS + 61 } }],
    ['lifetime-too-long', 'in force for more than a day', { lifetimeS: 86_401 }],
    ['lifetime-too-long', 'over before it began', { issuedAtS: nowS + 30, lifetimeS: -20 }],
    ['wrong-audience', 'for another box', { audience: 'site/other' }],
    ['wrong-audience', 'for this box under another prefix', { audience: 'site/box/' }],
    ['malformed', 'for several boxes', { audience: ['site/box', 'site/other'] }],
    ['malformed', 'without an end', { claims: { exp: undefined } }],
    ['malformed', 'without a beginning', { claims: { iat: undefined } }],
    ['malformed', 'without an id', { claims: { jti: undefined } }],
    ['malformed', 'with an id that is not a UUID', { id: 'one/two' }],
    ['lifetime-too-long', 'in force for ever', { claims: { exp: Number.MAX_SAFE_INTEGER } }],
    ['wrong-topic', 'another command', { command: 'gallery-digest' }],
    ['unknown-issuer', 'of another issuer than its key', { issuerId: 'branch-office' }],
    ['out-of-scope', 'without the scope', { scope: 'persons:read persons:write' }],
    ['out-of-scope', 'with a scope that only begins so', { scope: 'persons:erase2 persons:erasex' }],
    ['bad-arguments', 'without what it needs', { arguments: {} }],
    ['bad-arguments', 'with more than it needs', { arguments: { ...person, force: true } }],
  ];
  for (const [code, what, options] of table) {
    test(`${what}: ${code}`, async () => {
      const issuer = await newIssuer();
      const id = randomUUID();
      const found = await verdict(await token(issuer, { ...erase, id, ...options }), [await trusted(issuer)]);
      assert.equal(found.outcome === 'refused' && found.code, code);
      if (found.outcome !== 'refused') return;
      assert.equal(found.issuerId, 'head-office', 'the signature was proven');
      if (what !== 'without an id' && !what.startsWith('with an id')) assert.equal(found.commandId, id);
    });
  }

  test('is refused as too-large if it is larger than allowed, from any sender', async () => {
    const issuer = await newIssuer();
    const keys = [await trusted(issuer)];
    const large = await token(issuer, { ...erase, claims: { padding: 'x'.repeat(largestTokenBytes) } });
    assert.equal(await codeOf(large, keys), 'too-large');
    assert.equal(
      await codeOf(Buffer.alloc(largestEnrolmentBytes + 1, 'a'), keys, 'enrol-person'),
      'too-large',
    );
    assert.equal(await codeOf(Buffer.alloc(largestEnrolmentBytes, '['), keys, 'enrol-person'), 'malformed');
  });

  test('is refused as unknown-command if no command has its name', async () => {
    const issuer = await newIssuer();
    const keys = [await trusted(issuer)];
    for (const name of ['open-door', 'constructor', '__proto__', 'toString', '']) {
      assert.equal(
        await codeOf(await token(issuer, { ...erase, command: name }), keys, name),
        'unknown-command',
      );
    }
  });

  test('is refused if unsigned, altered, or signed with an unknown, expired or wrong kind of key', async () => {
    const issuer = await newIssuer();
    const stranger = await newIssuer();
    const keys = [await trusted(issuer)];
    const good = (await token(issuer, erase)).toString('latin1');
    const [header = '', claims = '', signature = ''] = good.split('.');
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const bytes = (text: string) => Buffer.from(text, 'latin1');

    assert.equal(await codeOf(bytes(`${header}.${claims}.`), keys), 'unsigned');
    const none = part({ alg: 'none', kid: issuer.keyId });
    for (const unsecured of [`${none}.${claims}.`, `${none}.${claims}.${signature}`]) {
      assert.equal(await codeOf(bytes(unsecured), keys), 'unsigned');
    }
    for (const alg of ['HS256', 'RS256', 'Ed25519', 'ES384', 7]) {
      const other = part({ alg, kid: issuer.keyId });
      assert.equal(await codeOf(bytes(`${other}.${claims}.${signature}`), keys), 'algorithm-refused');
    }
    const swapped = part({ alg: 'ES256', kid: issuer.keyId });
    assert.equal(await codeOf(bytes(`${swapped}.${claims}.${signature}`), keys), 'algorithm-refused');
    assert.equal(await codeOf(await token(stranger, erase), keys), 'unknown-issuer');
    assert.equal(
      await codeOf(await token(issuer, { ...erase, header: { kid: undefined } }), keys),
      'unknown-issuer',
    );
    assert.equal(
      await codeOf(await token(stranger, { ...erase, header: { kid: issuer.keyId } }), keys),
      'bad-signature',
    );
    const other = part({ iss: 'head-office', aud: 'site/box' });
    assert.equal(await codeOf(bytes(`${header}.${other}.${signature}`), keys), 'bad-signature');
    assert.equal(await codeOf(bytes(`${header}..${signature}`), keys), 'bad-signature', 'of nothing');
    const over = [await trusted(issuer, { notAfterMs: nowMs })];
    assert.equal(await codeOf(await token(issuer, erase), over), 'key-expired');
    const harmless = [await trusted(issuer, { scopes: ['cameras'] })];
    assert.equal(await codeOf(await token(issuer, erase), harmless), 'out-of-scope');
    for (const text of [
      '',
      '.',
      '..',
      '...',
      'a.b',
      'a.b.c',
      'e30.e30.e30',
      `${good}.more`,
      '\0'.repeat(100),
    ]) {
      assert.match(await codeOf(bytes(text), keys), /^(malformed|algorithm-refused|bad-signature)$/, text);
    }
  });

  test('is refused as malformed with a critical header', async () => {
    const issuer = await newIssuer();
    const found = await codeOf(await token(issuer, { ...erase, header: { b64: true, crit: ['b64'] } }), [
      await trusted(issuer),
    ]);
    assert.equal(found, 'malformed');
  });
});

describe('a refusal', () => {
  test('finds the id only near either end of the claims, and in no header that is too long', async () => {
    const id = randomUUID();
    const before = (length: number) => `{"padding":"${'x'.repeat(length)}","jti":"${id}"`;
    const found = async (claims: string, header = 'e30') => {
      const text = `${header}.${Buffer.from(claims).toString('base64url')}.c2ln`;
      const refusal = await verdict(Buffer.from(text), []);
      return refusal.outcome === 'refused' && refusal.commandId === id;
    };
    // 4,096 characters are 3,072 bytes.
    const room = 3_072 - before(0).length;
    const rest = `,"more":"${'x'.repeat(10_000)}"}`;
    assert.equal(await found(`${before(room)}${rest}`), true, 'it ends where the search ends');
    assert.equal(await found(`${before(room + 1)}${rest}`), false);
    // The dot and the signature are searched along with the end of the claims.
    const tail = (length: number) => `${before(10_000)},"more":"${'x'.repeat(length)}"}`;
    const around = `"jti":"${id}","more":""}`.length;
    const left = Math.floor(((4_096 - '.c2ln'.length) * 3) / 4) - around;
    assert.equal(await found(tail(left - 3)), true);
    assert.equal(await found(tail(left + 3)), false);
    assert.equal(await found(before(0), 'A'.repeat(1_024)), true);
    assert.equal(await found(before(0), 'A'.repeat(1_025)), false);
    assert.equal((await verdict(Buffer.from('e30'), [])).outcome, 'refused');
  });

  test('is malformed for a header of more than 1,024 characters', async () => {
    const issuer = await newIssuer();
    const keys = [await trusted(issuer)];
    const withPadding = (padding: string) => token(issuer, { ...erase, header: { padding } });
    const headerOf = (bytes: Buffer): string => bytes.toString('latin1').split('.')[0] ?? '';
    const bare = Buffer.from(headerOf(await withPadding('')), 'base64url').length;
    // 768 bytes are 1,024 characters.
    const fitting = await withPadding('x'.repeat(768 - bare));
    assert.equal(headerOf(fitting).length, 1_024);
    assert.equal(await codeOf(fitting, keys), 'verified');
    assert.equal(await codeOf(await withPadding('x'.repeat(769 - bare)), keys), 'malformed');
  });

  test('names up to five invalid places and their errors', async () => {
    const issuer = await newIssuer();
    const message = async (given: unknown) => {
      const claims = { arguments: given };
      const found = await verdict(await token(issuer, { ...erase, claims }), [await trusted(issuer)]);
      return found.outcome === 'refused' ? found.message : '';
    };
    assert.match(await message({ person: 'p-1', b: 1 }), /: the whole \(unrecognized keys\)$/);
    assert.match(await message({}), /: person \(invalid type\)$/);
    const manyWrong = { iat: 'a', nbf: 'a', exp: 'a', jti: 'a', scope: 1, command: 1, arguments: 1 };
    const found = await verdict(await token(issuer, { ...erase, claims: manyWrong }), [
      await trusted(issuer),
    ]);
    assert.equal(found.outcome === 'refused' && found.message.split(', ').length, 5);
  });

  test('finds the id in a token that is too large to parse, and repeats nothing of it', async () => {
    const issuer = await newIssuer();
    const id = randomUUID();
    const padding = `evil\u001b[2J${'x'.repeat(largestTokenBytes)}`;
    const before = await token(issuer, { ...erase, id, claims: { padding } });
    const found = await verdict(before, []);
    assert.equal(found.outcome, 'refused');
    if (found.outcome === 'refused') {
      assert.equal(found.commandId, id);
      assert.equal(found.issuerId, undefined);
      assert.doesNotMatch(found.message, /evil/);
    }
    for (let shift = 0; shift < 16; shift += 1) {
      const claims = JSON.stringify({ padding: 'x'.repeat(70_000 + (shift >> 2)), jti: id });
      const signature = 'c2lnc2ln'.slice(shift % 4);
      const text = `e30.${Buffer.from(claims).toString('base64url')}.${signature}`;
      const late = await verdict(Buffer.from(text), []);
      assert.equal(late.outcome === 'refused' && late.commandId, id, `shifted by ${shift}`);
    }
  });

  test('names the proven id in lower case, not another id in the arguments', async () => {
    const issuer = await newIssuer();
    const id = randomUUID();
    const claims = { arguments: { jti: randomUUID() }, jti: id.toUpperCase() };
    const bytes = await token(issuer, { ...erase, claims });
    const found = await verdict(bytes, [await trusted(issuer)]);
    assert.equal(found.outcome === 'refused' && found.code, 'bad-arguments');
    assert.equal(found.outcome === 'refused' && found.commandId, id);
    const unknown = await verdict(await token(issuer, { ...erase, id: id.toUpperCase() }), []);
    assert.equal(unknown.outcome === 'refused' && unknown.commandId, id);
  });

  test('includes the time of the box if the time is the problem', async () => {
    const issuer = await newIssuer();
    const found = await verdict(await token(issuer, { ...erase, issuedAtS: nowS - 7200 }), [
      await trusted(issuer),
    ]);
    assert.match(found.outcome === 'refused' ? found.message : '', /2026-03-02T08:00:00\.000Z/);
    const early = await verdict(await token(issuer, { ...erase, issuedAtS: nowS + 7200 }), [
      await trusted(issuer),
    ]);
    const message = early.outcome === 'refused' ? early.message : '';
    assert.equal(message, 'the command is not valid yet; the clock of the box says 2026-03-02T08:00:00.000Z');
    const over = await verdict(await token(issuer, erase), [await trusted(issuer, { notAfterMs: nowMs })]);
    assert.match(over.outcome === 'refused' ? over.message : '', /; the clock of the box says/);
    const elsewhere = await verdict(await token(issuer, { ...erase, audience: 'a' }), [
      await trusted(issuer),
    ]);
    assert.equal(elsewhere.outcome === 'refused' && elsewhere.message, 'the command is for another box');
  });
});

describe('the key of an issuer', () => {
  test('is read as a JWK and as PEM, to the same key', async () => {
    const issuer = await newIssuer('head-office', 'ES256');
    const { createPublicKey } = await import('node:crypto');
    const jwk = JSON.parse(issuer.publicText) as Record<string, string>;
    const pem = createPublicKey({ key: jwk, format: 'jwk' })
      .export({ type: 'spki', format: 'pem' })
      .toString();
    assert.deepEqual(await readIssuerKey(pem), await readIssuerKey(issuer.publicText));
    assert.equal((await readIssuerKey(pem)).keyId, issuer.keyId);
  });

  test('is refused if it is private, of another kind, or not a key', async () => {
    const { generateKeyPairSync } = await import('node:crypto');
    const { publicKey: rsa } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const { privateKey } = generateKeyPairSync('ed25519');
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const privateJwk = JSON.stringify(privateKey.export({ format: 'jwk' }));
    const code = (wanted: string) => (error: { code?: string }) => error.code === wanted;
    await assert.rejects(readIssuerKey(pem), code('issuer-key-private'));
    await assert.rejects(readIssuerKey(privateJwk), code('issuer-key-private'));
    const rsaPem = rsa.export({ type: 'spki', format: 'pem' }).toString();
    await assert.rejects(readIssuerKey(rsaPem), code('issuer-key-unsupported'));
    for (const text of ['', '{}', '{', 'hello', '[]', '{"kty":"OKP","crv":"Ed25519","x":"AA"}']) {
      await assert.rejects(readIssuerKey(text), code('issuer-key-unreadable'), text);
    }
    // A pair made elsewhere signs what the box verifies.
    const foreign = await importPKCS8(pem, 'EdDSA');
    assert.ok(await new SignJWT({}).setProtectedHeader({ alg: 'EdDSA' }).sign(foreign));
  });
});
