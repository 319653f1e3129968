import assert from 'node:assert/strict';
import { test } from 'node:test';
import { longestLived } from '../../daemon/core/delivery/broker/certificate-facts.js';
import { CertificateWatch } from '../../daemon/core/delivery/broker/certificate-watch.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { makeCertificate, withoutOpenssl } from '../support/test-certificate.js';

const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';

test('a bundle is valid until its last certificate expires', {
  skip: withoutOpenssl,
}, async () => {
  const [former, next] = [makeCertificate('former.example', 10), makeCertificate('next.example', 300)];
  const bundle = Buffer.from(`# two\n${former.certificate}${broken}${next.certificate}`);
  assert.equal(longestLived(bundle)?.names, 'DNS:next.example');
  assert.equal(longestLived(Buffer.from(broken)), undefined);
  assert.equal(longestLived(Buffer.from('nothing')), undefined);

  await using watch = new CertificateWatch(systemClock, silentLogger);
  watch.start({ ca: Buffer.from(former.certificate) });
  assert.deepEqual(
    watch.status().map(({ whose, state, daysLeft }) => [whose, state, daysLeft]),
    [['authority', 'expires soon', 9]],
  );
});
