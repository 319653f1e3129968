import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { connect, createServer } from 'node:tls';
import { gateSettings } from '../../daemon/contract/gate-settings.js';
import { parseConfig } from '../../daemon/contract/settings/load.js';
import type { Config } from '../../daemon/contract/settings/schema.js';
import { GateHandover, makeLiveFolder, openGateFolder } from '../../daemon/core/gate/gate-handover.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { makeCertificate, withoutOpenssl } from '../support/test-certificate.js';

const dayMs = 86_400_000;

async function open(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'rollcall-handover-'));
  t.after(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, 'secrets'), { mode: 0o700 });
  const shared = join(folder, 'gate');
  let config: Config | undefined;
  const configure = (gate: object = {}): void => {
    const loaded = parseConfig(
      JSON.stringify({
        site: { id: 'site', timeZone: 'Etc/UTC' },
        dataDir: join(folder, 'data'),
        secretsDir: join(folder, 'secrets'),
        mqtt: { url: 'mqtts://broker.example', credential: 'broker-login' },
        gate: { folder: shared, ...gate },
      }),
    );
    assert.ok(loaded.ok, JSON.stringify(loaded));
    config = loaded.config;
  };
  configure();
  const current = (): Config => {
    assert.ok(config !== undefined);
    return config;
  };
  const [clock, epochMs] = [new VirtualClock(), Date.now()];
  let setMs = 0;
  const wallMs = (): number => epochMs + setMs + clock.monotonicMs();
  /** Sets the wall clock to so many days from now. */
  const setWall = (days: number): void => {
    setMs = days * dayMs - clock.monotonicMs();
  };
  Object.assign(clock, { wallMs });
  const handover = new GateHandover(current, { clock, logger: silentLogger });
  /** The core as it is after a restart. */
  const restarted = () => new GateHandover(current, { clock, logger: silentLogger });
  const read = (name: string) => readFile(join(shared, name));
  return { folder, shared, configure, current, clock, setWall, handover, restarted, read };
}

describe('the handover to the gate', () => {
  test('makes a certificate that callers can check, with a key that is not any other key of the box', async (t) => {
    const { folder, handover, read, configure, shared } = await open(t);
    configure({ hosts: ['box.example'] });
    await handover.handOver();
    const pem = await read('tls.pem');
    const server = createServer({ cert: pem, key: pem }).listen(0, '127.0.0.1');
    t.after(() => server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    for (const servername of ['localhost', 'box.example']) {
      const socket = connect({ port, ca: pem, servername });
      await once(socket, 'secureConnect');
      assert.equal(socket.getPeerCertificate().fingerprint256, handover.status().certificate?.fingerprint);
      socket.destroy();
    }
    const certificate = new X509Certificate(pem);
    assert.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1');
    assert.equal(certificate.checkIP('127.0.0.1'), '127.0.0.1');
    assert.equal(certificate.checkIP('::1') === undefined, false);
    assert.equal(certificate.ca, false);
    assert.equal((await stat(join(folder, 'data/gate/tls.pem'))).mode & 0o777, 0o600);
    assert.equal((await stat(join(shared, 'tls.pem'))).mode & 0o777, 0o640);
  });

  test('keeps the certificate until a name is missing or it ends within 30 days', async (t) => {
    const { handover, configure, clock } = await open(t);
    await handover.handOver();
    const first = handover.status().certificate;
    clock.advanceTo(334 * dayMs);
    await handover.handOver();
    assert.equal(handover.status().certificate?.fingerprint, first?.fingerprint);
    assert.equal(handover.status().certificate?.state, 'in force');
    clock.advanceTo(336 * dayMs);
    await handover.handOver();
    assert.notEqual(handover.status().certificate?.fingerprint, first?.fingerprint);
    const second = handover.status().certificate?.fingerprint;
    configure({ hosts: ['new.example'] });
    await handover.handOver();
    assert.notEqual(handover.status().certificate?.fingerprint, second);
  });

  test('returns to its good certificate when the clock is right again after a start with a wrong one', async (t) => {
    const { folder, handover, restarted, setWall } = await open(t);
    setWall(800);
    await handover.handOver();
    const good = handover.status().certificate;
    for (const wrongDays of [4000, 9000, 400, 2]) {
      setWall(wrongDays);
      const wrong = restarted();
      await wrong.handOver();
      assert.equal(wrong.status().certificate?.state, 'in force', `${wrongDays} days`);
      assert.notEqual(wrong.status().certificate?.fingerprint, good?.fingerprint);
      setWall(801);
      await wrong.handOver();
      assert.deepEqual(wrong.status().certificate?.fingerprint, good?.fingerprint, `${wrongDays} days`);
      assert.equal((await stat(join(folder, 'data/gate/tls.pem.former'))).mode & 0o777, 0o600);
    }
  });

  test('replaces a certificate from the future that a former version left', async (t) => {
    const { folder, handover, restarted, setWall } = await open(t);
    setWall(4000);
    await handover.handOver();
    await rm(join(folder, 'data/gate/tls.pem.former'));
    setWall(800);
    const next = restarted();
    await next.handOver();
    assert.equal(next.status().certificate?.state, 'in force');
  });

  test('tells the gate how to listen, and nothing else of the configuration', async (t) => {
    const { handover, read, configure } = await open(t);
    configure({ hosts: ['box.example'], port: 9443, minimumTls: '1.2' });
    await handover.handOver();
    const text = (await read('gate.json')).toString();
    const settings = gateSettings.parse(JSON.parse(text));
    assert.equal(settings.port, 9443);
    assert.equal(settings.minimumTls, '1.2');
    assert.ok(settings.hosts.includes('localhost') && settings.hosts.includes('box.example'));
    assert.doesNotMatch(text, /broker|secret|data/);
  });

  test('takes the certificate of the configuration, and keeps it while the secret is broken, also over a restart', {
    skip: withoutOpenssl,
  }, async (t) => {
    const { folder, shared, handover, restarted, configure, clock } = await open(t);
    const { certificate, key } = makeCertificate('box.example', 10);
    // The certificate began after the clock was set.
    clock.advanceTo(60_000);
    const secret = join(folder, 'secrets/https');
    await writeFile(secret, certificate + key, { mode: 0o600 });
    configure({ certificate: 'https' });
    await handover.handOver();
    const { fingerprint256 } = new X509Certificate(certificate);
    assert.equal(handover.status().certificate?.fingerprint, fingerprint256);
    assert.equal(handover.status().certificate?.isMadeByBox, false);
    assert.equal(handover.status().certificate?.state, 'expires soon');
    assert.equal(handover.status().problem, undefined);
    await writeFile(secret, 'no certificate');
    await handover.handOver();
    assert.equal(handover.status().certificate?.fingerprint, fingerprint256);
    const { code, remedy = '' } = handover.status().problem ?? {};
    assert.equal(code, 'client-certificate-form');
    assert.match(remedy, /PEM/);
    const next = restarted();
    await next.handOver();
    assert.equal(next.status().certificate?.fingerprint, fingerprint256);
    assert.equal(next.status().certificate?.isMadeByBox, false);
    assert.equal(next.status().problem?.code, 'client-certificate-form');
    // A restart of the machine empties the folder: nothing is kept, and the gate still has a certificate.
    await rm(join(shared, 'tls.pem'));
    const later = restarted();
    await later.handOver();
    assert.equal(later.status().certificate?.isMadeByBox, true);
    await restarted().handOver();
    const last = restarted();
    await last.handOver();
    assert.equal(last.status().certificate?.isMadeByBox, true);
    const renewed = makeCertificate('box.example', 100);
    await writeFile(secret, renewed.certificate + renewed.key);
    await handover.handOver();
    assert.equal(
      handover.status().certificate?.fingerprint,
      new X509Certificate(renewed.certificate).fingerprint256,
    );
  });

  test('refuses a folder into which other users can look', async (t) => {
    const { shared } = await open(t);
    await openGateFolder(shared);
    await chmod(shared, 0o755);
    await assert.rejects(openGateFolder(shared), { code: 'gate-folder' });
    await chmod(shared, 0o770);
    await assert.rejects(openGateFolder(shared), { code: 'gate-folder' });
    await chmod(shared, 0o2750);
    await openGateFolder(shared);
  });

  test('lets the group of the gate into the folder for live pictures, whatever the mask', async (t) => {
    const { shared, current } = await open(t);
    await mkdir(shared, { recursive: true });
    await chmod(shared, 0o2750);
    const mask = process.umask(0o077);
    try {
      await makeLiveFolder(current(), silentLogger);
      assert.equal(process.umask(), 0o077);
    } finally {
      process.umask(mask);
    }
    assert.equal((await stat(join(shared, 'live'))).mode & 0o7777, 0o2750);
  });
});
