import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createTcpServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import type { Handlers } from '../../daemon/contract/handlers.js';
import { hostOperations } from '../../daemon/contract/host.js';
import { parseConfig } from '../../daemon/contract/settings/load.js';
import { namedSecrets } from '../../daemon/contract/settings/machine-needs.js';
import { configSchema } from '../../daemon/contract/settings/schema.js';
import { type BoxStatus, statusOperations } from '../../daemon/contract/status.js';
import { reportOnHost } from '../../daemon/core/api/host-report.js';
import { startControlServer } from '../../daemon/core/api/server.js';
import { examineBox, type Machine } from '../../daemon/core/doctor/doctor.js';
import { directoryFindings, type HostView } from '../../daemon/core/doctor/doctor-host.js';
import { keyFinding, rotationFindings } from '../../daemon/core/doctor/doctor-key.js';
import type { Finding } from '../../daemon/core/doctor/finding.js';
import { gateFindings } from '../../daemon/core/doctor/gate-finding.js';
import { plainKeysFinding } from '../../daemon/core/doctor/identity-finding.js';
import { findCredential } from '../../daemon/host/credentials.js';
import type { ServiceState } from '../../daemon/host/service-state.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { healthyStatus } from '../support/healthy-status.js';
import { makeCertificate, withoutOpenssl } from '../support/test-certificate.js';

async function makeDirectory(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'rollcall-doctor-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

const configuration = (directory: string): string => `
site: { id: site, timeZone: UTC }
cameras:
  - id: door
    name: Door
    url: rtsp://192.0.2.1/stream
    credential: camera-door
dataDir: ${directory}/data
secretsDir: ${directory}/secrets
control: { socketPath: ${directory}/run/control.sock }
`;

/** A machine without the service, independent of the machine that runs the tests. */
const machine: Machine = { unitDirectories: [] };

const sealedGallery: BoxStatus['gallery'] = { state: 'sealed', persons: 0, templates: 0, damagedRows: 0 };

const of = (findings: readonly Finding[], check: string): Finding | undefined =>
  findings.find((finding) => finding.check === check);

/** A gate on every address, at the port of the server, with a unit in the directory. */
async function installedGate(units: string, server: Server) {
  await writeFile(join(units, 'rollcall-gate.service'), '[Service]\n');
  const { gate } = configSchema.parse({ site: { id: 'site', timeZone: 'UTC' } });
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return { gate: { ...gate, enabled: true, address: '0.0.0.0', port: address.port } };
}

describe('rollcall doctor and certificates', { skip: withoutOpenssl }, () => {
  test('shows how long the certificate of the box lasts, and its problems', async () => {
    await using directory = await makeDirectory();
    const secrets = join(directory.path, 'secrets');
    await mkdir(secrets, { mode: 0o700 });
    const config = join(directory.path, 'rollcall.yaml');
    const broker = 'mqtt: { url: "mqtts://192.0.2.1", clientCertificate: broker-client }\n';
    await writeFile(config, configuration(directory.path) + broker);
    const found = async (check: string): Promise<Finding | undefined> =>
      of(await examineBox(config, machine), check);
    const secret = 'secret of the client certificate';
    assert.match((await found(secret))?.message ?? '', /does not exist/);
    for (const [days, outcome, message] of [
      [90, 'ok', /^(89|90) days left/],
      [20, 'warning', /^(19|20) days left, until \S+: RENEW IT$/],
      [-1, 'failed', /^EXPIRED on /],
    ] as const) {
      const { certificate, key } = makeCertificate('box', days);
      await writeFile(join(secrets, 'broker-client'), certificate + key, { mode: 0o600 });
      assert.equal((await found(secret))?.outcome, 'ok');
      const finding = await found('certificate of this box');
      assert.equal(finding?.outcome, outcome);
      assert.match(finding.message, message);
      assert.equal(finding.remedy === undefined, outcome === 'ok');
    }
    await writeFile(join(secrets, 'broker-client'), makeCertificate('box').key, { mode: 0o600 });
    const keyOnly = await found(secret);
    assert.match(keyOnly?.message ?? '', /holds no certificate/);
    assert.doesNotMatch(JSON.stringify(keyOnly), /PRIVATE/);
  });

  test('calls the certificate of the gate so, and says how to renew it', async () => {
    await using directory = await makeDirectory();
    const secrets = join(directory.path, 'secrets');
    await mkdir(secrets, { mode: 0o700 });
    const config = join(directory.path, 'rollcall.yaml');
    await writeFile(config, `${configuration(directory.path)}gate: { certificate: gate-tls }\n`);
    const { certificate, key } = makeCertificate('box', 20);
    await writeFile(join(secrets, 'gate-tls'), certificate + key, { mode: 0o600 });
    const findings = await examineBox(config, machine);
    const finding = of(findings, 'certificate of the gate');
    assert.equal(finding?.outcome, 'warning');
    assert.match(finding.remedy ?? '', /gate\.certificate/);
    assert.equal(of(findings, 'certificate of this box'), undefined);
  });

  test('shows the fingerprint of the certificate that the gate answers with', async () => {
    await using directory = await makeDirectory();
    const { certificate, key } = makeCertificate('box', 20);
    const server = createTlsServer({ cert: certificate, key }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const [finding] = await gateFindings(await installedGate(directory.path, server), [directory.path]);
      assert.equal(finding?.outcome, 'ok');
      assert.ok(finding.message.endsWith(` ${new X509Certificate(certificate).fingerprint256}`));
    } finally {
      server.close();
    }
  });
});

describe('rollcall doctor', () => {
  test('names every missing or unsafe file, secret and program with its remedy', async () => {
    await using directory = await makeDirectory();
    const config = join(directory.path, 'rollcall.yaml');
    await writeFile(config, configuration(directory.path));
    const before = await examineBox(config, machine);
    assert.match(of(before, 'gallery key')?.remedy ?? '', /rollcall key init/);
    assert.equal(of(before, 'secret of camera door')?.outcome, 'failed');
    assert.equal(of(before, 'data directory')?.outcome, 'warning');
    assert.equal(of(before, 'daemon')?.outcome, 'warning');

    const secrets = join(directory.path, 'secrets');
    await mkdir(secrets, { mode: 0o700 });
    await mkdir(join(directory.path, 'data'));
    await writeFile(join(secrets, 'gallery-key'), Buffer.alloc(32, 7), { mode: 0o600 });
    await writeFile(join(secrets, 'camera-door'), 'no colon here', { mode: 0o600 });
    const after = await examineBox(config, machine);
    assert.equal(of(after, 'gallery key')?.outcome, 'ok');
    assert.match(of(after, 'secret of camera door')?.message ?? '', /user:password/);
    assert.doesNotMatch(JSON.stringify(after), /no colon here/);
    assert.equal(of(after, 'data directory')?.outcome, 'ok');

    assert.equal(of(after, 'login of camera door'), undefined);
    const openly = configuration(directory.path).replace(
      'camera-door',
      'camera-door\n    allowBasicLogin: true',
    );
    await writeFile(config, openly);
    assert.equal(of(await examineBox(config, machine), 'login of camera door')?.outcome, 'warning');

    await chmod(join(secrets, 'gallery-key'), 0o644);
    assert.match(of(await examineBox(config, machine), 'gallery key')?.remedy ?? '', /chmod/);
  });

  test('warns of keys of the box in plain files beside the data', async () => {
    await using directory = await makeDirectory();
    const dataDir = join(directory.path, 'data');
    assert.equal((await plainKeysFinding({ dataDir })).outcome, 'ok');
    await mkdir(join(dataDir, 'keys'), { recursive: true });
    await writeFile(join(dataDir, 'keys', 'box-identity'), '{}');
    assert.equal((await plainKeysFinding({ dataDir })).outcome, 'ok', 'box-identity is not a key');
    for (const name of ['audit-key', 'accounts-key', 'box-key', 'box-key.next']) {
      const path = join(dataDir, 'keys', name);
      await writeFile(path, Buffer.alloc(32, 1));
      const { outcome, message, remedy } = await plainKeysFinding({ dataDir });
      assert.equal(outcome, 'warning');
      assert.ok(message.includes(path));
      assert.match(remedy ?? '', /^Run rollcall-setup: /);
      await rm(path);
    }
  });

  test('requires no key file if the key has another provider', async () => {
    await using directory = await makeDirectory();
    const config = { gallery: { key: 'gallery-key', path: join(directory.path, 'gallery.db') } };
    const user = { uid: 998, name: 'rollcall' };
    const problem = {
      code: 'credential-missing',
      message: 'the secret "gallery-key" does not exist',
      remedy: 'x',
    };
    const missing = { what: 'the gallery', name: 'gallery-key', problem };
    const report = { user, secrets: [missing], directories: [] };
    const outcomeOf = async (gallery?: Partial<BoxStatus['gallery']>, view: HostView = { report }) =>
      (await keyFinding(config, view, gallery && { ...sealedGallery, ...gallery })).outcome;
    assert.equal(await outcomeOf({ keyProvider: 'passphrase' }), 'ok');
    assert.equal(await outcomeOf({ keyProvider: 'tpm', state: 'open' }), 'ok');
    assert.equal(
      await outcomeOf({ keyProvider: 'secret', state: 'open' }),
      'warning',
      'the next start needs the key file',
    );
    assert.equal(await outcomeOf({ keyProvider: 'secret' }), 'failed');
    assert.equal(await outcomeOf({}), 'failed');
    const credential = { what: 'the gallery', name: 'gallery-key', source: 'credential' } as const;
    const handed = { report: { ...report, secrets: [credential] } };
    assert.equal(
      await outcomeOf({ keyProvider: 'secret', state: 'open' }, handed),
      'ok',
      'the key is a credential',
    );
    const withoutDaemon = { report, caller: { uid: 0 } };
    assert.equal(await outcomeOf(undefined, withoutDaemon), 'failed', 'a new box needs a key');
    await writeFile(config.gallery.path, '');
    assert.equal(await outcomeOf({ keyProvider: 'secret' }), 'failed', 'the daemon knows the provider');
    assert.equal(
      await outcomeOf(undefined, withoutDaemon),
      'warning',
      'only the daemon knows the provider of an existing key',
    );
  });

  test('looks for the gate only where it is enabled and installed', async () => {
    await using directory = await makeDirectory();
    const gate = {
      ...configSchema.parse({ site: { id: 'site', timeZone: 'UTC' } }).gate,
      enabled: true,
      port: 1,
    };
    const outcomes = async (changes: Partial<typeof gate> = {}) =>
      (await gateFindings({ gate: { ...gate, ...changes } }, [directory.path])).map(({ outcome }) => outcome);
    assert.deepEqual(await outcomes(), []);
    await writeFile(join(directory.path, 'rollcall-gate.service'), '[Service]\n');
    assert.deepEqual(await outcomes({ enabled: false }), []);
    assert.deepEqual(await outcomes(), ['warning'], 'nothing answers');
  });

  test('says that the gate does not answer if it takes the connection and stays silent', async () => {
    await using directory = await makeDirectory();
    const server = createTcpServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const [finding] = await gateFindings(await installedGate(directory.path, server), [directory.path]);
      assert.match(finding?.message ?? '', /^does not answer https on 0\.0\.0\.0, port \d+$/);
    } finally {
      server.close();
    }
  });

  test('shows the progress of a key rotation and its problem', () => {
    const rotation = {
      depth: 'deep',
      fromKeyId: 'a',
      toKeyId: 'b',
      startedAt: '2026-03-01T00:00:00Z',
      total: 10,
      done: 4,
      damaged: 0,
    } as const;
    const problem = { code: 'disk-full', message: 'no space', remedy: 'make room' };
    assert.deepEqual(rotationFindings(sealedGallery), []);
    const [running] = rotationFindings({ ...sealedGallery, rotation: { ...rotation, state: 'running' } });
    assert.equal(running?.outcome, 'ok');
    assert.match(running.message, /running, 4 of 10 data keys$/);
    const [waiting] = rotationFindings({
      ...sealedGallery,
      rotation: { ...rotation, state: 'waiting', problem },
    });
    assert.deepEqual([waiting?.outcome, waiting?.remedy], ['warning', 'make room']);
    assert.match(waiting?.message ?? '', /no space/);
  });

  test('checks access for the user of the daemon when root runs it', async (t) => {
    if (process.getuid?.() !== 0) return t.skip('only root can give files to another user');
    await using directory = await makeDirectory();
    const [data, secrets] = [join(directory.path, 'data'), join(directory.path, 'secrets')];
    for (const path of [data, secrets]) {
      await mkdir(path, { mode: 0o700 });
      await chown(path, 12_345, 12_345);
    }
    const key = join(secrets, 'gallery-key');
    await writeFile(key, Buffer.alloc(32, 7), { mode: 0o600 });
    const config = join(directory.path, 'rollcall.yaml');
    await writeFile(config, configuration(directory.path));
    const ofRoot = of(await examineBox(config, machine), 'gallery key');
    assert.equal(ofRoot?.outcome, 'failed');
    assert.match(ofRoot.message, /^the daemon's user .* may not read the secret/);
    await chown(key, 12_345, 12_345);
    assert.equal(of(await examineBox(config, machine), 'gallery key')?.outcome, 'ok');
    await chown(key, 54_321, 54_321);
    assert.match(of(await examineBox(config, machine), 'gallery key')?.message ?? '', /belongs to uid 54321/);
    await chown(key, 12_345, 12_345);
    await chown(secrets, 0, 0);
    const shut = of(await examineBox(config, machine), 'gallery key');
    assert.equal(shut?.outcome, 'failed', 'the daemon cannot enter the directory');
    assert.ok(shut.message.includes(secrets), shut.message);
  });

  test('checks for the user and the credentials of the unit while no daemon runs', async (t) => {
    if (process.getuid?.() !== 0) return t.skip('only root can give files to another user');
    await using directory = await makeDirectory();
    const [units, secrets, data] = ['units', 'secrets', 'data'].map((name) => join(directory.path, name));
    assert.ok(units !== undefined && secrets !== undefined && data !== undefined);
    const dropIns = join(units, 'rollcalld.service.d');
    await mkdir(dropIns, { recursive: true });
    for (const path of [secrets, data]) await mkdir(path, { mode: 0o700 });
    const key = join(directory.path, 'gallery-key.cred');
    await writeFile(
      join(units, 'rollcalld.service'),
      '[Service]\nUser=rollcall\nLoadCredential=lost:/nowhere\n',
    );
    await writeFile(
      join(dropIns, 'override.conf'),
      `[Service]\nLoadCredential=\nLoadCredentialEncrypted=gallery-key:${key}\n LoadCredential = camera-door:/nowhere\n`,
    );
    const accounts = join(directory.path, 'passwd');
    await writeFile(accounts, 'root:x:0:0::/root:/bin/sh\nrollcall:x:12345:12345::/:/usr/sbin/nologin\n');
    const config = join(directory.path, 'rollcall.yaml');
    await writeFile(config, configuration(directory.path));
    await writeFile(key, '');
    const findings = await examineBox(config, { unitDirectories: [units], accounts });
    assert.match(
      of(findings, 'daemon')?.message ?? '',
      /checks secrets and directories for the user "rollcall" \(uid 12345\)/,
    );
    assert.equal(of(findings, 'gallery key')?.outcome, 'ok', of(findings, 'gallery key')?.message);
    const camera = of(findings, 'secret of camera door');
    assert.equal(camera?.outcome, 'failed');
    assert.match(camera.message, /reads the secret "camera-door" from \/nowhere, which does not exist/);
    const ofRoot = of(findings, 'data directory');
    assert.equal(ofRoot?.outcome, 'failed', 'root may write there, but the daemon may not');
    assert.match(ofRoot.remedy ?? '', /chown -R rollcall: .*data/);
    await chown(data, 12_345, 12_345);
    const after = await examineBox(config, { unitDirectories: [units], accounts });
    assert.equal(of(after, 'data directory')?.outcome, 'ok');
  });

  test('shows what a running daemon reports: its user, its credentials, its directories', async () => {
    await using directory = await makeDirectory();
    const handed = join(directory.path, 'handed');
    await mkdir(handed);
    await writeFile(join(handed, 'camera-door'), 'admin:hunter2');
    await writeFile(join(handed, 'gallery-key'), Buffer.alloc(32, 7));
    const config = join(directory.path, 'rollcall.yaml');
    const text = configuration(directory.path);
    await writeFile(config, text);
    const loaded = parseConfig(text);
    assert.ok(loaded.ok);
    const places = { credentialsDirectory: handed, secretsDirectory: loaded.config.secretsDir };
    const user = { uid: 998, name: 'rollcall' };
    const operations = { ...statusOperations, 'host.show': hostOperations['host.show'] };
    const handlers: Handlers<typeof operations> = {
      'status.show': () => ({
        ...healthyStatus,
        gallery: { ...healthyStatus.gallery, keyProvider: 'secret' },
      }),
      'host.show': () =>
        reportOnHost({
          user,
          secrets: namedSecrets(loaded.config),
          directories: { data: '/proc' },
          nowMs: Date.now(),
          find: (name) => findCredential(name, places),
          faultOf: async () => 'read-only',
        }),
    };
    await using _server = await startControlServer({
      ...{ operations, handlers },
      socketPath: loaded.config.control.socketPath,
      logger: silentLogger,
    });
    const findings = await examineBox(config, machine);
    assert.match(of(findings, 'daemon')?.message ?? '', /runs as user "rollcall" \(uid 998\)/);
    assert.match(of(findings, 'secret of camera door')?.message ?? '', /comes as a systemd credential/);
    assert.match(of(findings, 'gallery key')?.message ?? '', /comes as a systemd credential/);
    const data = of(findings, 'data directory');
    assert.equal(data?.outcome, 'failed');
    assert.match(data.remedy ?? '', /Add ReadWritePaths=\/proc to the unit/);
    assert.match(of(findings, 'ffmpeg')?.message ?? '', /in use by the daemon/);
    assert.doesNotMatch(JSON.stringify(findings), /hunter2/);
    await writeFile(config, text.replace('camera-door', 'another-secret'));
    const changed = of(await examineBox(config, machine), 'secret of camera door');
    assert.deepEqual([changed?.outcome, changed?.remedy?.startsWith('Reload the daemon')], ['warning', true]);
  });

  test('names each directory once, with its free space, its fault and what to do', () => {
    const user = { uid: 998, name: 'rollcall' };
    const loaded = parseConfig(configuration('/box'));
    assert.ok(loaded.ok);
    const disk = { ...loaded.config.disk, lowMiB: 500 };
    const mebibyte = 2 ** 20;
    type Directory = HostView['report']['directories'][number];
    const found = (directories: readonly Directory[], caller?: HostView['caller']) => {
      const report: HostView['report'] = { user, secrets: [], directories: [...directories] };
      return directoryFindings({ disk }, { report, ...(caller && { caller }) });
    };
    const data = { what: 'data', path: '/data' } as const;
    const [enough, ...others] = found([
      { ...data, freeBytes: 500 * mebibyte },
      { ...data, what: 'evidence', freeBytes: 1 },
    ]);
    assert.deepEqual(others, [], 'the same directory is named once');
    assert.deepEqual([enough?.outcome, /, 500 MiB free/.test(enough?.message ?? '')], ['ok', true]);
    const [low] = found([{ ...data, freeBytes: 500 * mebibyte - 1 }]);
    assert.deepEqual([low?.outcome, /has 499 MiB free/.test(low?.message ?? '')], ['warning', true]);
    const missing = { ...data, fault: 'missing' } as const;
    assert.match(
      found([missing])[0]?.remedy ?? '',
      /^Create the directory and give it to .* 998: \/data'\.$|^Create/,
    );
    assert.equal(found([missing])[0]?.outcome, 'failed');
    assert.equal(found([missing], user)[0]?.outcome, 'warning', 'no daemon has run yet');
    const [forbidden] = found([{ ...data, fault: 'not-permitted' }]);
    assert.match(forbidden?.message ?? '', /it belongs to another user/);
    assert.match(forbidden?.remedy ?? '', /^Give it to the daemon's user: 'chown -R /);
  });

  test('says why the daemon ends again and again instead of advising to start it', async () => {
    await using directory = await makeDirectory();
    const config = join(directory.path, 'rollcall.yaml');
    await writeFile(config, configuration(directory.path));
    const daemon = async (service: ServiceState | undefined): Promise<Finding | undefined> =>
      of(await examineBox(config, { ...machine, service: async () => service }), 'daemon');
    const said = { message: 'gallery.db cannot be read', remedy: 'Give it to the daemon.' };
    const failing = await daemon({ state: 'failing', result: 'exit-code, status 1', said });
    assert.equal(failing?.outcome, 'failed');
    assert.match(
      failing.message,
      /^rollcalld ends again and again \(exit-code, status 1\): gallery.db cannot be read/,
    );
    assert.equal(failing.remedy, 'Give it to the daemon.');
    const silent = await daemon({ state: 'failing', result: 'exit-code, status 243' });
    assert.match(silent?.remedy ?? '', /journalctl -u rollcalld/);
    for (const state of ['starting', 'running'] as const)
      assert.doesNotMatch((await daemon({ state }))?.remedy ?? '', /systemctl start/);
    for (const service of [undefined, { state: 'stopped' }] as const)
      assert.match((await daemon(service))?.remedy ?? '', /Start it \(systemctl start rollcalld\)/);
    await writeFile(config, 'camras: []\n');
    const broken = await examineBox(config, {
      ...machine,
      service: async () => ({ state: 'failing', result: 'exit-code, status 2', said }),
    });
    assert.deepEqual(
      broken.filter(({ check }) => check !== 'ffmpeg').map(({ check, outcome }) => [check, outcome]),
      [
        ...broken.filter(({ check }) => check === 'configuration').map(() => ['configuration', 'failed']),
        ['daemon', 'failed'],
      ],
    );
  });

  test('stops at an invalid configuration and shows its lines', async () => {
    await using directory = await makeDirectory();
    const config = join(directory.path, 'rollcall.yaml');
    await writeFile(config, 'site: { id: site, timeZone: UTC }\ncamras: []\n');
    const findings = await examineBox(config, machine);
    assert.match(of(findings, 'configuration')?.message ?? '', /:2:1: .*camras/);
    assert.equal(of(findings, 'gallery key'), undefined);
  });
});
