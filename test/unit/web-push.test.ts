import assert from 'node:assert/strict';
import { createECDH } from 'node:crypto';
import { describe, test } from 'node:test';
import { importJWK, jwtVerify } from 'jose';
import { encryptPush, isPushKey, mostPushBytes, vapidKeyOf } from '../../daemon/host/web-push.js';
import { isPushHost, pushAddress, pushHosts } from '../../daemon/kernel/alerts/push-host.js';

const bytes = (text: string): Buffer => Buffer.from(text, 'base64url');

describe('a message for a browser', () => {
  test('is encrypted as the example of RFC 8291 says', () => {
    const ephemeral = createECDH('prime256v1');
    ephemeral.setPrivateKey(bytes('yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw'));
    const keys = {
      p256dh: bytes(
        'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
      ),
      auth: bytes('BTBZMqHH6r4Tts7J_aSIgg'),
    };
    const salt = bytes('DGv6ra1nlYgDCS1FRnbzlw');
    const plain = Buffer.from('When I grow up, I want to be a watermelon');
    assert.equal(
      encryptPush(plain, keys, { ephemeral, salt }).toString('base64url'),
      'DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN',
    );
    assert.notDeepEqual(encryptPush(plain, keys), encryptPush(plain, keys), 'each has a key of its own');
  });

  test('fits into what push services take', () => {
    const keys = { p256dh: newPoint(), auth: Buffer.alloc(16) };
    assert.equal(encryptPush(Buffer.alloc(mostPushBytes), keys).length, 4096);
    assert.throws(() => encryptPush(Buffer.alloc(mostPushBytes + 1), keys), RangeError);
  });

  test('is encrypted only for a point of the curve', () => {
    const point = newPoint();
    assert.ok(isPushKey(point));
    for (const wrong of [Buffer.alloc(65), Buffer.alloc(65, 4), point.subarray(1), Buffer.alloc(0)])
      assert.ok(!isPushKey(wrong), wrong.toString('hex'));
  });
});

describe('the key with which the box shows push services who it is', () => {
  test('signs for one service, for 12 hours, with the address of the owner', async () => {
    const key = vapidKeyOf(Buffer.alloc(32, 7));
    const nowMs = Date.parse('2026-03-02T09:00:00Z');
    const header = key.authorization('https://push.example.org', 'owner@example.org', nowMs);
    const [, token = '', shown] = /^vapid t=([^,]+), k=(.+)$/.exec(header) ?? [];
    assert.equal(shown, key.publicKey);
    const point = bytes(key.publicKey);
    const publicKey = await importJWK({
      ...{ kty: 'EC', crv: 'P-256', alg: 'ES256' },
      ...{ x: point.toString('base64url', 1, 33), y: point.toString('base64url', 33) },
    });
    const { payload } = await jwtVerify(token, publicKey, { currentDate: new Date(nowMs) });
    assert.deepEqual(payload, {
      ...{ aud: 'https://push.example.org', exp: nowMs / 1000 + 12 * 3600, sub: 'mailto:owner@example.org' },
    });
  });

  test('is the same for the same seed, and there is one for every seed', () => {
    const keyOf = (seed: Buffer): string => vapidKeyOf(seed).publicKey;
    assert.equal(keyOf(Buffer.alloc(32, 7)), keyOf(Buffer.alloc(32, 7)));
    const keys = [Buffer.alloc(32), Buffer.alloc(32, 7), Buffer.alloc(32, 255)].map(keyOf);
    assert.equal(new Set(keys).size, 3);
    for (const each of keys) assert.ok(isPushKey(bytes(each)));
  });
});

describe('the address that a browser names', () => {
  test('is of one of the makers of browsers, over TLS', () => {
    for (const address of [
      'https://fcm.googleapis.com/fcm/send/x',
      'https://updates.push.services.mozilla.com/wpush/v2/x',
      'https://web.push.apple.com/x',
      'https://wns2-am3p.notify.windows.com/w/?token=x',
    ])
      assert.equal(pushAddress(address, pushHosts)?.href, address);
    for (const address of [
      'http://fcm.googleapis.com/x',
      'https://fcm.googleapis.com:8443/x',
      'https://user@fcm.googleapis.com/x',
      'https://fcm.googleapis.com@127.0.0.1/x',
      'https://fcm.googleapis.com.example.org/x',
      'https://evilfcm.googleapis.com/x',
      'https://push.apple.com/x',
      'https://evilpush.apple.com/x',
      'https://127.0.0.1/x',
      'https://[::1]/x',
      'ftp://fcm.googleapis.com/x',
      'fcm.googleapis.com',
      '',
    ])
      assert.equal(pushAddress(address, pushHosts), undefined, address);
  });

  test('may have a port where the owner names it', () => {
    assert.ok(isPushHost('127.0.0.1:8443', ['127.0.0.1:8443']));
    assert.ok(!isPushHost('127.0.0.1:8444', ['127.0.0.1:8443']));
  });
});

function newPoint(): Buffer {
  const ecdh = createECDH('prime256v1');
  ecdh.generateKeys();
  return ecdh.getPublicKey();
}
