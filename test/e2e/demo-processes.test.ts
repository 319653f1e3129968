import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get } from 'node:https';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type LocalBox, makeLocalBox } from '../../scripts/local-box.js';
import { startLocalGate } from '../../scripts/local-gate.js';
import { demoSections } from '../../scripts/seeding/seed.js';
import { withoutBuild } from '../support/box.js';
import { freePort } from '../support/listening.js';
import { descendantsOf, runningWith } from '../support/processes.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const running = (program: string): readonly number[] => runningWith(program, descendantsOf(process.pid));

const localBox = (folder: string, port: number): Promise<LocalBox> =>
  makeLocalBox({ directory: join(folder, 'box'), comment: 'A test.', sections: demoSections(port) });

/** An HTTPS server answers there. Its certificate is that of the box, which no browser knows. */
async function assertAnswers(port: number): Promise<void> {
  const request = get({ host: '127.0.0.1', port, rejectUnauthorized: false, agent: false });
  const [response] = await once(request, 'response');
  assert.equal(response.statusCode, 200);
  request.destroy();
}

describe('the processes of a demo box', { skip: withoutBuild }, () => {
  test('a gate answers when it counts as started, and is named when it is killed', async () => {
    await using folder = await temporaryDirectory();
    const port = await freePort();
    await using box = await localBox(folder.path, port);
    await box.start();
    await using gate = await startLocalGate(box, port);
    await assertAnswers(port);
    process.kill(gate.child.pid ?? 0, 'SIGKILL');
    await assert.rejects(gate.lost, {
      code: 'process-lost',
      message: /^rollcall-gate ended by SIGKILL\. Its last output:\n.*"message":"listening"/s,
    });
  });

  test('a gate whose port is taken is reported with its own words, and ended', async () => {
    await using folder = await temporaryDirectory();
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    try {
      const { port } = other.address() as { readonly port: number };
      await using box = await localBox(folder.path, port);
      await box.start();
      await assert.rejects(startLocalGate(box, port), {
        code: 'gate-not-listening',
        message:
          /^rollcall-gate does not answer on port \d+\. Its last output:\n.*(?:already in use|EADDRINUSE)/,
      });
      assert.deepEqual(running('rollcall-gate.js'), []);
    } finally {
      other.close();
    }
  });

  test('a daemon that is killed is named at once, and a box that was given up starts none', async () => {
    await using folder = await temporaryDirectory();
    await using box = await localBox(folder.path, await freePort());
    await box.start();
    await box.stop();
    await box.start();
    for (const pid of running('rollcalld.js')) process.kill(pid, 'SIGKILL');
    await assert.rejects(box.lost, { code: 'process-lost', message: /^rollcalld ended by SIGKILL/ });
    await box[Symbol.asyncDispose]();
    await assert.rejects(box.start(), { code: 'local-box-closed' });
  });
});
