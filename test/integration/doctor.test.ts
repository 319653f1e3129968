import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { examineBox, type Finding } from '../../daemon/cli/doctor-checks.js';

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

const of = (findings: readonly Finding[], check: string): Finding | undefined =>
  findings.find((finding) => finding.check === check);

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

  test('stops at a configuration it cannot read and shows its lines', async () => {
    await using directory = await makeDirectory();
    const config = join(directory.path, 'rollcall.yaml');
    await writeFile(config, 'site: { id: site, timeZone: UTC }\ncamras: []\n');
    const findings = await examineBox(config);
    assert.match(of(findings, 'configuration')?.message ?? '', /:2:1: .*camras/);
    assert.equal(of(findings, 'gallery key'), undefined);
  });
});
