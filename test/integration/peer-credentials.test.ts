import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { openPeerCredentials } from '../../daemon/host/peer-credentials.js';
import { hear } from '../support/heard-child.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const client = "require('node:net').connect(process.argv[1]).resume()";

async function listening(address: string | number): Promise<Server & AsyncDisposable> {
  const server = createServer();
  if (typeof address === 'string') server.listen(address);
  else server.listen(address, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** As the kernel lists them. */
function supplementaryGroupsOf(pid: number | undefined): readonly number[] {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return (/^Groups:(.*)$/m.exec(status)?.[1]?.match(/\d+/g) ?? []).map(Number);
}

/** A child that connects to `path`, and the server's end of that connection. */
async function connectedChild(server: Server, path: string, user: { uid?: number; gid?: number } = {}) {
  const connection = once(server, 'connection') as Promise<[Socket]>;
  const child = spawn(process.execPath, ['-e', client, path], { stdio: 'inherit', ...user });
  const { causes, ended } = hear(child);
  const [socket] = await causes('its connection', connection);
  return {
    socket,
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      socket.destroy();
      child.kill();
      await ended;
    },
  };
}

describe('the peer of a unix socket', () => {
  test('is identified by the pid and user of the process that connected', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'socket');
    await using server = await listening(path);
    await using child = await connectedChild(server, path);
    const read = await openPeerCredentials();
    assert.deepEqual(read(child.socket), {
      pid: child.pid,
      uid: process.getuid?.(),
      gid: process.getgid?.(),
      groups: supplementaryGroupsOf(child.pid),
    });
  });

  const skip = process.getuid?.() === 0 ? false : 'running a child as another user needs root';
  test('is distinguished by its user', { skip }, async () => {
    await using directory = await temporaryDirectory();
    await chmod(directory.path, 0o755);
    const path = join(directory.path, 'socket');
    await using server = await listening(path);
    await chmod(path, 0o666);
    await using child = await connectedChild(server, path, { uid: 65_534, gid: 65_533 });
    const read = await openPeerCredentials();
    assert.deepEqual(read(child.socket), { pid: child.pid, uid: 65_534, gid: 65_533, groups: [] });
  });

  test('is unknown on a closed socket', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'socket');
    await using server = await listening(path);
    await using child = await connectedChild(server, path);
    child.socket.destroy();
    await once(child.socket, 'close');
    const read = await openPeerCredentials();
    assert.equal(read(child.socket), undefined);
  });

  test('is unknown on a socket of another family', async () => {
    await using server = await listening(0);
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    const connection = once(server, 'connection') as Promise<[Socket]>;
    const ours = connect(address.port, '127.0.0.1');
    const [socket] = await connection;
    const read = await openPeerCredentials();
    assert.equal(read(socket), undefined);
    ours.destroy();
    socket.destroy();
  });
});
