import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { readTarballSource } from '../../daemon/host/models/npm-tarball.js';
import { openModelStore } from '../../daemon/host/models/store.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';

const digest = (algorithm: string, bytes: Uint8Array) => createHash(algorithm).update(bytes);
const NAME = '@example/networks';
const files = { 'models/net.json': '{"format":"graph-model"}', 'models/net.bin': 'weights' };

let directory: string;
let tarball: Buffer;
let registry: Server | undefined;
let asked: string[];

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rollcall-tarball-'));
  const content = {
    ...files,
    'package.json': JSON.stringify({ name: NAME, version: '1.2.3' }),
    'models/other.bin': '-',
  };
  for (const [path, text] of Object.entries(content)) {
    await mkdir(join(directory, 'package', 'models'), { recursive: true });
    await writeFile(join(directory, 'package', path), text);
  }
  tarball = execFileSync('tar', ['-cz', '-C', directory, 'package'], { maxBuffer: 1e7 });
});
after(() => rm(directory, { recursive: true, force: true }));

const configured = process.env['npm_config_registry'];
beforeEach(async () => {
  asked = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    if (request.url?.endsWith('.tgz') === true) return response.end(tarball);
    const dist = {
      tarball: `http://${request.headers.host}/networks-1.2.3.tgz`,
      integrity: `sha512-${digest('sha512', tarball).digest('base64')}`,
    };
    const versions = { '1.2.3': { name: NAME, version: '1.2.3', dist } };
    return response.end(JSON.stringify({ name: NAME, 'dist-tags': { latest: '1.2.3' }, versions }));
  });
  registry = server;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  process.env['npm_config_registry'] = `http://reader:hush@127.0.0.1:${address.port}/`;
});
afterEach(async () => {
  if (configured === undefined) delete process.env['npm_config_registry'];
  else process.env['npm_config_registry'] = configured;
  registry?.closeAllConnections();
  registry?.close();
  await rm(join(directory, 'kept'), { recursive: true, force: true });
});

function source(integrity = digest('sha512', tarball).digest('base64')) {
  const file = (path: keyof typeof files) => ({
    path,
    sha256: digest('sha256', Buffer.from(files[path])).digest('hex'),
  });
  return {
    kind: 'npm-tarball' as const,
    package: NAME,
    version: '1.2.3',
    integrity: `sha512-${integrity}`,
    description: file('models/net.json'),
    weights: file('models/net.bin'),
  };
}

const place = () => ({ rootDir: directory, keepDir: join(directory, 'kept') });

async function keptFiles(): Promise<readonly string[]> {
  const entries = await readdir(place().keepDir, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

describe('the files of a pack inside an npm package', () => {
  test('come from the registry of npm once, and no other file of the package is kept', async () => {
    for (const round of ['first', 'second']) {
      const { description, weights } = await readTarballSource(source(), place());
      assert.equal(Buffer.from(description).toString(), files['models/net.json'], round);
      assert.equal(Buffer.from(weights).toString(), files['models/net.bin'], round);
    }
    assert.equal(asked.filter((url) => url.endsWith('.tgz')).length, 1);
    assert.deepEqual((await keptFiles()).toSorted(), ['net.bin', 'net.json']);
  });

  test('are refused if the registry gives another package than the manifest names', async () => {
    const other = digest('sha512', Buffer.from('another package')).digest('base64');
    await assert.rejects(readTarballSource(source(other), place()), (error) =>
      isRollcallError(error, 'source-hash'),
    );
    assert.deepEqual(await keptFiles(), []);
  });

  test('are refused if one of them differs from the file of the manifest', async () => {
    const wanted = source();
    const wrong = { ...wanted, weights: { ...wanted.weights, sha256: '0'.repeat(64) } };
    await assert.rejects(readTarballSource(wrong, place()), (error) => isRollcallError(error, 'source-hash'));
    assert.deepEqual(await keptFiles(), []);
  });

  test('are left out with the reason if the registry does not answer, and other packs are built', async () => {
    await new Promise((resolve) => registry?.close(resolve));
    const buildDir = join(directory, 'build');
    const built = await openModelStore();
    await mkdir(buildDir);
    for (const { id, source: origin, file } of built.manifest.packs) {
      if (origin.kind === 'npm') await symlink(await built.path(id), join(buildDir, file));
    }
    const store = await openModelStore({ buildDir });
    const told: (string | undefined)[] = [];
    const statuses = await store.build({ onProgress: ({ reason }) => void (reason && told.push(reason)) });
    const absent = statuses.filter(({ state }) => state !== 'ready').map(({ pack }) => pack.id);
    assert.deepEqual(absent, ['mobilefacenet']);
    assert.match(told.join(), /cannot download the npm package .+ Then run: rollcall models build/);
    assert.ok(!told.join().includes('hush'), told.join());
  });
});
