import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { commandScopes } from '../../daemon/contract/command-scopes.js';
import { commandNames, commands } from '../../daemon/contract/events/command-schema.js';
import { commandInbox } from '../../daemon/core/commands/command-inbox.js';
import { refusalCodes } from '../../daemon/core/commands/command-refusal.js';
import { sealBytes } from '../../daemon/core/commands/sealed-content.js';
import { TrustedIssuers } from '../../daemon/core/commands/trusted-issuers.js';
import { topicsOf } from '../../daemon/core/delivery/topics.js';
import { newKeyPair, openSealed } from '../../daemon/host/sealed-box.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { runProgram } from '../support/box.js';
import { openCommandedBox, type Reply } from '../support/commanded-box.js';
import { subscribeToEvents } from '../support/event-subscriber.js';
import { startMosquitto, withoutMosquitto } from '../support/mosquitto.js';
import { box, startTestPublisher } from '../support/published-box.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = await readFile(join(root, 'docs/reference/commands.md'), 'utf8');
const [order = '', sealing = '', opening = ''] = [...page.matchAll(/```js\n(.*?)```/gs)].map(
  ([, code]) => code,
);
const withoutOpenssl =
  spawnSync('openssl', ['version']).status !== 0 && 'openssl is not installed (apt-get install openssl)';

/** A folder as the page requires it: it contains only npm packages. */
async function emptyFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'rollcall-centre-'));
  const packages = join(path, 'node_modules');
  await symlink(join(root, 'node_modules'), packages);
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      await unlink(packages);
      await rm(path, { recursive: true, force: true });
    },
  };
}

describe('docs/reference/commands.md', () => {
  test('has an example that sends commands to a box without any change', {
    skip: withoutMosquitto || withoutOpenssl,
  }, async () => {
    await using broker = await startMosquitto();
    await using commanded = await openCommandedBox();
    await using folder = await emptyFolder();
    const cwd = process.cwd();
    const key = join(folder.path, 'centre.pem');
    spawnSync('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', key]);
    const publicKey = spawnSync('openssl', ['pkey', '-in', key, '-pubout'], { encoding: 'utf8' }).stdout;
    await new TrustedIssuers({
      store: commanded.records.commands.trust,
      watch: { aside: () => [], dismiss: () => 0 },
      audit: () => undefined,
      counts: () => commanded.receiver.counts,
      clock: systemClock,
    }).add(
      { issuer: 'head-office', key: publicKey, scopes: ['cameras', 'events'] },
      { actor: 'uid:0', origin: 'test' },
    );
    const topics = topicsOf('rollcall', box);
    const inbox = commandInbox({ topics, receiver: commanded.receiver, logger: silentLogger });
    await using subscriber = await subscribeToEvents(broker.url);
    const { records } = commanded;
    await using _publisher = startTestPublisher({
      url: broker.url,
      records,
      inbox,
      connectionTasks: [inbox],
    });
    await subscriber.until(() => subscriber.messages.some(({ topic }) => topic === topics.state));
    await writeFile(join(folder.path, 'order.mjs'), order);
    const run = async (...args: readonly string[]): Promise<Reply> => {
      const script = `cd '${folder.path}' && exec '${process.execPath}' order.mjs "$@"`;
      const { stdout, stderr } = await runProgram('sh', [
        '-c',
        script,
        'sh',
        broker.url,
        'site/box',
        ...args,
      ]);
      assert.notEqual(stdout, '', stderr);
      return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Reply;
    };
    const resent = await run('resend-events', '{"from":1,"to":4}');
    assert.deepEqual([resent.outcome, resent.result], ['done', { count: 4, missing: 0 }]);
    const unknown = await run('set-camera', '{"camera":"gate","enabled":false}');
    assert.deepEqual([unknown.outcome, unknown.code], ['failed', 'no-such-camera']);
    assert.equal((await run('reload-configuration')).code, 'out-of-scope');
    assert.equal(process.cwd(), cwd);
  });

  test('has an example that seals data, and the box can open them', async () => {
    await using folder = await emptyFolder();
    const file = join(folder.path, 'seal.mjs');
    await writeFile(file, sealing);
    const { seal } = (await import(pathToFileURL(file).href)) as {
      seal(key: string, value: unknown): string;
    };
    const pair = newKeyPair();
    const sealed = seal(Buffer.from(pair.publicKey).toString('base64url'), { externalId: 'E-7' });
    const opened = openSealed(pair, Buffer.from(sealed, 'base64url'));
    assert.deepEqual(opened && JSON.parse(Buffer.from(opened).toString('utf8')), { externalId: 'E-7' });
  });

  test('has an example that makes a key and opens data that a box sealed to it, but not data sealed to another key', async () => {
    await using folder = await emptyFolder();
    const file = join(folder.path, 'open.mjs');
    await writeFile(file, opening);
    const { makeKey, open } = (await import(pathToFileURL(file).href)) as {
      makeKey(file: string): string;
      open(file: string, sealed: string): Uint8Array;
    };
    const key = join(folder.path, 'centre-sealing.key');
    const publicKey = makeKey(key);
    assert.equal((await stat(key)).mode & 0o777, 0o600);
    const jpeg = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3]);
    assert.deepEqual(Buffer.from(open(key, sealBytes(publicKey, jpeg))), jpeg);
    const other = makeKey(join(folder.path, 'other.key'));
    assert.throws(() => open(key, sealBytes(other, jpeg)), /sealed to another key/);
    assert.throws(() => makeKey(key), /EEXIST/, 'a key is never overwritten');
  });

  test('names every command, scope and code', () => {
    const scopeCell = (scope: string | undefined) =>
      scope === undefined ? '| that of the operation |' : `| \`${scope}\` |`;
    for (const name of [...commandNames, ...commandScopes, ...refusalCodes]) {
      assert.ok(page.includes(`\`${name}\``), `the page does not name ${name}`);
    }
    for (const name of commandNames) {
      const row = page.split('\n').find((line) => line.startsWith(scopeCell(commands[name].scope)));
      assert.ok(row?.includes(`\`${name}\``), `${name} is missing beside its scope`);
    }
  });
});
