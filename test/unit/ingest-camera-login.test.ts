import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { CameraLogin, parseChallenges } from '../../daemon/vision/ingest/rtsp-login.js';

const first = { repetitions: 0, hadLogin: false };
const answered = { repetitions: 1, hadLogin: true };
const credential = { user: 'Mufasa', password: 'Circle of Life' };
const md5 = 'Digest realm="cam", nonce="n1"';

/** The challenge and the answers of RFC 7616, section 3.9.1. */
const published = {
  rest: 'realm="http-auth@example.org", qop="auth, auth-int", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"',
  clientNonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
  responses: {
    MD5: '8ca523f5e9506fed4657c9700eebdbec',
    'SHA-256': '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1',
  },
};

describe('login at a camera', () => {
  for (const [algorithm, response] of Object.entries(published.responses)) {
    test(`answers as RFC 7616 publishes it for ${algorithm}`, () => {
      const login = new CameraLogin(credential, false, () => published.clientNonce);
      const challenge = `Digest ${published.rest}, algorithm=${algorithm}`;
      assert.equal(login.challenged([challenge], first), 'again');
      const value = login.authorization('GET', '/dir/index.html') ?? '';
      assert.ok(value.includes(`response="${response}"`), value);
      assert.ok(value.includes(`algorithm=${algorithm}`) && value.includes('qop=auth, nc=00000001'), value);
      assert.ok(value.includes('opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'), value);
      assert.match(login.authorization('GET', '/dir/index.html') ?? '', /nc=00000002/);
    });
  }

  test('answers an old server without qop as RFC 2069 requires', () => {
    const login = new CameraLogin({ user: 'a"b', password: 'ö' }, false);
    login.challenged(['Digest realm="c\\"d", nonce="n", stale="FALSE"'], first);
    const hash = (text: string): string => createHash('md5').update(text).digest('hex');
    const response = hash(`${hash('a"b:c"d:ö')}:n:${hash('PLAY:rtsp://h:554/x')}`);
    assert.equal(
      login.authorization('PLAY', 'rtsp://h:554/x'),
      `Digest username="a\\"b", realm="c\\"d", nonce="n", uri="rtsp://h:554/x", response="${response}"`,
    );
  });

  test('mixes the nonces into the secret for a session algorithm', () => {
    const login = new CameraLogin(credential, false, () => 'mine');
    login.challenged(['Digest realm="cam", nonce="n1", algorithm=SHA-256-sess, qop=auth'], first);
    const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
    const secret = hash(`${hash('Mufasa:cam:Circle of Life')}:n1:mine`);
    const response = hash(`${secret}:n1:00000001:mine:auth:${hash('SETUP:u')}`);
    assert.ok(login.authorization('SETUP', 'u')?.includes(`response="${response}"`));
  });

  test('takes the strongest digest that is offered, before Basic, however they are written', () => {
    for (const values of [
      [
        'Basic realm="cam"',
        'Digest realm="cam", nonce="1"',
        'Digest realm="cam", nonce="2", algorithm=SHA-256',
      ],
      ['Digest realm="cam", nonce="1", Basic realm="cam", digest nonce="2", REALM="cam",algorithm="sha-256"'],
    ]) {
      const login = new CameraLogin(credential, true);
      assert.equal(login.challenged(values, first), 'again');
      assert.match(login.authorization('PLAY', 'u') ?? '', /^Digest .*nonce="2".*response="[\da-f]{64}"/);
    }
  });

  test('sends no password in clear unless that is allowed', () => {
    const strict = new CameraLogin(credential, false);
    assert.equal(strict.challenged(['Basic realm="cam"'], first), 'unprotected');
    assert.equal(strict.authorization('DESCRIBE', 'u'), undefined);
    assert.equal(strict.challenged([md5], first), 'again');
    assert.equal(strict.challenged(['Basic realm="cam"'], answered), 'unprotected');
    assert.match(strict.authorization('SETUP', 'u') ?? '', /^Digest /);
    const lax = new CameraLogin(credential, true);
    assert.equal(lax.challenged(['Basic realm="cam"'], first), 'again');
    assert.equal(lax.method, 'basic');
    assert.equal(lax.authorization('PLAY', 'u'), `Basic ${btoa('Mufasa:Circle of Life')}`);
    assert.equal(lax.challenged(['Basic realm="cam"'], answered), 'refused');
  });

  test('gives up if the answer was refused, but not if the nonce had expired', () => {
    const login = new CameraLogin(credential, false);
    assert.equal(login.challenged([md5], first), 'again');
    assert.equal(login.challenged(['Digest realm="cam", nonce="n2"'], answered), 'refused');
    assert.equal(login.challenged(['Digest realm="cam", nonce="n2", stale=true'], answered), 'again');
    assert.equal(login.challenged([md5], { repetitions: 0, hadLogin: true }), 'again');
    const forEver = { repetitions: 3, hadLogin: true };
    assert.equal(login.challenged(['Digest realm="cam", nonce="n9", stale=true'], forEver), 'refused');
  });

  test('names a challenge that it cannot answer', () => {
    const verdict = (value: string, known = true): string =>
      new CameraLogin(known ? credential : null, true).challenged(value === '' ? [] : [value], first);
    assert.equal(verdict('Negotiate'), 'unsupported');
    assert.equal(verdict('Digest realm="cam", nonce="1", algorithm=SHA-3'), 'unsupported');
    assert.equal(verdict('Digest realm="cam", nonce="1", qop="auth-int"'), 'unsupported');
    assert.equal(verdict('Digest realm="cam"'), 'unsupported');
    assert.equal(verdict(''), 'refused');
    assert.equal(verdict(md5, false), 'refused');
  });

  test('reads challenges of any form in limited time', () => {
    assert.deepEqual(parseChallenges(['Digest a="x, \\"y", b=c,,  Basic', '=;"', '']), [
      { scheme: 'digest', parameters: { a: 'x, "y', b: 'c' } },
      { scheme: 'basic', parameters: {} },
    ]);
  });
});
