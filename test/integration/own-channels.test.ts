import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Caller } from '../../daemon/contract/caller.js';
import { channelFiles } from '../../daemon/contract/settings/channel-files.js';
import { loadConfig } from '../../daemon/contract/settings/load.js';
import { ownFilePath } from '../../daemon/contract/settings/own-files.js';
import type { Config } from '../../daemon/contract/settings/schema.js';
import type { ReloadResult } from '../../daemon/contract/status.js';
import { openChannel } from '../../daemon/core/alerts/open-channel.js';
import { OwnChannels } from '../../daemon/core/alerts/own-channels.js';
import { AuditKeeper } from '../../daemon/core/audit/audit-keeper.js';
import { openAuditKey } from '../../daemon/core/audit/audit-key.js';
import { channelVersionsOf } from '../../daemon/core/commands/channel-versions.js';
import { Grants } from '../../daemon/core/commands/grants.js';
import { recordsMigrations } from '../../daemon/core/records/records-schema.js';
import { GrantSeal } from '../../daemon/core/records/seals/grant-seal.js';
import { LastGood } from '../../daemon/core/settings/last-good.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { alertAtMs, alertMessageOf, noDevices } from '../support/alert-messages.js';
import { openHttpSink } from '../support/alert-sinks.js';
import { openAuditFixture } from '../support/audit-fixture.js';
import { killedWhenWritten } from '../support/killed-change.js';
import { openMemoryDatabase } from '../support/memory-database.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const caller: Caller = {
  ...{ actor: 'user:u1', origin: 'https 192.0.2.7', scopes: new Set() },
  ...{ provedAtMs: 'always', isLimited: true },
};
const secretText = 'a long secret that nobody guesses';
const secret = () => Buffer.from(secretText);
const never = new AbortController().signal;
const identity = { siteId: 'office', boxId: 'box-1' };

/** Own channels on real files. `reload` puts the files in force unless it is told to fail. */
async function openChannels(sections = '') {
  const files = await temporaryDirectory();
  const dataDir = join(files.path, 'data');
  const secretsDir = join(files.path, 'secrets');
  const configPath = join(files.path, 'rollcall.yaml');
  for (const folder of [join(dataDir, 'keys'), secretsDir])
    await mkdir(folder, { recursive: true, mode: 0o700 });
  const places = { dataDir, secretsDirectory: secretsDir, credentialsDirectory: '' };
  const { key: auditKey } = await openAuditKey(places);
  const { log, clock } = openAuditFixture();
  const grants = new Grants(openMemoryDatabase(recordsMigrations), new GrantSeal('office/box-1', [auditKey]));
  const versions = channelVersionsOf(grants, () => clock.wallMs());
  const head = `site: { id: office, timeZone: UTC }\ndataDir: ${dataDir}\nsecretsDir: ${secretsDir}\n`;
  await writeFile(configPath, `${head}${sections}`);
  const load = async (): Promise<Config> => {
    const loaded = await loadConfig(configPath);
    assert.ok(loaded.ok, JSON.stringify(loaded));
    return loaded.config;
  };
  let config = await load();
  const box = {
    fails: undefined as ReloadResult | undefined,
    /** Called in the middle of a change, when the file is written. */
    written: undefined as (() => Promise<void>) | undefined,
    /** False while a damaged gallery file keeps the log closed. */
    hasLog: true,
    grants,
    entries: () => log.list({ action: 'alert' }).map(({ action, subject }) => [action, subject]),
    log,
    current: () => config,
    load: async () => {
      config = await load();
    },
    fileOf: (id: string) => ownFilePath(channelFiles, dataDir, id),
    files: () => readdir(join(dataDir, 'channels.d')).catch(() => []),
    /** As a box does that has started. */
    async keep() {
      await using lastGood = new LastGood(config, silentLogger);
      lastGood.keep({ file: await readFile(configPath, 'utf8'), settings: '' });
    },
    configure: (text: string) => writeFile(configPath, `${head}${text}`),
    /** The outcome of one message, or the code of its failure. */
    async send(id: string): Promise<string | undefined> {
      const channel = openChannel(
        ...[
          id,
          { config, isLatest: versions.isLatest, identity, version: '0', devices: noDevices },
          new VirtualClock(alertAtMs),
        ],
      );
      const sent = await channel?.send(alertMessageOf(), never);
      return sent?.outcome === 'failed' ? sent.error.code : sent?.outcome;
    },
  };
  /** As at a start of the box. */
  const start = () =>
    new OwnChannels({
      current: box.current,
      load: (options) => loadConfig(configPath, options),
      async reload() {
        const { fails } = box;
        box.fails = undefined;
        if (fails !== undefined) return fails;
        await box.load();
        await box.written?.();
        return { outcome: 'unchanged' };
      },
      audit: {
        append: (entry) => log.append(entry),
        newest: () => (box.hasLog ? log.newest() : new AuditKeeper({ clock, logger: silentLogger }).newest()),
        from: (...range) => log.from(...range),
        list: (filter) => log.list(filter),
      },
      ...{ auditKey, versions },
    }).open();
  return { box, start, channels: await start(), [Symbol.asyncDispose]: () => files[Symbol.asyncDispose]() };
}

const onLoopback = 'api: { channelNetworks: [127.0.0.0/8] }\n';
const hook = (url: string) => ({ kind: 'webhook', settings: { url } }) as const;

describe('a channel of the box', () => {
  test('on a server with a long name is made, and the audit log has the beginning of the name', async () => {
    await using opened = await openChannels('');
    const { box, channels } = opened;
    const host = `${'sub.'.repeat(40)}example.org`;
    await channels.create({ id: 'far', ...hook(`https://${host}/`), secret: secret() }, caller);
    const [entry] = box.log.list({ action: 'alert' });
    const named = String(entry?.details?.['host']);
    assert.ok(host.startsWith(named) && named.length < host.length, named);
  });

  test('sends with its own secret, which neither its file nor an answer shows', async () => {
    await using sink = await openHttpSink();
    await using opened = await openChannels(onLoopback);
    const { box, channels } = opened;
    const added = await channels.create(
      { id: 'guards', ...hook(`http://127.0.0.1:${sink.port}/hook`), secret: secret() },
      caller,
    );
    assert.equal(added.hasSecret, true);
    assert.equal(await box.send('guards'), 'delivered');
    assert.match(String(sink.requests[0]?.headers['rollcall-signature']), /^v1=/);
    const text = await readFile(box.fileOf('guards'), 'utf8');
    const entries = box.log.list({ action: 'alert' });
    assert.doesNotMatch(text + JSON.stringify([added, channels.list(), entries]), /nobody guesses/);
    const [{ actor, origin, action, subject, details } = assert.fail()] = entries;
    assert.deepEqual(
      [actor, origin, action, subject],
      [...['user:u1', 'https 192.0.2.7', 'alert.channel-added', 'guards']],
    );
    const { state, ...said } = details;
    assert.deepEqual(said, { kind: 'webhook', host: '127.0.0.1', secret: true });
    assert.match(String(state), /^2:/, 'it states which version counts');
  });

  test('sends nothing when its address in the file was changed, and takes the secret again', async () => {
    await using sink = await openHttpSink();
    await using opened = await openChannels(onLoopback);
    const { box, channels } = opened;
    const good = hook(`http://127.0.0.1:${sink.port}/good`);
    await channels.create({ id: 'guards', ...good, secret: secret() }, caller);
    const path = box.fileOf('guards');
    await writeFile(path, (await readFile(path, 'utf8')).replace('/good', '/evil'));
    await box.load();
    assert.equal(await box.send('guards'), 'channel-altered');
    assert.equal(sink.requests.length, 0);
    await assert.rejects(channels.change({ id: 'guards', ...good }, caller), { code: 'channel-altered' });
    await channels.change({ id: 'guards', ...good, secret: secret() }, caller);
    assert.equal(await box.send('guards'), 'delivered');
  });

  test('sends nothing by an earlier file that somebody put back, also after it was removed', async () => {
    await using sink = await openHttpSink();
    await using opened = await openChannels(onLoopback);
    const { box, channels } = opened;
    const at = (path: string) => hook(`http://127.0.0.1:${sink.port}${path}`);
    await channels.create({ id: 'guards', ...at('/former'), secret: secret() }, caller);
    const former = await readFile(box.fileOf('guards'), 'utf8');
    await channels.change({ id: 'guards', ...at('/present'), secret: secret() }, caller);
    const present = await readFile(box.fileOf('guards'), 'utf8');
    await writeFile(box.fileOf('guards'), former);
    await box.load();
    assert.equal(await box.send('guards'), 'channel-altered');
    // A change that keeps the secret would make the former server the present one.
    await assert.rejects(channels.change({ id: 'guards', ...at('/former') }, caller), {
      code: 'channel-altered',
    });
    await writeFile(box.fileOf('guards'), present);
    await box.load();
    await channels.delete({ id: 'guards' }, caller);
    await writeFile(box.fileOf('guards'), present);
    await box.load();
    assert.equal(await box.send('guards'), 'channel-altered');
    assert.equal(sink.requests.length, 0);
  });

  test('of an earlier version of the program is accepted once, and not after somebody removed what proves it', async () => {
    await using sink = await openHttpSink();
    await using opened = await openChannels(onLoopback);
    const { box, channels, start } = opened;
    const { grants, log } = box;
    await channels.create(
      { id: 'guards', ...hook(`http://127.0.0.1:${sink.port}/`), secret: secret() },
      caller,
    );
    const forget = () =>
      grants.change(
        () => [],
        0,
        () => undefined,
      );
    forget();
    box.hasLog = false;
    await start();
    assert.equal(await box.send('guards'), 'channel-altered');
    box.hasLog = true;
    await start();
    assert.equal(await box.send('guards'), 'delivered');
    forget();
    grants.settle({ outcome: 'broken' }, 0, () => undefined);
    await start();
    assert.equal(await box.send('guards'), 'channel-altered');
    assert.equal(log.count({ action: 'trust.stated' }), 3);
  });

  test('that a kill interrupts is completed at the next start, once', async () => {
    await using sink = await openHttpSink();
    await using opened = await openChannels(onLoopback);
    const { box, channels, start } = opened;
    const at = (path: string) => hook(`http://127.0.0.1:${sink.port}${path}`);
    const kill = (change: Promise<unknown>) => killedWhenWritten(box, change);
    await kill(channels.create({ id: 'guards', ...at('/a'), secret: secret() }, caller));
    assert.deepEqual(box.entries(), []);
    assert.equal(await box.send('guards'), 'channel-altered');
    const restarted = await start();
    assert.equal(await box.send('guards'), 'delivered');
    await kill(restarted.change({ id: 'guards', ...at('/b'), secret: secret() }, caller));
    const again = await start();
    assert.equal(await box.send('guards'), 'delivered');
    await kill(again.delete({ id: 'guards' }, caller));
    await start();
    await start();
    assert.deepEqual(await box.files(), []);
    assert.deepEqual(
      sink.requests.map(({ path }) => path),
      ['/a', '/b'],
    );
    assert.deepEqual(box.entries(), [
      ['alert.channel-added', 'guards'],
      ['alert.channel-changed', 'guards'],
      ['alert.channel-removed', 'guards'],
    ]);
  });

  test('does not come back with the note of an earlier change', async () => {
    await using opened = await openChannels();
    const { box, channels, start } = opened;
    let note = '';
    box.written = async () => {
      note = await readFile(`${box.fileOf('guards')}.intended`, 'utf8');
      box.written = undefined;
    };
    await channels.create({ id: 'guards', ...hook('https://example.org/a'), secret: secret() }, caller);
    const former = await readFile(box.fileOf('guards'), 'utf8');
    await channels.change({ id: 'guards', ...hook('https://example.org/b'), secret: secret() }, caller);
    const forged = JSON.stringify({ ...JSON.parse(note), seal: Buffer.alloc(32).toString('base64') });
    for (const each of [note, forged]) {
      await writeFile(box.fileOf('guards'), former);
      await writeFile(`${box.fileOf('guards')}.intended`, each);
      await box.load();
      await start();
      assert.equal(await box.send('guards'), 'channel-altered');
      assert.equal(box.entries().length, 2);
      assert.deepEqual(await box.files(), ['guards.json']);
    }
  });

  test('keeps its secret for the same server only', async () => {
    await using opened = await openChannels();
    const { channels } = opened;
    const mail = (host: string, to: string) => ({
      kind: 'email' as const,
      settings: { host, from: 'box@example.org', to: [to] },
    });
    const first = mail('mail.example.org', 'guard@example.org');
    const { revision } = await channels.create(
      { id: 'guards', ...first, secret: Buffer.from('box:password') },
      caller,
    );
    const other = mail('mail.example.net', 'guard@example.org');
    await assert.rejects(channels.change({ id: 'guards', ...other }, caller), {
      code: 'channel-secret-needed',
    });
    const moved = await channels.change(
      { id: 'guards', ...mail('mail.example.org', 'chief@example.org'), ifRevision: revision },
      caller,
    );
    assert.deepEqual([moved.hasSecret, moved.settings?.to], [true, ['chief@example.org']]);
    await assert.rejects(channels.change({ id: 'guards', ...first, ifRevision: revision }, caller), {
      code: 'changed-meanwhile',
    });
    const open = await channels.change({ id: 'guards', ...other, forgetSecret: true }, caller);
    assert.equal(open.hasSecret, false);
  });

  test('does not lead to the box itself, neither by address nor by name', async () => {
    await using sink = await openHttpSink();
    await using opened = await openChannels();
    const { box, channels } = opened;
    for (const host of ['127.0.0.1', '[::1]', '169.254.169.254'])
      await assert.rejects(
        channels.create({ id: 'inside', ...hook(`https://${host}:${sink.port}/`), secret: secret() }, caller),
        { code: 'channel-address-refused' },
      );
    await channels.create(
      { id: 'inside', ...hook(`https://localhost:${sink.port}/`), secret: secret() },
      caller,
    );
    const settings = { host: 'localhost', port: sink.port, from: 'box@example.org', to: ['a@example.org'] };
    await channels.create({ id: 'mail', kind: 'email', settings }, caller);
    for (const id of ['inside', 'mail']) assert.equal(await box.send(id), 'channel-address-refused');
    assert.equal(sink.requests.length, 0);
  });

  test('is refused with settings that cannot be used', async () => {
    await using opened = await openChannels(
      'alerts: { webhooks: [{ id: file, url: "https://example.org/", secret: s }] }\n',
    );
    const { box, channels } = opened;
    const create = (kind: 'webhook' | 'email', settings: object, bytes: Buffer | undefined, id = 'guards') =>
      channels.create({ id, kind, settings, secret: bytes }, caller);
    const url = 'https://example.org/';
    const cases = [
      [() => create('webhook', { url: 'http://example.org/' }, secret()), 'channel-refused'],
      [() => create('webhook', { url: 'https://u:p@example.org/' }, secret()), 'channel-refused'],
      [() => create('webhook', { url, host: 'example.org' }, secret()), 'channel-refused'],
      [() => create('webhook', { url }, undefined), 'channel-refused'],
      [() => create('webhook', { url }, Buffer.from('short')), 'webhook-secret-short'],
      [
        () =>
          create('email', { host: 'm.example.org', from: 'a@b.c', to: ['a@b.c'], tls: 'none' }, undefined),
        'channel-refused',
      ],
      [
        () => create('email', { host: 'm.example.org', from: 'a@b.c', to: ['a@b.c'] }, secret()),
        'login-form',
      ],
      [() => create('webhook', { url }, secret(), 'file'), 'channel-exists'],
      [() => channels.change({ id: 'file', ...hook(url) }, caller), 'channel-of-configuration'],
      [() => channels.delete({ id: 'none' }, caller), 'no-such-channel'],
    ] as const;
    for (const [act, code] of cases) await assert.rejects(act(), { code });
    assert.deepEqual([await box.files(), box.entries()], [[], []]);
  });

  test('stays as it was when a change cannot be put in force, and while a rule uses it', async () => {
    await using opened = await openChannels();
    const { box, channels } = opened;
    box.fails = { outcome: 'refused', problems: ['vision does not start'] };
    const added = { id: 'guards', ...hook('https://example.org/a'), secret: secret() };
    await assert.rejects(channels.create(added, caller), { code: 'configuration-refused' });
    assert.deepEqual(await box.files(), []);
    await channels.create({ ...added, secret: secret() }, caller);
    await box.configure('alerts: { rules: [{ id: r, on: attack, channels: [guards] }] }\n');
    await box.load();
    await assert.rejects(channels.delete({ id: 'guards' }, caller), { code: 'channel-in-use' });
    await box.configure('');
    await box.load();
    await channels.delete({ id: 'guards' }, caller);
    assert.deepEqual(channels.list(), []);
  });

  test('whose file is damaged is left out and named, and its rules stay valid', async () => {
    await using opened = await openChannels();
    const { box, channels } = opened;
    await channels.create({ id: 'guards', ...hook('https://example.org/a'), secret: secret() }, caller);
    await box.configure('alerts: { rules: [{ id: r, on: attack, channels: [guards] }] }\n');
    await writeFile(box.fileOf('guards'), '{');
    await box.load();
    assert.deepEqual(
      channels.list().map(({ id, problem }) => [id, problem]),
      [['guards', 'the file is damaged: it does not have the form of a channel']],
    );
    assert.equal(box.current().alerts.webhooks.length, 0);
    assert.equal(await box.send('guards'), undefined);
    await assert.rejects(channels.delete({ id: 'guards' }, caller), { code: 'channel-in-use' });
    await channels.create({ id: 'guards', ...hook('https://example.org/b'), secret: secret() }, caller);
    assert.deepEqual(
      channels.list().map(({ id, settings }) => [id, settings?.url]),
      [['guards', 'https://example.org/b']],
    );
    await writeFile(box.fileOf('guards'), '{');
    await box.configure('');
    await box.load();
    await channels.delete({ id: 'guards' }, caller);
    assert.deepEqual(channels.list(), []);
  });

  test('whose file is lost does not keep the box from its start, and can be added again', async () => {
    await using opened = await openChannels();
    const { box, channels } = opened;
    await channels.create({ id: 'guards', ...hook('https://example.org/a'), secret: secret() }, caller);
    const file = { id: 'file', url: 'https://example.org/', secret: 's' };
    const alerts = (named: string, webhooks: readonly object[]) =>
      `alerts: ${JSON.stringify({ webhooks, rules: [{ id: 'r', on: 'attack', channels: [named, 'file'] }] })}\n`;
    await box.configure(alerts('guards', [file]));
    await box.load();
    await box.keep();
    await rm(box.fileOf('guards'));
    await box.load();
    const problem = 'the file is missing, and rules send alerts to its channel';
    assert.deepEqual(channels.list(), [
      { id: 'file', kind: 'webhook', isOwn: false },
      { id: 'guards', isOwn: true, problem },
    ]);
    await assert.rejects(channels.delete({ id: 'guards' }, caller), { code: 'channel-in-use' });
    // No channel file was lost: the rule names what no channel ever was, or one that the owner removed.
    for (const text of [alerts('guard', [file]), alerts('guards', [])]) {
      await box.configure(text);
      await assert.rejects(box.load(), /is not the id of a channel/);
    }
    await box.configure(alerts('guards', [file]));
    await box.load();
    await channels.create({ id: 'guards', ...hook('https://example.org/b'), secret: secret() }, caller);
    assert.deepEqual(
      channels.list().map(({ settings }) => settings?.url),
      [undefined, 'https://example.org/b'],
    );
  });
});
