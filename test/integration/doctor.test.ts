import assert from 'node:assert/strict';
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { examineBox } from '../../daemon/cli/doctor/doctor-checks.js';
import type { Finding } from '../../daemon/cli/doctor/doctor-finding.js';
import { keyFinding, rotationFindings } from '../../daemon/cli/doctor/doctor-key.js';
import type { BoxStatus } from '../../daemon/control/box-control.js';
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

const sealedGallery: BoxStatus['gallery'] = { state: 'sealed', persons: 0, templates: 0, damagedRows: 0 };

const of = (findings: readonly Finding[], check: string): Finding | undefined =>
  findings.find((finding) => finding.check === check);

describe('rollcall doctor and certificates', { skip: withoutOpenssl }, () => {
  test('tells how long that of the box lasts, and what is wrong with it', async () => {
    await using directory = await makeDirectory();
    const secrets = join(directory.path, 'secrets');
    await mkdir(secrets, { mode: 0o700 });
    const config = join(directory.path, 'rollcall.yaml');
    const broker = 'mqtt: { url: "mqtts://192.0.2.1", clientCertificate: broker-client }\n';
    await writeFile(config, configuration(directory.path) + broker);
    const found = async (): Promise<Finding | undefined> =>
      of(await examineBox(config), 'certificate of this box');
    assert.match((await found())?.message ?? '', /does not exist/);
    for (const [days, outcome, message] of [
      [90, 'ok', /^(89|90) days left/],
      [20, 'warning', /^(19|20) days left, until \S+: RENEW IT$/],
      [-1, 'failed', /^EXPIRED on /],
    ] as const) {
      const { certificate, key } = makeCertificate('box', days);
      await writeFile(join(secrets, 'broker-client'), certificate + key, { mode: 0o600 });
      const finding = await found();
      assert.equal(finding?.outcome, outcome);
      assert.match(finding.message, message);
      assert.equal(finding.remedy === undefined, outcome === 'ok');
    }
    await writeFile(join(secrets, 'broker-client'), makeCertificate('box').key, { mode: 0o600 });
    const keyOnly = await found();
    assert.match(keyOnly?.message ?? '', /holds no certificate/);
    assert.doesNotMatch(JSON.stringify(keyOnly), /PRIVATE/);
  });
});

describe('rollcall doctor', () => {
  test('names every missing or unsafe thing with its remedy', async () => {
    await using directory = await makeDirectory();
    const config = join(directory.path, 'rollcall.yaml');
    await writeFile(config, configuration(directory.path));
    const before = await examineBox(config);
    assert.match(of(before, 'gallery key')?.remedy ?? '', /rollcall key init/);
    assert.equal(of(before, 'secret of camera door')?.outcome, 'failed');
    assert.equal(of(before, 'data directory')?.outcome, 'warning');
    assert.equal(of(before, 'daemon')?.outcome, 'warning');

    const secrets = join(directory.path, 'secrets');
    await mkdir(secrets, { mode: 0o700 });
    await mkdir(join(directory.path, 'data'));
    await writeFile(join(secrets, 'gallery-key'), Buffer.alloc(32, 7), { mode: 0o600 });
    await writeFile(join(secrets, 'camera-door'), 'no colon here', { mode: 0o600 });
    const after = await examineBox(config);
    assert.equal(of(after, 'gallery key')?.outcome, 'ok');
    assert.match(of(after, 'secret of camera door')?.message ?? '', /user:password/);
    assert.doesNotMatch(JSON.stringify(after), /no colon here/);
    assert.equal(of(after, 'data directory')?.outcome, 'ok');

    await chmod(join(secrets, 'gallery-key'), 0o644);
    assert.match(of(await examineBox(config), 'gallery key')?.remedy ?? '', /chmod/);
  });

  test('asks for no file of a key that lies elsewhere', async () => {
    await using directory = await makeDirectory();
    const places = { secretsDirectory: join(directory.path, 'secrets') };
    const config = { gallery: { key: 'gallery-key', path: join(directory.path, 'gallery.db') } };
    const outcomeOf = async (gallery?: Partial<BoxStatus['gallery']>): Promise<string> =>
      (await keyFinding(config, places, gallery && { ...sealedGallery, ...gallery })).outcome;
    assert.equal(await outcomeOf({ keyProvider: 'passphrase' }), 'ok');
    assert.equal(await outcomeOf({ keyProvider: 'tpm', state: 'open' }), 'ok');
    assert.equal(await outcomeOf({ keyProvider: 'secret', state: 'open' }), 'ok', 'as a credential');
    assert.equal(await outcomeOf({ keyProvider: 'secret' }), 'failed');
    assert.equal(await outcomeOf({}), 'failed');
    assert.equal(await outcomeOf(), 'failed', 'a new box');
    await writeFile(config.gallery.path, '');
    assert.equal(await outcomeOf(), 'warning', 'only the daemon could tell where its key is');
  });

  test('tells how far a rotation of the key is, and what keeps it from ending', () => {
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

  test('as root, looks with the eyes of the user of the daemon', async (t) => {
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
    const ofRoot = of(await examineBox(config), 'gallery key');
    assert.equal(ofRoot?.outcome, 'failed');
    assert.match(ofRoot.message, /may not be read by the user of the daemon/);
    await chown(key, 12_345, 12_345);
    assert.equal(of(await examineBox(config), 'gallery key')?.outcome, 'ok');
    await chown(key, 54_321, 54_321);
    assert.match(of(await examineBox(config), 'gallery key')?.message ?? '', /belongs to another user/);
  });

  test('stops at a configuration it cannot read and shows its lines', async () => {
    await using directory = await makeDirectory();
    const config = join(directory.path, 'rollcall.yaml');
    await writeFile(config, 'site: { id: site, timeZone: UTC }\ncamras: []\n');
    const findings = await examineBox(config);
    assert.match(of(findings, 'configuration')?.message ?? '', /:2:1: .*camras/);
    assert.equal(of(findings, 'gallery key'), undefined);
  });
});
