import assert from 'node:assert/strict';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { startControlServer } from '../../daemon/core/api/server.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { startPersonServer } from '../support/person-server.js';

/** All photographs of an enrolment, with room for the profile and the boundaries. */
const limitBytes = 65 * 1024 * 1024;

describe('a request body', () => {
  /** Sends `sizeBytes` bytes. The headers declare a length only if `lengthBytes` is given. */
  async function post(socketPath: string, sizeBytes: number, lengthBytes?: number) {
    const headers = {
      'content-type': 'multipart/form-data; boundary=x',
      ...(lengthBytes === undefined ? {} : { 'content-length': lengthBytes }),
    };
    const asking = request({ socketPath, method: 'POST', path: '/api/v1/persons', headers });
    // The server may close the connection instead of reading the body.
    asking.on('error', () => undefined);
    const answered = once(asking, 'response') as Promise<[IncomingMessage]>;
    asking.write(Buffer.alloc(sizeBytes));
    if (lengthBytes === undefined) asking.end();
    const [response] = await answered;
    const answer = { status: response.statusCode, text: await text(response) };
    asking.destroy();
    return answer;
  }

  test('with a declared length above 64 MiB is refused before it is read', async () => {
    await using server = await startPersonServer();
    const { status, text: said } = await post(server.socketPath, 1, limitBytes + 1);
    assert.equal(status, 413);
    assert.match(said, /"code":"request-too-large".*64 MiB.*"remedy"/);
  });

  test('without a declared length is refused when it exceeds 64 MiB', async () => {
    await using server = await startPersonServer();
    assert.equal((await post(server.socketPath, limitBytes + 1)).status, 413);
    assert.equal((await post(server.socketPath, 1000)).status, 400, 'a small one is read');
  });

  test('of 2 GiB is not read to its end after its refusal, and takes no memory', async () => {
    await using server = await startPersonServer();
    for (const path of ['/api/v1/no-such-thing', '/api/v1/persons']) {
      const before = process.memoryUsage().rss;
      const { sentMiB, said, peakRss } = await sendWithoutEnd(server.socketPath, path);
      assert.match(said, /^HTTP\/1\.1 4\d\d /);
      // What the sockets of both sides hold comes on top of what the server reads.
      assert.ok(sentMiB < 32, `${path}: ${sentMiB} MiB were taken`);
      assert.ok(peakRss - before < 64 * mib, `${path}: memory grew by ${(peakRss - before) / mib} MiB`);
    }
  });
});

const mib = 1024 * 1024;

/** Sends a body of 2 GiB in chunks until the connection ends, also after the answer has come. */
async function sendWithoutEnd(socketPath: string, path: string) {
  const socket = connect(socketPath).on('error', () => undefined);
  let said = '';
  socket.on('data', (bytes: Buffer) => (said += bytes.toString('latin1')));
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: box\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
  );
  const chunk = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(mib, 0x20), Buffer.from('\r\n')]);
  let sentMiB = 0;
  let peakRss = 0;
  while (!socket.destroyed && sentMiB < 2048) {
    // The callback comes when the chunk has left, or the connection has ended.
    await new Promise((resolve) => socket.write(chunk, resolve));
    sentMiB += 1;
    peakRss = Math.max(peakRss, process.memoryUsage().rss);
  }
  socket.destroy();
  return { sentMiB, said, peakRss };
}

describe('the socket of the local API', () => {
  test('belongs to its owner alone, and the umask is restored', async () => {
    const before = process.umask(0o002);
    try {
      await using server = await startPersonServer();
      assert.equal((await stat(server.socketPath)).mode & 0o777, 0o600);
      assert.equal(process.umask(), 0o002);
      const socketPath = join(server.socketPath, 'below-a-socket');
      await assert.rejects(
        startControlServer({
          ...{ socketPath, operations: {}, handlers: {} },
          logger: silentLogger,
        }),
        {
          code: 'control-socket',
        },
      );
      assert.equal(process.umask(), 0o002);
    } finally {
      process.umask(before);
    }
  });
});
