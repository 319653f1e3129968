import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressRefused, reachableLookup } from '../../daemon/vision/ingest/reachable-address.js';

/** What a socket is told that asks for this name. */
function answersTo(name: string, extraNetworks: readonly string[], options: object): Promise<unknown[]> {
  return new Promise((resolve) => {
    reachableLookup(extraNetworks)(name, options, (error, ...found) =>
      resolve(error === null ? found : [error.code]),
    );
  });
}

test('a name is answered in the form that the socket asks for', async () => {
  const allowed = ['127.0.0.0/8'];
  assert.deepEqual(await answersTo('127.0.0.1', allowed, {}), ['127.0.0.1', 4]);
  assert.deepEqual(await answersTo('127.0.0.1', allowed, { all: true }), [
    [{ address: '127.0.0.1', family: 4 }],
  ]);
});

test('an address that may not be connected to is no answer, in either form', async () => {
  for (const all of [false, true]) {
    assert.equal((await answersTo('127.0.0.1', [], { all }))[0], addressRefused);
  }
});
