import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmod } from 'node:fs/promises';
import { createServer, IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type LocalRights, openLocalCaller } from '../../daemon/core/api/local-caller.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { runProgram } from '../support/box.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const ask =
  "require('node:http').get({ socketPath: process.argv[1] }, (answer) => answer.pipe(process.stdout))";

/** A socket that anyone may open, as if somebody had changed its mode, and what it answers to the command. */
async function answerTo(rights: LocalRights, ...prefix: readonly string[]): Promise<string> {
  await using directory = await temporaryDirectory();
  await chmod(directory.path, 0o755);
  const logged: string[] = [];
  const callerOf = await openLocalCaller(rights, { error: (message) => void logged.push(message) });
  const server = createServer((incoming, response) => {
    try {
      const { actor, scopes } = callerOf({ incoming });
      response.end(`${actor}, ${scopes.has('keys:write') ? 'all rights' : 'no rights'}`);
    } catch (error) {
      response.end(isRollcallError(error) ? `${error.code}, ${logged.length} line logged` : String(error));
    }
  });
  const path = join(directory.path, 'socket');
  server.listen(path);
  await once(server, 'listening');
  await chmod(path, 0o666);
  const [program = '', ...args] = [...prefix, process.execPath, '-e', ask, path];
  const { stdout, stderr } = await runProgram(program, args);
  server.close();
  assert.equal(stderr, '');
  return stdout;
}

const own = process.getuid?.() ?? 0;
const as = (uid: number, ...groups: readonly number[]): readonly string[] => [
  'setpriv',
  `--reuid=${uid}`,
  '--regid=65533',
  ...(groups.length === 0 ? ['--clear-groups'] : [`--groups=${groups.join(',')}`]),
];

describe('the local API', () => {
  test('lets the user of the daemon do everything', async () => {
    assert.equal(await answerTo({ ownUid: own, adminGid: undefined }), `uid:${own}, all rights`);
  });

  const skip = own === 0 ? false : 'running a program as another user needs root';
  test('lets the group of administrators do everything', { skip }, async () => {
    const rights = { ownUid: 1, adminGid: 4242 };
    assert.equal(await answerTo(rights, ...as(65_534, 7, 4242)), 'uid:65534, all rights');
  });

  test('refuses every other user, with a line in the log', { skip }, async () => {
    for (const adminGid of [undefined, 4242]) {
      const answer = await answerTo({ ownUid: 1, adminGid }, ...as(65_534, 7));
      assert.equal(answer, 'unauthenticated, 1 line logged');
    }
  });

  test('refuses a client that is gone, and does not take it for another user', async () => {
    const logged: string[] = [];
    const rights = { ownUid: own, adminGid: undefined };
    const callerOf = await openLocalCaller(rights, { error: (message) => void logged.push(message) });
    const incoming = new IncomingMessage(new Socket());
    assert.throws(() => callerOf({ incoming }), { code: 'unauthenticated' });
    assert.deepEqual(logged, []);
  });
});
