import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { isRollcallError } from '../../daemon/base/errors.js';
import { type ModelStore, openModelStore } from '../../daemon/models/store.js';

/** Any pack serves; this one is small and can be made on the spot. */
const PACK = 'liveness';

let model: Buffer;
let directory: string;
let server: Server | undefined;

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
  const started = createServer(listener);
  server = started;
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  const address = started.address();
  assert.ok(typeof address === 'object' && address !== null);
  return storeAt(`http://127.0.0.1:${address.port}/model.onnx`);
}

function storeAt(url: string): Promise<ModelStore> {
  return openModelStore({
    buildDir: join(directory, 'build'),
    importDir: join(directory, 'imported'),
    publisherUrl: () => url,
  });
}

async function assertNothingKept(): Promise<void> {
  assert.deepEqual(await readdir(join(directory, 'imported')).catch(() => []), []);
}

describe('fetching from a publisher', () => {
  test('keeps the right file and tells how far it is', async () => {
    const store = await storeServedBy((_, response) => response.end(model));
    const seen: number[] = [];
    const status = await store.fetch(PACK, {
      onProgress: ({ receivedBytes }) => void seen.push(receivedBytes),
    });
    assert.equal(status.state, 'ready');
    assert.equal(seen.at(-1), model.length);
    assert.deepEqual(await readFile(await store.path(PACK)), model);
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

  test('stops reading an answer that does not end', async () => {
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

  test('reports a transfer that breaks off', async () => {
    const store = await storeServedBy((_, response) => {
      response.writeHead(200, { 'content-length': String(model.length) });
      response.write(model.subarray(0, 1000), () => response.destroy());
    });
    await assert.rejects(store.fetch(PACK), (error) => isRollcallError(error, 'publisher-unreachable'));
    await assertNothingKept();
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

  test('a pack without a publisher’s address says where to get it', async () => {
    const store = await openModelStore({ buildDir: directory, importDir: directory });
    await assert.rejects(
      store.fetch('minifasnet-v2'),
      (error) =>
        isRollcallError(error, 'pack-not-published') && error.remedy?.includes('github.com') === true,
    );
  });
});
