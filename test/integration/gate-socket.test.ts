import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, type IncomingMessage, type RequestOptions, request } from 'node:http';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as passed } from 'node:timers/promises';
import { z } from 'zod';
import { operation } from '../../daemon/contract/operation.js';
import { parseConfig } from '../../daemon/contract/settings/load.js';
import { createAdmission, localBounds } from '../../daemon/core/api/admission.js';
import { startGateSocket } from '../../daemon/core/api/gate-socket.js';
import { startHandover } from '../../daemon/core/gate/gate-part.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { Lifetime } from '../../daemon/kernel/lifetime.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { networkCaller } from '../support/operations-server.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const shared = { summary: 'Do it.', errors: [], scope: 'self', rate: 'default' } as const;
const answer = { kind: 'json', schema: z.strictObject({}) } as const;
const operations = {
  'a.change': operation({ ...shared, method: 'POST', path: '/change', answer }),
  'a.slow': operation({ ...shared, method: 'GET', path: '/slow', answer }),
};

describe('the socket for the gate', () => {
  test('leaves the next request of a connection alone after a body that was refused', async (t) => {
    await using folder = await temporaryDirectory();
    const socketPath = join(folder.path, 'gate.sock');
    await using _ = await startGateSocket({
      ...{ socketPath, operations, logger: silentLogger },
      handlers: {
        'a.change': () => ({}),
        // Longer than a connection with an unread body may last.
        'a.slow': () => passed(800, {}),
      },
      authenticate: async ({ incoming: { headers } }) =>
        headers.authorization === undefined ? undefined : networkCaller('anna'),
      anonymous: () => networkCaller('anonymous'),
      admission: createAdmission(() => localBounds, undefined),
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => agent.destroy());
    const ask = (options: RequestOptions) => request({ agent, socketPath, ...options });

    const refused = ask({
      ...{ method: 'POST', path: '/api/v1/change', headers: { 'content-length': '200000' } },
    });
    refused.write(Buffer.alloc(100_000));
    const [first] = (await once(refused, 'response')) as [IncomingMessage];
    assert.equal(first.statusCode, 401);
    const freed = once(agent, 'free');
    refused.end(Buffer.alloc(100_000));
    await once(first.resume(), 'end');
    await freed;

    const slow = ask({ path: '/api/v1/slow', headers: { authorization: 'anna' } });
    slow.end();
    const [second] = (await once(slow, 'response')) as [IncomingMessage];
    assert.equal(slow.reusedSocket, true);
    assert.equal(second.statusCode, 200);
    second.resume();
  });

  test('ends a connection on which a refused body never ends', async () => {
    await using folder = await temporaryDirectory();
    const socketPath = join(folder.path, 'gate.sock');
    await using _ = await startGateSocket({
      ...{ socketPath, operations, logger: silentLogger },
      handlers: { 'a.change': () => ({}), 'a.slow': () => ({}) },
      authenticate: async () => undefined,
      anonymous: () => networkCaller('anonymous'),
      admission: createAdmission(() => localBounds, undefined),
    });
    const headers = { 'content-length': '200000' };
    const refused = request({ socketPath, method: 'POST', path: '/api/v1/change', headers });
    refused.on('error', () => undefined).write('half');
    const [{ statusCode }] = (await once(refused, 'response')) as [IncomingMessage];
    assert.equal(statusCode, 401);
    await once(refused, 'close');
  });
});

test('the daemon starts where a disabled gate has a folder that cannot be used', async (t) => {
  const lines: string[] = [];
  const loaded = parseConfig(
    JSON.stringify({
      site: { id: 'site', timeZone: 'Etc/UTC' },
      mqtt: { url: 'mqtts://broker.example', credential: 'broker-login' },
      // Below a file there is no folder.
      gate: { enabled: false, folder: join(import.meta.filename, 'gate') },
    }),
  );
  assert.ok(loaded.ok, JSON.stringify(loaded));
  const lifetime = new Lifetime(systemClock);
  t.after(() => lifetime[Symbol.asyncDispose]());
  const { gate } = await startHandover({
    ...{ lifetime, current: () => loaded.config, onReload: () => undefined, clock: systemClock },
    logger: { ...silentLogger, error: (message) => void lines.push(message) },
  });
  assert.equal(gate, undefined);
  assert.match(lines.join(), /the gate cannot reach this daemon/);
});
