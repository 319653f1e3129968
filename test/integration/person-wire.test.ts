import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRollcallError } from '../../daemon/base/errors.js';
import { paintFace } from '../support/painted-faces.js';
import { personContract } from '../support/person-contract.js';
import { personsOverWire, startPersonServer } from '../support/person-server.js';
import { until } from '../support/until.js';

personContract('over the unix socket', async () => {
  const server = await startPersonServer();
  return {
    persons: personsOverWire(server.client),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
});

const row = {
  name: 'Ada',
  photographs: [paintFace('ada')],
  isDuplicateAllowed: false,
  isDryRun: false,
};

test('an import goes with the connection that began it', async () => {
  await using server = await startPersonServer();
  const session = await server.client.persons.openImport();
  await session.stage(row);
  assert.equal(server.behind.heldCount, 1);
  session[Symbol.dispose]();
  await until('what was staged is forgotten', () => server.behind.heldCount === 0);
  assert.equal(server.behind.importCount, 0);
  await assert.rejects(session.commit(), (error: unknown) => isRollcallError(error, 'no-such-import'));
});

test('what was committed stays when its connection closes, however many imports come after', async () => {
  await using server = await startPersonServer();
  for (const face of ['ada', 'bea']) {
    const session = await server.client.persons.openImport();
    await session.stage({ ...row, name: face, photographs: [paintFace(face)] });
    await session.commit();
    session[Symbol.dispose]();
  }
  const later = await server.client.persons.openImport();
  assert.equal(await later.abandon(), true);
  assert.equal(await later.abandon(), false);
  later[Symbol.dispose]();
  assert.equal(server.behind.heldCount, 2);
});

test('every change names who made it', async () => {
  await using server = await startPersonServer();
  await server.client.persons.add(row);
  assert.deepEqual(server.behind.actors, [{ actor: `uid:${process.getuid?.()}`, origin: 'local socket' }]);
});

test('requests that nobody of this program would send are refused as such', async () => {
  await using server = await startPersonServer();
  const { client } = server;
  const isBadRequest = (error: unknown): boolean => isRollcallError(error, 'bad-request');
  const send = (method: string, path: string, body: string) => client.json(method, path, Buffer.from(body));
  for (const [method, path, body] of [
    ['POST', '/v1/persons', 'no frame'],
    ['PATCH', '/v1/persons/p-000001', '{'],
    ['PATCH', '/v1/persons/p-000001', '{"state":"active"}'],
    ['PATCH', '/v1/persons/p-000001', '{"consent":{"basis":"consent"}}'],
    ['POST', '/v1/persons/p-000001/export?scope=secrets', ''],
    ['POST', '/v1/imports/i-000001/rows', '{"head":{},"sizes":[]}\n'],
  ] as const) {
    await assert.rejects(send(method, path, body), isBadRequest, `${method} ${path} ${body}`);
  }
  await assert.rejects(client.persons.show('../status'), (error: unknown) =>
    isRollcallError(error, 'no-such-person'),
  );
});
