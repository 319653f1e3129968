import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  copyFile,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type ModelStore, openModelStore } from '../../daemon/host/models/store.js';
import { programRoot } from '../../daemon/host/program-files.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { openNetwork, runNetwork } from '../support/onnx-run.js';
import { sharedFile } from '../support/shared-media.js';
import { noisePicture } from '../support/tensor-pictures.js';

let directory: string;
let buildDir: string;
let importDir: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rollcall-models-'));
  [buildDir, importDir] = [join(directory, 'build'), join(directory, 'imported')];
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function open(): Promise<ModelStore> {
  return openModelStore({ buildDir, importDir });
}

async function sha256(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

describe('building', () => {
  test('gives the files of the manifest, the same each time, and keeps existing ones', async () => {
    const store = await open();
    const steps: string[] = [];
    const onProgress = ({ packId, step }: { packId: string; step: string }): void =>
      void steps.push(`${packId} ${step}`);
    const packIds = store.manifest.packs.flatMap(({ id, source }) => (source.kind === 'npm' ? [id] : []));
    const first = await store.build({ packIds, onProgress });
    assert.equal(first.length, 8);
    for (const status of first) {
      assert.equal(status.state, 'ready');
      if (status.state !== 'ready') return;
      assert.equal(await sha256(status.path), status.pack.sha256);
      assert.equal((await stat(status.path)).size, status.pack.sizeBytes);
    }
    await store.build({ packIds, isForced: true });
    await store.build({ packIds: ['iris'], onProgress });
    assert.deepEqual(steps.slice(-3), ['liveness converting', 'liveness built', 'iris kept']);
    assert.ok((await store.verify()).filter(({ state }) => state === 'ready').length === 8);
  });

  test('refuses a source file that differs from the one of the manifest', async () => {
    const rootDir = join(directory, 'program');
    const source = 'node_modules/@vladmandic/human';
    for (const folder of ['models', `${source}/models`])
      await mkdir(join(rootDir, folder), { recursive: true });
    await copyFile(join(programRoot(), 'models/manifest.json'), join(rootDir, 'models/manifest.json'));
    for (const file of ['package.json', 'models/liveness.json', 'models/liveness.bin']) {
      await cp(join(programRoot(), source, file), join(rootDir, source, file));
    }
    const store = await openModelStore({ rootDir, buildDir });
    await store.build({ packIds: ['liveness'] });
    const bytes = await readFile(join(rootDir, source, 'models/liveness.bin'));
    bytes[1000] = (bytes[1000] ?? 0) ^ 1;
    await writeFile(join(rootDir, source, 'models/liveness.bin'), bytes);
    await assert.rejects(store.build({ packIds: ['liveness'], isForced: true }), (error) =>
      isRollcallError(error, 'source-hash'),
    );
    await assert.rejects(store.build({ packIds: ['iris'] }), (error) =>
      isRollcallError(error, 'source-missing'),
    );
  });

  test('says which directory cannot be written', async () => {
    const file = join(directory, 'file');
    await writeFile(file, '');
    const store = await openModelStore({ buildDir: join(file, 'build'), importDir });
    await assert.rejects(
      store.build({ packIds: ['liveness'] }),
      (error) => isRollcallError(error, 'pack-not-stored') && error.message.includes(file),
    );
  });

  test('says which command builds a missing pack', async () => {
    const store = await open();
    await assert.rejects(
      store.path('facemesh'),
      (error) => isRollcallError(error, 'pack-absent') && error.remedy === "Run 'rollcall models build'.",
    );
    await assert.rejects(store.build({ packIds: ['sface'] }), (error) =>
      isRollcallError(error, 'pack-not-built'),
    );
  });
});

describe('verifying', () => {
  test('refuses a changed or truncated file with the expected and the found hash', async () => {
    await (await open()).build({ packIds: ['liveness'] });
    const path = await (await open()).path('liveness');
    const bytes = await readFile(path);
    const changed = Uint8Array.from(bytes);
    changed[5000] = (changed[5000] ?? 0) ^ 1;
    for (const wrong of [changed, bytes.subarray(0, -1)]) {
      await writeFile(path, wrong);
      const store = await open();
      const found = await sha256(path);
      await assert.rejects(
        store.path('liveness'),
        (error) =>
          isRollcallError(error, 'pack-damaged') &&
          error.message.includes(found) &&
          error.message.includes(store.pack('liveness').sha256),
      );
    }
  });

  test('detects a replaced file with the same size and time', async () => {
    await (await open()).build({ packIds: ['liveness'] });
    const path = await (await open()).path('liveness');
    const { atime, mtime } = await stat(path);
    await writeFile(path, new Uint8Array((await readFile(path)).length));
    await utimes(path, atime, mtime);
    assert.equal((await (await open()).status('liveness')).state, 'damaged');
  });

  test('reads every file when asked to, though a start takes an unchanged file for what it was', async () => {
    await (await open()).build({ packIds: ['liveness'] });
    const path = await (await open()).path('liveness');
    const good = await sha256(path);
    await writeFile(path, 'damaged');
    const { size: sizeBytes, mtimeMs: modifiedMs, ctimeMs: changedMs } = await stat(path);
    const known = { sizeBytes, modifiedMs, changedMs, sha256: good };
    await writeFile(join(buildDir, '.verified.json'), JSON.stringify({ 'liveness.onnx': known }));
    const store = await open();
    const stateIn = (statuses: Awaited<ReturnType<ModelStore['verify']>>) =>
      statuses.find(({ pack }) => pack.id === 'liveness')?.state;
    assert.equal((await store.status('liveness')).state, 'ready');
    assert.equal(stateIn(await store.verify()), 'damaged');
    assert.equal((await store.status('liveness')).state, 'damaged', 'and remembers what it found');
  });

  test('ignores a damaged cache of hashes', async () => {
    await (await open()).build({ packIds: ['liveness'] });
    await writeFile(join(buildDir, '.verified.json'), '{"liveness.onnx": 1}');
    assert.equal((await (await open()).status('liveness')).state, 'ready');
  });
});

describe('importing', () => {
  const bundle = sharedFile('models/face_landmarker.task');
  test("converts a publisher's file into the pack of the manifest", { skip: bundle.skip }, async () => {
    const status = await (await open()).import(bundle.path);
    assert.ok(status.state === 'ready', status.state);
    assert.equal(status.pack.id, 'face-landmarker');
    assert.equal(await sha256(status.path), status.pack.sha256);
    assert.deepEqual(
      await readdir(importDir).then((names) => names.filter((name) => !name.startsWith('.'))),
      ['face-landmarker.onnx'],
    );
  });

  test('keeps what an earlier version converted, and replaces it at the next import', {
    skip: bundle.skip,
  }, async () => {
    const rootDir = join(directory, 'program');
    await mkdir(join(rootDir, 'models'), { recursive: true });
    await mkdir(importDir);
    const earlier = join(importDir, 'face-landmarker.onnx');
    await writeFile(earlier, 'an earlier conversion');
    const { packs, ...manifest } = (await open()).manifest;
    const hashed = await sha256(earlier);
    const original = (pack: (typeof packs)[number]) =>
      pack.source.kind === 'publisher' && pack.source.original
        ? {
            ...pack,
            source: { ...pack.source, original: { ...pack.source.original, earlierConversions: [hashed] } },
          }
        : pack;
    await writeFile(
      join(rootDir, 'models/manifest.json'),
      JSON.stringify({ ...manifest, packs: packs.map(original) }),
    );
    const store = await openModelStore({ rootDir, buildDir, importDir });
    assert.equal(await store.path('face-landmarker'), earlier);
    await writeFile(earlier, 'another file');
    assert.equal((await store.status('face-landmarker')).state, 'damaged');
    await writeFile(earlier, 'an earlier conversion');
    const { pack, state } = await store.import(bundle.path);
    assert.equal(state, 'ready');
    assert.equal(await sha256(earlier), pack.sha256);
  });

  test('recognises a pack by its hash, whatever the file is called', async () => {
    await (await open()).build({ packIds: ['liveness'] });
    const anyName = join(directory, 'download(1).bin');
    await copyFile(await (await open()).path('liveness'), anyName);
    await rm(buildDir, { recursive: true });
    const store = await open();
    const status = await store.import(anyName);
    assert.equal(status.state, 'ready');
    assert.equal(await store.path('liveness'), join(importDir, 'liveness.onnx'));
  });

  test('refuses wrong, truncated and missing files and leaves nothing behind', async () => {
    const store = await open();
    const named = join(directory, 'face_detection_yunet_2023mar.onnx');
    await writeFile(named, 'version https://git-lfs.github.com/spec/v1');
    await assert.rejects(
      store.import(named),
      (error) =>
        isRollcallError(error, 'pack-wrong-hash') &&
        error.message.includes(store.pack('yunet-2023mar').sha256) &&
        error.message.includes('it ends after 42 of 232589 bytes'),
    );
    const unknown = join(directory, 'other.onnx');
    await writeFile(unknown, 'nothing');
    await assert.rejects(store.import(unknown), (error) => isRollcallError(error, 'pack-wrong-hash'));
    await assert.rejects(store.import(join(directory, 'absent')), (error) =>
      isRollcallError(error, 'import-unreadable'),
    );
    assert.deepEqual(await readdir(importDir).catch(() => []), []);
  });

  for (const [packId, file, widthPx, heightPx] of [
    ['yunet-2023mar', 'face_detection_yunet_2023mar.onnx', 640, 640],
    ['yunet-dynamic', 'yunet_n_dynamic.onnx', 640, 384],
    ['minifasnet-v2', '2.7_80x80_MiniFASNetV2.onnx', 80, 80],
    ['minifasnet-v1se', '4_0_0_80x80_MiniFASNetV1SE.onnx', 80, 80],
  ] as const) {
    const { path, skip } = sharedFile(`models/${file}`);
    test(`${packId} runs after import and gives what the manifest says`, { skip }, async () => {
      const store = await open();
      await store.import(path);
      const network = await openNetwork(await store.path(packId));
      const pack = store.pack(packId);
      assert.deepEqual(network.inputNames, [pack.input.name]);
      const outputs = await runNetwork(network, [noisePicture(widthPx, heightPx, 1)]);
      assert.deepEqual([...outputs.keys()].sort(), pack.outputs.map(({ name }) => name).sort());
      for (const { name, shape } of pack.outputs) {
        const dims = outputs.get(name)?.dims ?? [];
        assert.equal(dims.length, shape.length, name);
        for (const [axis, size] of shape.entries()) {
          if (typeof size === 'number') assert.equal(dims[axis], size, `${name}, axis ${axis}`);
        }
      }
      await network.release();
    });
  }
});
