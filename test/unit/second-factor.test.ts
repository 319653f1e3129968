import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  authenticatorUri,
  newAuthenticatorSecret,
  openSecret,
  sealSecret,
  stepOfCode,
} from '../../daemon/core/accounts/second-factor.js';
import { codeAt } from '../support/accounts-fixture.js';

const key = new Uint8Array(32).fill(7);
const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
const nowMs = Date.UTC(2026, 2, 1, 8);
const step = nowMs / 30_000;

describe('the secret of an authenticator', () => {
  test('has 160 bits, and its address names the box and the user', () => {
    assert.match(newAuthenticatorSecret(), /^[A-Z2-7]{32}$/);
    const uri = new URL(authenticatorUri(secret, 'anna', 'werk-nord'));
    assert.equal(decodeURIComponent(uri.pathname), '/rollcall werk-nord:anna');
    assert.deepEqual(
      ['secret', 'issuer'].map((name) => uri.searchParams.get(name)),
      [secret, 'rollcall werk-nord'],
    );
  });

  test('opens for its user and its key only, and only as it was sealed', () => {
    const sealed = sealSecret(key, 'u-1', secret);
    assert.equal(openSecret(key, 'u-1', sealed), secret);
    assert.notDeepEqual(sealSecret(key, 'u-1', secret), sealed);
    assert.equal(openSecret(key, 'u-2', sealed), undefined);
    assert.equal(openSecret(new Uint8Array(32).fill(8), 'u-1', sealed), undefined);
    for (let at = 0; at < sealed.length; at += 1) {
      const altered = Uint8Array.from(sealed);
      altered[at] = (altered[at] ?? 0) ^ 1;
      assert.equal(openSecret(key, 'u-1', altered), undefined, `byte ${at}`);
    }
    for (const length of [0, 1, 23, 24, 25, sealed.length - 1])
      assert.equal(openSecret(key, 'u-1', sealed.subarray(0, length)), undefined, `${length} bytes`);
  });
});

describe('a code of an authenticator', () => {
  const stepAt = (offsetMs: number, lastStep = 0, wallMs = nowMs): number | undefined =>
    stepOfCode(secret, codeAt(secret, nowMs + offsetMs), lastStep, wallMs);

  test('belongs to its step of 30 seconds, the one before or the one after', () => {
    assert.deepEqual([stepAt(0), stepAt(29_999)], [step, step]);
    assert.deepEqual([stepAt(-1), stepAt(-30_000)], [step - 1, step - 1]);
    assert.deepEqual([stepAt(30_000), stepAt(59_999)], [step + 1, step + 1]);
    assert.deepEqual([stepAt(-30_001), stepAt(60_000)], [undefined, undefined]);
  });

  test('counts to the whole second', () => {
    const wallMs = nowMs + 29_999;
    assert.equal(stepAt(30_000, 0, wallMs), step + 1);
    assert.equal(stepAt(-30_000, 0, wallMs), step - 1);
    assert.equal(stepAt(60_000, 0, wallMs), undefined);
  });

  test('works for no step up to the last that was used', () => {
    assert.deepEqual([stepAt(0, step - 1), stepAt(0, step)], [step, undefined]);
    assert.equal(stepAt(-30_000, step - 1), undefined);
  });

  test('has six digits, and may be typed with spaces', () => {
    const code = codeAt(secret, nowMs);
    assert.equal(stepOfCode(secret, ` ${code.slice(0, 3)} ${code.slice(3)} `, 0, nowMs), step);
    for (const wrong of ['', code.slice(1), `${code}0`, `${code}x`, `x${code}`, `${code}\n`])
      assert.equal(stepOfCode(secret, wrong, 0, nowMs), undefined, JSON.stringify(wrong));
  });
});
