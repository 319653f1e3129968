import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cast, portrait } from '../../scripts/virtual-camera/cast.js';
import { goodPassword } from '../support/accounts-fixture.js';
import { makeBox, withoutBuild } from '../support/box.js';
import { askerAt, gateAnswers, startBoxGate } from '../support/box-gate.js';
import { freePort } from '../support/listening.js';
import { until } from '../support/until.js';

// What a box needs its native packages for, in the least time: test/e2e/other-nodes.test.ts runs it on each version of Node.js.
test('a new box is claimed over HTTPS, and enrols a person from a photo', {
  skip: withoutBuild,
}, async () => {
  const port = await freePort();
  await using box = await makeBox({ config: { gate: { port } } });
  await box.start();
  await using _gate = startBoxGate(box);
  await until('the gate', () => gateAnswers(port));
  const ask = askerAt(port);

  const credentials = { userName: 'anna', password: goodPassword };
  const { secret } = await box.client.call('users.claim');
  const claimed = await ask('POST', '/auth/claim', {}, { secret, ...credentials });
  assert.equal(claimed.status, 200, claimed.text);
  const login = await ask('POST', '/auth/login', {}, credentials);
  assert.equal(login.status, 200, login.text);
  const authorization = `Bearer ${login.data['accessToken']}`;

  const form = new FormData();
  form.set('document', new Blob(['{"name":"Ada Lovelace"}'], { type: 'application/json' }));
  form.set('photographs', new Blob([new Uint8Array(await portrait(cast.ada))]), 'ada.jpg');
  const encoded = new Response(form);
  const headers = { authorization, 'content-type': encoded.headers.get('content-type') ?? '' };
  const enrolled = await ask('POST', '/persons', headers, Buffer.from(await encoded.arrayBuffer()));
  assert.equal(enrolled.data['outcome'], 'enrolled', enrolled.text);
  const known = await ask('GET', '/persons', { authorization });
  assert.match(known.text, /Ada Lovelace/);
});
