import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { describe, test } from 'node:test';
import { type JWTPayload, SignJWT } from 'jose';
import { AccessTokens } from '../../daemon/core/accounts/access-tokens.js';
import { JumpingClock } from '../support/jumping-clock.js';

const seed = Buffer.alloc(32, 7);
/** RFC 8410 section 7: an Ed25519 key around its seed. */
const key = createPrivateKey({
  key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]),
  ...{ format: 'der', type: 'pkcs8' },
});
const claims = { userId: 'u-1', sessionId: 's-1' };

interface Forged {
  readonly typ?: string;
  readonly issuer?: string;
  readonly audience?: string;
  readonly payload?: JWTPayload;
}

async function openTokens() {
  const clock = new JumpingClock(Date.UTC(2026, 2, 1, 8));
  const tokens = await AccessTokens.open({ seed, box: 'site/box', clock });
  const nowS = Math.floor(clock.wallMs() / 1000);
  const whole: JWTPayload = { sub: 'u-1', sid: 's-1', iat: nowS, exp: nowS + 60 };
  /** Signed with the key of the box, as another part of it might. */
  const signed = ({
    typ = 'at+jwt',
    issuer = 'rollcall:site/box',
    audience = 'rollcall-api',
    payload = whole,
  }: Forged) =>
    new SignJWT({ ...payload, iss: issuer, aud: audience })
      .setProtectedHeader({ alg: 'EdDSA', typ })
      .sign(key);
  const refusalOf = async (forged: Forged) => {
    const verdict = await tokens.verify(await signed(forged));
    return 'refusal' in verdict ? verdict.refusal : undefined;
  };
  return { clock, tokens, whole, refusalOf };
}

describe('an access token', () => {
  test('names its user and its session for 15 minutes, from the whole second in which it is made', async () => {
    const { clock, tokens } = await openTokens();
    const madeAtMs = clock.wallMs();
    clock.advanceBy(600);
    const { text, expiresAtMs } = await tokens.sign(claims);
    assert.equal(expiresAtMs - madeAtMs, 15 * 60_000);
    clock.advanceBy(expiresAtMs - clock.wallMs() - 1);
    assert.deepEqual(await tokens.verify(text), { claims });
    clock.advanceBy(1);
    assert.deepEqual(await tokens.verify(text), { refusal: 'expired' });
  });

  test('is refused when it was changed after it was signed', async () => {
    const { tokens } = await openTokens();
    const [head, body, signature] = (await tokens.sign(claims)).text.split('.');
    const payload = JSON.parse(Buffer.from(body ?? '', 'base64url').toString());
    const other = Buffer.from(JSON.stringify({ ...payload, sub: 'u-2' })).toString('base64url');
    assert.deepEqual(await tokens.verify(`${head}.${other}.${signature}`), { refusal: 'forged' });
  });

  test('is believed only if it was made as one, by this box, for this API', async () => {
    const { refusalOf } = await openTokens();
    assert.equal(await refusalOf({}), undefined);
    assert.equal(await refusalOf({ issuer: 'rollcall:site/other' }), 'of-another-box');
    assert.equal(await refusalOf({ typ: 'JWT' }), 'malformed');
    assert.equal(await refusalOf({ audience: 'another' }), 'of-another-box');
  });

  for (const missing of ['sub', 'sid', 'exp', 'iat'] as const) {
    test(`is refused without ${missing}`, async () => {
      const { refusalOf, whole } = await openTokens();
      const { [missing]: _, ...payload } = whole;
      assert.equal(await refusalOf({ payload }), 'malformed');
    });
  }

  for (const claim of ['sub', 'sid'] as const) {
    test(`is refused when its ${claim} is no text`, async () => {
      const { refusalOf, whole } = await openTokens();
      assert.equal(
        await refusalOf({ payload: { ...whole, [claim]: 5 } as unknown as JWTPayload }),
        'malformed',
      );
    });
  }

  test('of another key is forged', async () => {
    const { clock, tokens } = await openTokens();
    const other = await AccessTokens.open({ seed: Buffer.alloc(32, 8), box: 'site/box', clock });
    assert.deepEqual(await tokens.verify((await other.sign(claims)).text), { refusal: 'forged' });
    assert.deepEqual(await tokens.verify('no token'), { refusal: 'malformed' });
  });
});
