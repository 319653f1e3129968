import assert from 'node:assert/strict';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { silentLogger } from '../../daemon/base/logger.js';
import type { BoxControl } from '../../daemon/control/box-control.js';
import { startControlServer } from '../../daemon/control/server.js';
import { startPersonServer } from '../support/person-server.js';

const limitBytes = 64 * 1024 * 1024;

describe('a request body', { timeout: 60_000 }, () => {
  /** Sends `sizeBytes` bytes, of which the headers tell nothing unless `lengthBytes` is given. */
  async function post(socketPath: string, sizeBytes: number, lengthBytes?: number) {
    const headers = lengthBytes === undefined ? {} : { 'content-length': lengthBytes };
    const asking = request({ socketPath, method: 'POST', path: '/v1/persons', headers });
    // The server may hang up on what it does not want to read.
    asking.on('error', () => undefined);
    const answered = once(asking, 'response') as Promise<[IncomingMessage]>;
    asking.write(Buffer.alloc(sizeBytes));
    if (lengthBytes === undefined) asking.end();
    const [response] = await answered;
    const answer = { status: response.statusCode, text: await text(response) };
    asking.destroy();
    return answer;
  }

  test('that says that it is larger than 64 MiB is refused before it is read', async () => {
    await using server = await startPersonServer();
    const { status, text: said } = await post(server.socketPath, 1, limitBytes + 1);
    assert.equal(status, 413);
    assert.match(said, /"code":"request-too-large".*64 MiB.*"remedy"/);
  });

  test('that does not say how large it is is refused once it is larger than 64 MiB', async () => {
    await using server = await startPersonServer();
    assert.equal((await post(server.socketPath, limitBytes + 1)).status, 413);
    assert.equal((await post(server.socketPath, 1000)).status, 400, 'a small one is read');
  });
});

describe('the socket of the local API', () => {
  test('is its owner’s alone, and the umask is afterwards as before', async () => {
    const before = process.umask(0o002);
    try {
      await using server = await startPersonServer();
      assert.equal((await stat(server.socketPath)).mode & 0o777, 0o600);
      assert.equal(process.umask(), 0o002);
      const socketPath = join(server.socketPath, 'below-a-socket');
      const box = {} as Partial<BoxControl> as BoxControl;
      await assert.rejects(startControlServer({ socketPath, box, logger: silentLogger }), {
        code: 'control-socket',
      });
      assert.equal(process.umask(), 0o002);
    } finally {
      process.umask(before);
    }
  });
});
