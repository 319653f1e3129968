import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readToken } from '../../daemon/core/commands/verify-command.js';

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const header = base64url({ alg: 'EdDSA', kid: 'k'.repeat(43) });
const claims = base64url({ iss: 'head-office' });
const read = (text: string) => readToken(Buffer.from(text));

describe('reading a token', () => {
  test('gives its key and algorithm, and the whole text to verify', () => {
    const text = `${header}.${claims}.c2ln`;
    assert.deepEqual(read(text), { text, keyId: 'k'.repeat(43), algorithm: 'EdDSA' });
  });

  test('is refused as malformed where one of the two dots is missing', () => {
    for (const text of ['', header, `${header}.${claims}`, `${header}.`, claims]) {
      assert.equal(read(text), 'malformed', text);
    }
  });

  test('is refused as unsigned without a signature, and with the algorithm "none"', () => {
    assert.equal(read(`${header}.${claims}.`), 'unsigned');
    assert.equal(read(`${base64url({ alg: 'None' })}.${claims}.c2ln`), 'unsigned');
  });

  test('is refused with a header that is too long, critical, or of another algorithm', () => {
    const long = base64url({ alg: 'EdDSA', kid: 'k'.repeat(43), more: 'x'.repeat(800) });
    assert.equal(read(`${long}.${claims}.c2ln`), 'malformed');
    const critical = base64url({ alg: 'EdDSA', kid: 'k'.repeat(43), crit: ['exp'] });
    assert.equal(read(`${critical}.${claims}.c2ln`), 'malformed');
    assert.equal(
      read(`${base64url({ alg: 'HS256', kid: 'k'.repeat(43) })}.${claims}.c2ln`),
      'algorithm-refused',
    );
    assert.equal(read(`${base64url({ alg: 'EdDSA' })}.${claims}.c2ln`), 'unknown-issuer');
    assert.equal(read(`${Buffer.from('"x"').toString('base64url')}.${claims}.c2ln`), 'malformed');
  });
});
