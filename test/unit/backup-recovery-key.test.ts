import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { newRecoveryKey, recoveryKeyId, recoveryKeyOf } from '../../daemon/core/backups/recovery-key.js';
import { readRecoveryKey, writeRecoveryKey } from '../../daemon/core/backups/recovery-key-text.js';

const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
const half = fc.constantFrom('secret', 'public');

describe('a recovery key', () => {
  test('determines its public half and its id by the secret half', () => {
    const made = newRecoveryKey();
    const again = recoveryKeyOf(made.secretKey);
    assert.deepEqual(Buffer.from(again.publicKey), Buffer.from(made.publicKey));
    assert.match(recoveryKeyId(made.publicKey), /^[0-9a-f]{16}$/);
    assert.notEqual(recoveryKeyId(made.publicKey), recoveryKeyId(newRecoveryKey().publicKey));
  });

  test('has the public half that OpenSSL derives from the secret one', () => {
    const { publicKey, secretKey } = newRecoveryKey();
    // RFC 8410: what precedes the 32 bytes of an X25519 private key in PKCS #8.
    const der = Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), secretKey]);
    const jwk = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })).export({
      format: 'jwk',
    });
    assert.deepEqual(Buffer.from(jwk.x ?? '', 'base64url'), Buffer.from(publicKey));
  });

  test('is the same after being written and read, also in capitals and with white space', () => {
    fc.assert(
      fc.property(half, key, (which, bytes) => {
        const line = Buffer.from(writeRecoveryKey(which, bytes)).toString('latin1');
        assert.match(line, new RegExp(`^rollcall-recovery-${which}-1 [0-9a-f]{72}\n$`));
        const [word = '', digits = ''] = line.trim().split(' ');
        const typed = `\n ${word}\r\n${digits.toUpperCase().replace(/(.{8})/g, '$1 ')}\n`;
        for (const text of [line, typed]) {
          assert.deepEqual(Buffer.from(readRecoveryKey(which, Buffer.from(text))), Buffer.from(bytes));
        }
      }),
    );
  });

  test('refuses one wrong, missing or surplus character, and the other half', () => {
    fc.assert(
      fc.property(half, key, fc.nat(), fc.integer({ min: 1, max: 127 }), (which, bytes, where, flip) => {
        const line = Buffer.from(writeRecoveryKey(which, bytes)).subarray(0, -1);
        const offset = where % line.length;
        const altered = Buffer.from(line);
        altered[offset] = (altered[offset] ?? 0) ^ flip;
        const isSame = altered.toString('latin1').toLowerCase() === line.toString('latin1') && offset > 26;
        const isSpace = (line[offset] ?? 0) <= 0x20 && (altered[offset] ?? 0) <= 0x20;
        if (!isSame && !isSpace) assert.throws(() => readRecoveryKey(which, altered), malformed);
        assert.throws(() => readRecoveryKey(which, line.subarray(0, -1)), malformed);
        assert.throws(() => readRecoveryKey(which, Buffer.concat([line, Buffer.from('0')])), malformed);
        assert.throws(() => readRecoveryKey(which === 'secret' ? 'public' : 'secret', line), malformed);
      }),
    );
  });

  test('does not repeat refused text', () => {
    const line = Buffer.from(writeRecoveryKey('secret', new Uint8Array(32).fill(0xab)));
    line[60] = 0x30;
    assert.throws(
      () => readRecoveryKey('secret', line),
      (error) => error instanceof Error && malformed.code !== '' && !error.message.includes('abab'),
    );
  });
});

const malformed = { code: 'recovery-key-malformed' };
