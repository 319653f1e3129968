import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, test } from 'node:test';
import { parseClientCertificate } from '../../daemon/core/delivery/broker/client-certificate.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { makeCertificate, withoutOpenssl } from '../support/test-certificate.js';

const parse = (text: string) => parseClientCertificate('broker-client', Buffer.from(text));

describe('the secret of a client certificate', { skip: withoutOpenssl }, () => {
  test('may contain chain and key in any order, with any text around them', () => {
    const [own, between] = [makeCertificate('box'), makeCertificate('between')];
    const parts = [`# renewed in spring\n${own.key}`, own.certificate, between.certificate];
    for (const text of [
      parts.join(''),
      parts.toReversed().toSpliced(0, 2, own.certificate, between.certificate).join('\r\n'),
    ]) {
      const { certificate, key } = parse(text);
      const pem = Buffer.from(certificate).toString();
      assert.equal(pem.replaceAll('\n', ''), (own.certificate + between.certificate).replaceAll('\n', ''));
      assert.ok(!pem.includes('PRIVATE'));
      assert.equal(Buffer.from(key).toString().trim(), own.key.trim());
    }
  });

  test('can be wiped, and the certificate parsed from it stays usable', () => {
    const own = makeCertificate('box');
    const text = Buffer.from(own.certificate + own.key);
    const { key } = parseClientCertificate('broker-client', text);
    text.fill(0);
    assert.equal(Buffer.from(key).toString().trim(), own.key.trim());
  });

  test('is refused if it cannot be used, and the message does not quote it', () => {
    const own = makeCertificate('box');
    const other = makeCertificate('box');
    const locked = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
      ...{ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
    });
    const broken = own.key.replace(/\n.*\n/, '\nAAAA\n');
    for (const [text, why] of [
      ['', /no certificate/],
      [own.key, /no certificate/],
      [own.certificate, /no private key/],
      [own.certificate + own.key + other.key, /more than one private key/],
      [own.certificate + other.key, /does not belong/],
      [own.certificate + String(locked), /locked with a passphrase/],
      [own.certificate + broken, /private key that cannot be read/],
      [
        `-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n${own.key}`,
        /certificate that cannot be read/,
      ],
      [`-----BEGIN CERTIFICATE-----\n${'A'.repeat(100)}`, /no certificate/],
    ] as const) {
      assert.throws(
        () => parse(text),
        (error) => {
          assert.ok(isRollcallError(error, 'client-certificate-form'), String(error));
          assert.match(error.message, why);
          assert.ok(!error.message.includes('BEGIN'));
          return true;
        },
      );
    }
  });
});
