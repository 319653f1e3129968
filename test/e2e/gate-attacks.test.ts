import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { parse } from 'yaml';
import { describeApi, isNode } from '../../scripts/fuzz-api/description.js';
import { fuzzApi } from '../../scripts/fuzz-api/fuzz.js';
import { type Attack, attacks, runAttack } from '../../scripts/gate-stress/attacks.js';
import { goodPassword } from '../support/accounts-fixture.js';
import { makeBox, withoutBuild } from '../support/box.js';
import { gateFolderOf, startBoxGate } from '../support/box-gate.js';
import { root } from '../support/built.js';
import { freePort } from '../support/listening.js';
import { until } from '../support/until.js';

// The same requests each time, so that a failure comes from what was changed; scripts/fuzz-api tries others.
const seed = 20_261;
/** Scaled down from scripts/stress-gate: what comes of it, not how fast. */
const sizes: Readonly<Record<Attack, number>> = {
  'slow-connections': 200,
  logins: 100,
  resets: 10,
  bodies: 26,
  'slow-readers': 20,
};
/** How an attack may end. Anything else, such as 500, is a fault. */
const outcomes: Readonly<Record<Attack, RegExp>> = {
  'slow-connections': /^(ended by the gate|open at the end|no connection)$/,
  logins: /^(status (401|429|503)|no answer|not sent: too many wait)$/,
  resets: /^(given up|ended by the gate|no connection)$/,
  bodies: /^(status (400|401|413|415|429|503)|ended without an answer|no connection)$/,
  'slow-readers': /^(ended by the gate|open at the end|no connection)$/,
};

/** A caller who trusts the certificate of the box. */
function askOn(port: number, ca: string) {
  return async (path: string, headers: Readonly<Record<string, string>> = {}, body?: object) => {
    const asking = request({
      ...{ host: 'localhost', port, ca, path: `/api/v1${path}`, agent: false },
      method: body === undefined ? 'GET' : 'POST',
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    });
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      asking.once('response', resolve);
      asking.on('error', reject);
    });
    asking.end(body === undefined ? undefined : JSON.stringify(body));
    const response = await answered;
    return { status: response.statusCode ?? 0, body: await text(response) };
  };
}

test('a box behind its gate', { skip: withoutBuild }, async (t) => {
  const port = await freePort();
  const most = 100_000;
  const limits = {
    default: most,
    enrolment: most,
    recognition: most,
    detection: most,
    stream: most,
    days: most,
    heavy: most,
  };
  await using box = await makeBox({
    config: { gate: { port }, api: { limits }, logging: { level: 'info' } },
  });
  await box.start();
  await using _gate = startBoxGate(box);
  const ca = await readFile(join(gateFolderOf(box), 'tls.pem'), 'utf8');
  const certificate = ca.slice(0, ca.indexOf('-----BEGIN PRIVATE KEY'));
  const ask = askOn(port, certificate);
  await until('the gate', () =>
    ask('/auth/me').then(
      ({ status }) => status === 401,
      () => false,
    ),
  );
  const [secret = ''] = (await box.command('user', 'claim')).stdout.split('\n');
  const anna = { userName: 'anna', password: goodPassword };
  assert.equal((await ask('/auth/claim', {}, { secret, ...anna })).status, 200);
  const login = JSON.parse((await ask('/auth/login', {}, anna)).body) as { data: { accessToken: string } };
  const token = login.data.accessToken;

  await t.test('serves an honest caller after each kind of attack', async () => {
    for (const attack of attacks) {
      const blow = () => runAttack(attack, { port, size: sizes[attack], durationMs: 800 });
      let tally = await blow();
      // On a slow machine, the time of one may end before the first answer.
      for (let blows = 1; tally.size === 0 && blows < 20; blows += 1) tally = await blow();
      assert.ok(tally.size > 0, `${attack} reached the gate`);
      for (const what of tally.keys()) assert.match(what, outcomes[attack], `${attack}: ${what}`);
      await until(`an honest caller to be served after ${attack}`, () =>
        ask('/auth/me', { authorization: `Bearer ${token}` }).then(
          ({ status }) => status === 200,
          () => false,
        ),
      );
    }
    assert.doesNotMatch(box.log(), /"level":"error"/);
  });

  await t.test('answers valid and nearly valid requests as its OpenAPI document says', async () => {
    t.diagnostic(`seed ${seed}`);
    const document: unknown = parse(await readFile(join(root, 'docs/contract/openapi.yaml'), 'utf8'));
    assert.ok(isNode(document));
    const description = describeApi(document);
    const others = description.operations.filter((_, index) => index % 3 !== seed % 3).map(({ id }) => id);
    const { faults, counts } = await fuzzApi({
      ...{ description, seed, until: { rounds: 1 } },
      target: { url: `https://localhost:${port}`, token, certificate },
      files: [Buffer.from('no picture')],
      // A third of the operations: over the socket of the box, another test asks all of them. Some end the session of the fuzzer.
      without: new Set([...others, 'authLogout', 'authEndSession']),
    });
    const told = faults.map(
      ({ operation, problem, request: sent }) => `${operation}: ${problem}\n    ${sent}`,
    );
    assert.deepEqual(told, [], `seed ${seed}`);
    assert.ok([...counts.keys()].some((key) => key.endsWith(' 200')));
    assert.equal((await box.command('status')).exitCode, 0, 'the core still serves');
  });
});
