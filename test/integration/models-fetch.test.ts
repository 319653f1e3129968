import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { LONGEST_SILENCE_MS } from '../../daemon/host/models/model-download.js';
import { type ModelStore, openModelStore } from '../../daemon/host/models/store.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { mountSmallDisk } from '../support/small-disk.js';
import { until } from '../support/until.js';

/** Any pack serves; this one is small and can be made on the spot. */
const PACK = 'liveness';

let model: Buffer;
let directory: string;
let server: Server | undefined;
let address: string;

before(async () => {
  const store = await openModelStore();
  await store.build({ packIds: [PACK] });
  model = await readFile(await store.path(PACK));
});

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rollcall-fetch-'));
});
afterEach(async () => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
  await rm(directory, { recursive: true, force: true });
});
after(() => server?.close());

/** A store that looks for every pack at a server on the loopback interface. */
async function storeServedBy(listener: RequestListener): Promise<ModelStore> {
  await serve(listener);
  return storeAt(`${address}/model.onnx`);
}

async function serve(listener: RequestListener): Promise<void> {
  const started = createServer(listener);
  server = started;
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  const at = started.address();
  assert.ok(typeof at === 'object' && at !== null);
  address = `http://127.0.0.1:${at.port}`;
}

/**
 * Sends the model from the byte that the request asks for, and stops after `mostBytes`. Unread bytes of a broken connection
 * are lost: a test that breaks the connection waits until they were read.
 */
function sendRest({ headers }: IncomingMessage, response: ServerResponse, mostBytes: number): void {
  const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
  const range = { 'content-range': `bytes ${from}-${model.length - 1}/${model.length}` };
  response.writeHead(headers.range === undefined ? 200 : 206, {
    'content-length': String(model.length - from),
    ...(headers.range === undefined ? {} : range),
  });
  const rest = model.subarray(from, from + mostBytes);
  if (from + mostBytes >= model.length) response.end(rest);
  else response.write(rest);
}

function storeAt(url: string): Promise<ModelStore> {
  return openModelStore({
    buildDir: join(directory, 'build'),
    importDir: join(directory, 'imported'),
    publisherUrl: () => url,
  });
}

async function kept(): Promise<readonly string[]> {
  return (await readdir(join(directory, 'imported')).catch(() => [])).sort();
}

async function assertNothingKept(): Promise<void> {
  assert.deepEqual(await kept(), []);
}

describe('fetching from a publisher', () => {
  test('keeps the right file and reports its progress', async () => {
    const store = await storeServedBy((_, response) => response.end(model));
    const seen: number[] = [];
    const status = await store.fetch(PACK, {
      onProgress: ({ receivedBytes }) => void seen.push(receivedBytes),
    });
    assert.equal(status.state, 'ready');
    assert.equal(seen.at(-1), model.length);
    assert.deepEqual(await readFile(await store.path(PACK)), model);
    // What is there and whole is not downloaded again.
    assert.equal((await store.fetch(PACK, { onProgress: () => assert.fail('asked again') })).state, 'ready');
  });

  test('follows a redirect', async () => {
    const store = await storeServedBy((request, response) => {
      if (request.url === '/model.onnx') response.writeHead(302, { location: '/elsewhere' }).end();
      else response.end(model);
    });
    assert.equal((await store.fetch(PACK)).state, 'ready');
  });

  test('refuses wrong bytes with the expected and the found hash', async () => {
    const wrong = Buffer.from(model);
    wrong[100] = (wrong[100] ?? 0) ^ 1;
    const store = await storeServedBy((_, response) => response.end(wrong));
    await assert.rejects(
      store.fetch(PACK),
      (error) =>
        isRollcallError(error, 'pack-wrong-hash') &&
        error.message.includes(store.pack(PACK).sha256) &&
        error.details['found'] !== store.pack(PACK).sha256,
    );
    await assertNothingKept();
  });

  test('stops reading an endless answer', async () => {
    let sentBytes = 0;
    const store = await storeServedBy((_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(model.subarray(0, 65_536))) sentBytes += 65_536;
      };
      response.on('drain', more);
      more();
    });
    await assert.rejects(store.fetch(PACK), (error) => isRollcallError(error, 'pack-wrong-hash'));
    await assertNothingKept();
    assert.ok(sentBytes < 100 * model.length);
  });

  test('resumes an interrupted transfer as long as each attempt brings some bytes', async () => {
    const asked: (string | undefined)[] = [];
    let open: ServerResponse | undefined;
    const store = await storeServedBy((request, response) => {
      asked.push(request.headers.range);
      open = response;
      sendRest(request, response, asked.length < 3 ? 100_000 : model.length);
    });
    const status = await store.fetch(PACK, {
      onProgress: ({ receivedBytes }) => {
        if (receivedBytes === 100_000 * asked.length) open?.destroy();
      },
    });
    assert.equal(status.state, 'ready');
    assert.deepEqual(asked, [undefined, 'bytes=100000-', 'bytes=200000-']);
    assert.deepEqual(await readFile(await store.path(PACK)), model);
  });

  test('keeps what has arrived when nothing more comes, and the next call resumes there', async () => {
    let isDown = false;
    const asked: (string | undefined)[] = [];
    let open: ServerResponse | undefined;
    const store = await storeServedBy((request, response) => {
      asked.push(request.headers.range);
      open = response;
      if (isDown) response.destroy();
      else sendRest(request, response, asked.length === 1 ? 100_000 : model.length);
    });
    const broken = store.fetch(PACK, {
      onProgress: ({ receivedBytes }) => {
        if (receivedBytes < 100_000) return;
        isDown = true;
        open?.destroy();
      },
    });
    await assert.rejects(
      broken,
      (error) =>
        isRollcallError(error, 'publisher-unreachable') &&
        error.remedy?.includes(`100000 of ${model.length} bytes are kept`) === true,
    );
    isDown = false;
    assert.deepEqual(await kept(), ['liveness.onnx.part']);
    const told: number[] = [];
    const status = await store.fetch(PACK, {
      onProgress: ({ receivedBytes }) => void told.push(receivedBytes),
    });
    assert.equal(status.state, 'ready');
    assert.deepEqual([asked.at(-1), told[0]], ['bytes=100000-', 100_000]);
    assert.deepEqual(await kept(), ['.verified.json', 'liveness.onnx']);
  });

  test('resumes what a killed process left, and does not touch the part of a running one', async () => {
    const imported = join(directory, 'imported');
    await mkdir(imported);
    const dead = spawnSync('true').pid;
    await writeFile(join(imported, `liveness.onnx.${dead}-1.part`), model.subarray(0, 5000));
    await writeFile(join(imported, `liveness.onnx.part`), model.subarray(0, 400));
    await writeFile(join(imported, `liveness.onnx.${process.ppid}-1.part`), model.subarray(0, 9000));
    const asked: (string | undefined)[] = [];
    const store = await storeServedBy((request, response) => {
      asked.push(request.headers.range);
      sendRest(request, response, model.length);
    });
    assert.equal((await store.fetch(PACK)).state, 'ready');
    assert.deepEqual(asked, ['bytes=5000-']);
    assert.deepEqual(await kept(), [
      '.verified.json',
      'liveness.onnx',
      `liveness.onnx.${process.ppid}-1.part`,
    ]);
  });

  test('downloads all again if the kept part is of another file', async () => {
    const imported = join(directory, 'imported');
    for (const [left, answersRest] of [
      [Buffer.alloc(5000, 1), true],
      [Buffer.alloc(model.length, 1), true],
      [Buffer.alloc(model.length + 1, 1), true],
      [Buffer.alloc(5000, 1), false],
    ] as const) {
      await mkdir(imported, { recursive: true });
      await writeFile(join(imported, 'liveness.onnx.part'), left);
      const store = await storeServedBy((request, response) => {
        if (answersRest) sendRest(request, response, model.length);
        else if (request.headers.range === undefined) response.end(model);
        else response.writeHead(416).end();
      });
      assert.equal((await store.fetch(PACK)).state, 'ready');
      assert.deepEqual(await readFile(await store.path(PACK)), model);
      assert.deepEqual(await kept(), ['.verified.json', 'liveness.onnx']);
      server?.closeAllConnections();
      server?.close();
      await rm(imported, { recursive: true });
    }
  });

  test('gives up when the publisher falls silent, and keeps what has arrived', async () => {
    const clock = new VirtualClock();
    const store = await storeServedBy((request, response) => {
      if (request.headers.range !== undefined) return;
      response.writeHead(200, { 'content-length': String(model.length) });
      response.write(model.subarray(0, 1000));
    });
    let receivedBytes = 0;
    const fetching = store.fetch(PACK, {
      clock,
      onProgress: (progress) => {
        receivedBytes = progress.receivedBytes;
      },
    });
    const failed = fetching.then(
      () => false,
      () => true,
    );
    await until('the first bytes', () => receivedBytes === 1000);
    await until('the end', () => {
      clock.advanceBy(LONGEST_SILENCE_MS);
      return Promise.race([failed, false]);
    });
    await assert.rejects(
      fetching,
      (error) =>
        isRollcallError(error, 'publisher-unreachable') &&
        error.message.includes('no bytes arrived for 60 s'),
    );
    assert.deepEqual(await kept(), ['liveness.onnx.part']);
  });

  test('refuses a file of another size before it is sent', async () => {
    let sentBytes = 0;
    const store = await storeServedBy((_, response) => {
      response.writeHead(200, { 'content-length': String(model.length + 1) });
      response.write(model.subarray(0, 10));
      sentBytes += 10;
    });
    await assert.rejects(
      store.fetch(PACK),
      (error) =>
        isRollcallError(error, 'publisher-refused') &&
        error.message.includes(`offers a file of ${model.length + 1} bytes`),
    );
    assert.equal(sentBytes, 10);
    await assertNothingKept();
  });

  test('refuses a file that ends too early, and says at which byte', async () => {
    const store = await storeServedBy((_, response) => {
      response.write(model.subarray(0, 1000));
      response.end();
    });
    await assert.rejects(
      store.fetch(PACK),
      (error) =>
        isRollcallError(error, 'pack-wrong-hash') &&
        error.message.includes(`it ends after 1000 of ${model.length} bytes`),
    );
    await assertNothingKept();
  });

  test('follows a limited number of redirects', async () => {
    let redirects = 0;
    const store = await storeServedBy((_, response) => {
      redirects += 1;
      response.writeHead(302, { location: `/${redirects}` }).end();
    });
    await assert.rejects(
      store.fetch(PACK),
      (error) => isRollcallError(error, 'publisher-refused') && error.message.includes('more than 5 times'),
    );
    assert.equal(redirects, 6);
  });

  test('reports that the disk has too little space, before and during the transfer', async (t) => {
    const disk = mountSmallDisk(1);
    if ('skip' in disk) return t.skip(disk.skip);
    using _disk = disk;
    const store = await openModelStore({
      buildDir: join(directory, 'build'),
      importDir: join(disk.path, 'imported'),
      publisherUrl: () => `${address}/model.onnx`,
    });
    let isAsked = false;
    await serve((_, response) => {
      isAsked = true;
      // The room that was there at the beginning is taken meanwhile.
      disk.fill();
      response.end(model);
    });
    await assert.rejects(
      store.fetch(PACK),
      (error) => isRollcallError(error, 'pack-not-stored') && error.message.includes('no space left'),
    );
    assert.deepEqual(await readdir(join(disk.path, 'imported')), []);
    isAsked = false;
    await assert.rejects(
      store.fetch(PACK),
      (error) => isRollcallError(error, 'pack-not-stored') && error.message.includes('needs 0.6 MB'),
    );
    assert.equal(isAsked, false);
  });

  test('reports a refusal with its status', async () => {
    const store = await storeServedBy((_, response) => response.writeHead(404).end());
    await assert.rejects(
      store.fetch(PACK),
      (error) => isRollcallError(error, 'publisher-refused') && error.message.includes('404'),
    );
  });

  test('says what to do when the publisher cannot be reached', async () => {
    const closed = await storeServedBy(() => undefined);
    await new Promise((resolve) => server?.close(resolve));
    await assert.rejects(
      closed.fetch(PACK),
      (error) =>
        isRollcallError(error, 'publisher-unreachable') &&
        error.message.includes('ECONNREFUSED') &&
        error.remedy?.includes('rollcall models import') === true,
    );
  });

  test('says where to get a pack that has no address', async () => {
    const store = await openModelStore({ buildDir: directory, importDir: directory });
    await assert.rejects(
      store.fetch('minifasnet-v2'),
      (error) =>
        isRollcallError(error, 'pack-not-published') && error.remedy?.includes('github.com') === true,
    );
  });

  test('fetches missing recommended packs, and skips unavailable ones with the reason', async () => {
    await serve((request, response) => {
      if (request.url === '/liveness.onnx') response.end(model);
      else response.writeHead(404).end();
    });
    const { manifest } = await openModelStore();
    const packs = manifest.packs.map((pack) =>
      ['liveness', 'iris'].includes(pack.id)
        ? { ...pack, source: { kind: 'publisher', publisher: 'Test', url: `${address}/${pack.file}` } }
        : pack,
    );
    const recommended = ['iris', 'liveness'];
    await mkdir(join(directory, 'models'));
    const path = join(directory, 'models', 'manifest.json');
    await writeFile(path, JSON.stringify({ ...manifest, recommended, packs }));
    const store = await openModelStore({ rootDir: directory });
    const first = await store.obtainRecommended();
    assert.deepEqual(
      first.statuses.map(({ pack, state }) => [pack.id, state]),
      [
        ['iris', 'absent'],
        ['liveness', 'ready'],
      ],
    );
    assert.deepEqual([first.brought, first.leftOut.map(({ packId }) => packId)], [['liveness'], ['iris']]);
    assert.match(first.leftOut[0]?.reason ?? '', /answered 404 .*rollcall models import iris\.onnx/);
    server?.closeAllConnections();
    await new Promise((resolve) => server?.close(resolve));
    const second = await store.obtainRecommended();
    assert.deepEqual([second.brought, second.leftOut.length], [[], 1]);
    await writeFile(path, JSON.stringify({ ...manifest, recommended: ['nothing'] }));
    await assert.rejects(openModelStore({ rootDir: directory }), /a recommended pack does not exist/);
  });
});
