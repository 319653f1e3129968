import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmod } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ConfinedPeers, type ConfinedProcess } from '../../daemon/core/api/confined-peers.js';
import { openPeerCredentials } from '../../daemon/host/peer-credentials.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { runProgram } from '../support/box.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const visionUid = 65_530;
const gateUid = 65_531;
const asUser = (uid: number): readonly string[] => [
  ...['setpriv', `--reuid=${uid}`, '--regid=65533', '--clear-groups'],
];

/** Asks, or connects and sends nothing, and prints what came back. */
const ask = `
const socket = require('node:net').connect(process.argv[1]);
if (process.argv[2] === 'ask') socket.write('GET / HTTP/1.1\\r\\nHost: box\\r\\nConnection: close\\r\\n\\r\\n');
socket.on('data', (chunk) => process.stdout.write(chunk)).on('error', () => undefined).on('close', () => process.exit(0));`;

describe('a socket that anyone may open by mistake', {
  skip: process.getuid?.() === 0 ? false : 'running a program as another user needs root',
}, () => {
  async function openDoor(...refused: readonly ConfinedProcess[]) {
    const directory = await temporaryDirectory();
    await chmod(directory.path, 0o755);
    const path = join(directory.path, 'socket');
    const reported: ConfinedProcess[] = [];
    const logged: (object | undefined)[] = [];
    const peers = new ConfinedPeers({
      processOf: ({ uid }) => (uid === visionUid ? 'vision' : uid === gateUid ? 'gate' : undefined),
      peerOf: await openPeerCredentials(),
      onRefused: (process) => void reported.push(process),
      clock: new VirtualClock(),
      logger: { error: (_, fields) => void logged.push(fields) },
    });
    const server = createServer((_, response) => response.end('served'));
    peers.refuseAt(server, path, refused);
    server.listen(path);
    await once(server, 'listening');
    await chmod(path, 0o666);
    return {
      ...{ reported, logged },
      async ask(uid: number, how: 'ask' | 'wait' = 'ask') {
        const [program = '', ...args] = [...asUser(uid), process.execPath, '-e', ask, path, how];
        return (await runProgram(program, args)).stdout;
      },
      async [Symbol.asyncDispose]() {
        server.close();
        await directory[Symbol.asyncDispose]();
      },
    };
  }

  test('reads nothing that a vision process or the gate sends, and reports them', async () => {
    await using door = await openDoor('vision', 'gate');
    assert.equal(await door.ask(visionUid), '');
    assert.equal(await door.ask(gateUid, 'wait'), '', 'a connection without a request is enough');
    assert.deepEqual(door.reported, ['vision', 'gate']);
    assert.match(await door.ask(0), /served/);
    assert.match(await door.ask(65_534), /served/, 'other users are judged by their request');
    assert.equal(door.reported.length, 2);
  });

  test('serves whom it is there for', async () => {
    await using door = await openDoor('vision');
    assert.match(await door.ask(gateUid), /served/);
    assert.deepEqual(door.reported, []);
  });

  test('writes few lines to the log, however often it is tried', async () => {
    await using door = await openDoor('vision');
    for (let attempt = 0; attempt < 7; attempt += 1) await door.ask(visionUid);
    assert.equal(door.reported.length, 7);
    assert.equal(door.logged.length, 5);
  });
});
