import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { importPKCS8, SignJWT } from 'jose';
import { readIssuerKey } from '../../daemon/publish/commands/issuer-key.js';
import type { TrustedKey } from '../../daemon/publish/commands/trusted-keys.js';
import { verifyCommand } from '../../daemon/publish/commands/verify-command.js';
import { largestEnrolmentBytes, largestTokenBytes } from '../../daemon/publish/contract/command-schema.js';
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

describe('a command that is in order', () => {
  for (const algorithm of ['EdDSA', 'ES256'] as const) {
    test(`is verified with ${algorithm}, and says who sent it`, async () => {
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

  test('may come a minute early or late, for clocks differ', async () => {
    const issuer = await newIssuer();
    const keys = [await trusted(issuer)];
    assert.equal(await codeOf(await token(issuer, { ...erase, issuedAtS: nowS + 60 }), keys), 'verified');
    assert.equal(await codeOf(await token(issuer, { ...erase, issuedAtS: nowS - 359 }), keys), 'verified');
  });
});

describe('what a token may not be', () => {
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
    ['malformed', 'with an id that is no UUID', { id: 'one/two' }],
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

  test('larger than its command may be, whoever sends it: too-large', async () => {
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

  test('of a name that there is not: unknown-command', async () => {
    const issuer = await newIssuer();
    const keys = [await trusted(issuer)];
    for (const name of ['open-door', 'constructor', '__proto__', 'toString', '']) {
      assert.equal(
        await codeOf(await token(issuer, { ...erase, command: name }), keys, name),
        'unknown-command',
      );
    }
  });

  test('signed by nobody, with a key unknown, over, of another kind, or altered', async () => {
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

  test('with anything critical in its header: malformed', async () => {
    const issuer = await newIssuer();
    const found = await codeOf(await token(issuer, { ...erase, header: { b64: true, crit: ['b64'] } }), [
      await trusted(issuer),
    ]);
    assert.equal(found, 'malformed');
  });
});

describe('a refusal', () => {
  test('finds the id in a token too large to be looked at, and repeats nothing of it', async () => {
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
    for (let shift = 0; shift < 4; shift += 1) {
      const claims = JSON.stringify({ padding: 'x'.repeat(70_000 + shift), jti: id });
      const text = `e30.${Buffer.from(claims).toString('base64url')}.c2ln`;
      const late = await verdict(Buffer.from(text), []);
      assert.equal(late.outcome === 'refused' && late.commandId, id, `shifted by ${shift}`);
    }
  });

  test('names the id that was proven, in lower case, and not another that stands in the arguments', async () => {
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

  test('says what time it is on the box where that is the matter', async () => {
    const issuer = await newIssuer();
    const found = await verdict(await token(issuer, { ...erase, issuedAtS: nowS - 7200 }), [
      await trusted(issuer),
    ]);
    assert.match(found.outcome === 'refused' ? found.message : '', /2026-03-02T08:00:00\.000Z/);
    const early = await verdict(await token(issuer, { ...erase, issuedAtS: nowS + 7200 }), [
      await trusted(issuer),
    ]);
    const message = early.outcome === 'refused' ? early.message : '';
    assert.equal(
      message,
      'the command is not in force yet; the clock of the box says 2026-03-02T08:00:00.000Z',
    );
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

  test('is refused where it is private, of another kind, or none', async () => {
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
