import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { AuditEntry } from '../../daemon/contract/audit.js';
import type { RotatedIdentity, ShownIdentity } from '../../daemon/contract/identity.js';
import { followKeySet } from '../../daemon/core/identity/follow-key-set.js';
import type { VerifyingKey } from '../../daemon/core/identity/public-key.js';
import { verifySignedText } from '../../daemon/core/identity/signed-text.js';
import { makeBox, runProgram, type TestBox, withoutBuild } from '../support/box.js';
import { subscribeToEvents } from '../support/event-subscriber.js';
import { startMosquitto, withoutMosquitto } from '../support/mosquitto.js';

async function show(box: TestBox): Promise<ShownIdentity> {
  const { exitCode, stdout, stderr } = await box.command('identity', 'show', '--json');
  assert.equal(exitCode, 0, stderr);
  return JSON.parse(stdout) as ShownIdentity;
}

async function audited(box: TestBox): Promise<readonly string[]> {
  const { stdout } = await box.command('audit', 'list', '--action', 'identity', '--json');
  return (JSON.parse(stdout) as readonly AuditEntry[]).map(({ action, actor }) => `${action} by ${actor}`);
}

function pinned({ keyId, jwks }: ShownIdentity): VerifyingKey {
  const key = jwks.keys.find(({ kid }) => kid === keyId);
  if (key?.crv !== 'Ed25519') assert.fail('the key in force is not in the set');
  const { kty, crv, x } = key;
  return { kty, crv, x };
}

describe('the identity of a box', { skip: withoutBuild || withoutMosquitto }, () => {
  test('is shown, rotated and followed by a centre, while the gallery is sealed', async () => {
    await using broker = await startMosquitto();
    await using subscriber = await subscribeToEvents(broker.url);
    await using box = await makeBox({ hasNoKey: true, config: { mqtt: { url: broker.url } } });
    await box.start();
    const before = await show(box);
    assert.deepEqual([before.site, before.box, before.former], ['test-site', 'test-box', []]);
    const text = await box.command('identity', 'show');
    assert.ok(
      text.stdout.includes(before.keyId) && text.stdout.includes(`fingerprint: ${before.fingerprint}\n`),
    );
    const jwks = await box.command('identity', 'show', '--jwks');
    assert.deepEqual(JSON.parse(jwks.stdout), before.jwks);
    const keySet = await box.command('identity', 'show', '--key-set');
    assert.equal((await followKeySet(keySet.stdout, pinned(before))).outcome, 'followed');

    const unconfirmed = await box.command('identity', 'rotate');
    assert.deepEqual([unconfirmed.exitCode, (await show(box)).keyId], [2, before.keyId]);
    const { exitCode, stdout, stderr } = await box.command('identity', 'rotate', '--yes', '--json');
    assert.equal(exitCode, 0, stderr);
    const rotated = JSON.parse(stdout) as RotatedIdentity;
    assert.deepEqual([rotated.formerKeyId, rotated.note], [before.keyId, undefined]);
    assert.deepEqual(
      rotated.former.map(({ keyId, isEndorsing }) => [keyId, isEndorsing]),
      [[before.keyId, true]],
    );

    await box.stop('SIGKILL');
    await box.start();
    assert.equal((await show(box)).keyId, rotated.keyId);
    const actions = await audited(box);
    assert.deepEqual(actions, [
      'identity.created by daemon',
      `identity.rotated by uid:${process.getuid?.()}`,
    ]);

    const keySets = () => subscriber.messages.filter(({ topic }) => topic.endsWith('/keys'));
    await subscriber.until(() => keySets().some(({ payload }) => payload.includes(rotated.keyId)));
    const last = keySets().at(-1);
    const followed = await followKeySet(last?.payload ?? '', pinned(before));
    if (followed.outcome !== 'followed') assert.fail(followed.reason);
    await subscriber.until(() => subscriber.messages.some(({ topic }) => topic.endsWith('/event/identity')));
    for (const { topic, payload } of subscriber.messages) {
      const { outcome } = await verifySignedText(payload, (keyId) => followed.trusted.get(keyId));
      assert.equal(outcome, 'valid', topic);
    }
  });

  test('needs the next key as a secret if the present key is one', async () => {
    await using box = await makeBox();
    const credentials = join(box.directory, 'credentials');
    await mkdir(credentials, { mode: 0o700 });
    await writeFile(join(credentials, 'box-key'), new Uint8Array(64).fill(1), { mode: 0o400 });
    const environment = { CREDENTIALS_DIRECTORY: credentials };
    await box.start(environment);
    const before = await show(box);
    const refused = await box.command('identity', 'rotate', '--yes');
    assert.equal(refused.exitCode, 2);
    assert.match(refused.stderr, /box-key\.next/);

    const next = join(box.directory, 'secrets', 'box-key.next');
    await writeFile(next, new Uint8Array(64).fill(2), { mode: 0o600 });
    const rotated = await box.command('identity', 'rotate', '--yes');
    assert.equal(rotated.exitCode, 0, rotated.stderr);
    assert.match(rotated.stdout, /note: .*box-key\.next/);
    await box.stop();

    await rm(join(credentials, 'box-key'));
    await rm(next);
    await writeFile(join(credentials, 'box-key'), new Uint8Array(64).fill(2), { mode: 0o400 });
    await box.start(environment);
    const after = await show(box);
    assert.deepEqual(
      after.former.map(({ keyId }) => keyId),
      [before.keyId],
    );
    assert.equal(await box.stop(), 0);

    await rm(join(credentials, 'box-key'));
    await writeFile(join(credentials, 'box-key'), new Uint8Array(64).fill(1), { mode: 0o400 });
    await box.start(environment);
    const shown = await box.command('identity', 'show');
    assert.equal(shown.exitCode, 2, shown.stdout);
    assert.match(shown.stderr, /former key .* is missing\n +what to do: Hand over the key in force/);
    assert.deepEqual((await box.client.call('status.show')).conditionsAbout?.['key-damaged'], ['box-key']);
  });

  test('leaves out the warning of Node.js that Ed25519 is experimental, and logs others as entries', async () => {
    // The first is that of Node.js 20.19.2, which Debian 13 has.
    const warning = `const { importKey } = SubtleCrypto.prototype;
      SubtleCrypto.prototype.importKey = function (...all) {
        process.emitWarning('The Ed25519 Web Crypto API algorithm is an experimental feature', 'ExperimentalWarning');
        process.emitWarning('too many listeners', 'MaxListenersExceededWarning');
        return importKey.apply(this, all);
      };`;
    const environment = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(warning)}` };
    await using box = await makeBox();
    await box.start(environment);
    const path = join(box.directory, 'keys');
    await writeFile(path, (await box.command('identity', 'show', '--jwks')).stdout);
    const keySet = await box.command('identity', 'show', '--key-set');
    const [program, ...args] = box.commandLine('events', 'verify', '--keys', path);
    const verified = await runProgram(program, args, { ...process.env, ...environment }, keySet.stdout);
    assert.match(verified.stdout, /^1: valid /, verified.stderr);
    assert.equal(verified.stderr, 'MaxListenersExceededWarning: too many listeners\n');
    const lines = box.log().trimEnd().split('\n');
    const entries = lines.map((line) => JSON.parse(line) as { message: string; warning?: { name: string } });
    const warnings = entries.filter(({ warning }) => warning !== undefined);
    assert.deepEqual(
      [...new Set(warnings.map(({ message, warning }) => `${message}: ${warning?.name}`))],
      ['Node.js reports a problem: MaxListenersExceededWarning'],
    );
  });
});
