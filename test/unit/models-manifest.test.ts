import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { findPack, loadManifest, type ModelManifest } from '../../daemon/host/models/model-manifest.js';
import { programRoot } from '../../daemon/host/program-files.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';

describe('the manifest of the repository', () => {
  test('has the base pack, one network for each role, built from npm packages', async () => {
    const { packs } = await loadManifest(programRoot());
    const built = packs.filter((pack) => pack.source.kind === 'npm').map((pack) => pack.role);
    for (const role of [
      'detector',
      'light-detector',
      'dense-landmarks',
      'eye-contour',
      'recogniser',
      'passive-pad',
    ]) {
      assert.ok(
        built.some((candidate) => candidate === role),
        role,
      );
    }
  });

  test('fetches only over TLS, and names every threshold’s scale and origin', async () => {
    for (const { source, thresholds } of (await loadManifest(programRoot())).packs) {
      if (source.kind === 'publisher') assert.match(source.url, /^https:\/\//);
      for (const { scale, origin } of thresholds) assert.ok(scale.length > 10 && origin.length > 10);
    }
  });

  test('lists the known packs when one is unknown', async () => {
    const manifest = await loadManifest(programRoot());
    assert.throws(
      () => findPack(manifest, 'nothing'),
      (error) => isRollcallError(error, 'pack-unknown') && error.remedy?.includes('facemesh') === true,
    );
  });
});

describe('a manifest that cannot be used', () => {
  let rootDir: string;
  before(async () => {
    rootDir = await mkdtemp(join(tmpdir(), 'rollcall-manifest-'));
    await mkdir(join(rootDir, 'models'));
  });
  after(() => rm(rootDir, { recursive: true, force: true }));

  const refused = async (change: (manifest: ModelManifest) => unknown, reason: RegExp): Promise<void> => {
    const text = await readFile(join(programRoot(), 'models', 'manifest.json'), 'utf8');
    await writeFile(join(rootDir, 'models', 'manifest.json'), JSON.stringify(change(JSON.parse(text))));
    await assert.rejects(
      loadManifest(rootDir),
      (error) => isRollcallError(error, 'manifest-unreadable') && reason.test(error.message),
    );
  };

  test('unknown keys, short hashes and doubled ids are refused by name', async () => {
    await refused((manifest) => ({ ...manifest, extra: 1 }), /extra/);
    await refused(
      ({ packs, ...rest }) => ({ ...rest, packs: packs.map((pack) => ({ ...pack, sha256: 'abc' })) }),
      /sha256/,
    );
    await refused(({ packs, ...rest }) => ({ ...rest, packs: [...packs, ...packs] }), /must differ/);
  });

  test('a missing manifest is reported with its path', async () => {
    await rm(join(rootDir, 'models', 'manifest.json'));
    await assert.rejects(loadManifest(rootDir), /manifest\.json cannot be used/);
  });
});
