import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, test } from 'node:test';
import type { Caller } from '../../daemon/contract/caller.js';
import { cameraFiles } from '../../daemon/contract/settings/camera-files.js';
import { loadConfig } from '../../daemon/contract/settings/load.js';
import { readOwnFiles } from '../../daemon/contract/settings/own-files.js';
import type { Config } from '../../daemon/contract/settings/schema.js';
import type { ReloadResult } from '../../daemon/contract/status.js';
import type { AuditEntry } from '../../daemon/core/audit/audit-entry.js';
import { openAuditKey } from '../../daemon/core/audit/audit-key.js';
import { CameraLogins } from '../../daemon/core/cameras/camera-logins.js';
import { OwnCameras, revisionOf } from '../../daemon/core/cameras/own-cameras.js';
import { LastGood } from '../../daemon/core/settings/last-good.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { auditKeyOf, openAuditFixture } from '../support/audit-fixture.js';
import { killedWhenWritten } from '../support/killed-change.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const caller: Caller = {
  ...{
    actor: 'user:u1',
    origin: 'https 192.0.2.7',
    scopes: new Set(),
    provedAtMs: 'always',
    isLimited: true,
  },
};
const refused: ReloadResult = { outcome: 'refused', problems: ['vision does not start'] };
// An address that this machine does not have.
const url = 'rtsp://198.51.100.2/';

/** Own cameras on real files. `reload` puts the files in force unless it is told to fail. */
async function openCameras() {
  const files = await temporaryDirectory();
  const directory = files.path;
  const dataDir = join(directory, 'data');
  const configPath = join(directory, 'rollcall.yaml');
  await mkdir(join(dataDir, 'keys'), { recursive: true });
  await writeFile(configPath, `site: { id: office, timeZone: UTC }\ndataDir: ${dataDir}\n`);
  const load = async (): Promise<Config> => {
    const loaded = await loadConfig(configPath);
    assert.ok(loaded.ok, JSON.stringify(loaded));
    return loaded.config;
  };
  let config = await load();
  const { log } = openAuditFixture();
  log.append({ by: { actor: 'daemon', origin: 'start' }, action: 'daemon.started' });
  const box = {
    fails: undefined as undefined | (() => ReloadResult),
    /** Called in the middle of a change, when the file is written. */
    written: undefined as (() => Promise<void>) | undefined,
    get entries(): readonly AuditEntry[] {
      return log.list({ action: 'camera' });
    },
    get audited() {
      return this.entries.map(({ action }) => action);
    },
    isAuditBroken: false,
    current: () => config,
    fileOf: (id: string) => join(dataDir, 'cameras.d', `${id}.yaml`),
    files: async () => [
      ...(await readdir(join(dataDir, 'cameras.d')).catch(() => [])),
      ...(await readdir(join(dataDir, 'keys'))).map((name) => name.replace(/-[0-9a-z]{26}$/, '-LOGIN')),
    ],
  };
  /** As at a start of the box. */
  const start = () =>
    new OwnCameras({
      logins: new CameraLogins(dataDir),
      current: box.current,
      load: (options) => loadConfig(configPath, options),
      async reload() {
        const { fails } = box;
        box.fails = undefined;
        if (fails !== undefined) return fails();
        config = await load();
        await box.written?.();
        return { outcome: 'unchanged' };
      },
      audit: {
        append: (entry) => {
          if (box.isAuditBroken) throw new Error('no audit log');
          return log.append(entry);
        },
        newest: () => log.newest(),
        from: (...range) => log.from(...range),
        list: (filter) => log.list(filter),
      },
      auditKey: auditKeyOf(7),
      logger: silentLogger,
    }).open();
  return { box, start, cameras: await start(), [Symbol.asyncDispose]: () => files[Symbol.asyncDispose]() };
}

const login = () => Buffer.from('viewer:secret');

test('only files that could be of a camera are read in their folder; one with another name is reported', async () => {
  await using directory = await temporaryDirectory();
  const folder = join(directory.path, 'cameras.d');
  await mkdir(folder);
  for (const name of ['door.yaml', '.door.yaml', 'door.yaml.bak', 'notes.txt', 'Yard.yml'])
    await writeFile(join(folder, name), 'id: door\n');
  const files = await readOwnFiles(cameraFiles, directory.path);
  assert.deepEqual(
    files.map(({ path, id }) => [basename(path), id]),
    [
      ['Yard.yml', undefined],
      ['door.yaml', 'door'],
    ],
  );
});

describe('an own camera', () => {
  test('stays as it was if a change cannot be put in force', async () => {
    await using opened = await openCameras();
    const { box, cameras } = opened;
    for (const fails of [
      () => refused,
      () => {
        throw new Error('the daemon has not finished starting');
      },
    ]) {
      box.fails = fails;
      await assert.rejects(cameras.create({ id: 'door', name: 'Door', url, login: login() }, caller));
      assert.deepEqual(await box.files(), [], 'nothing is left of a camera that never was');
    }
    await cameras.create({ id: 'door', name: 'Door', url, login: login() }, caller);
    const before = await readFile(box.fileOf('door'), 'utf8');
    for (const change of [
      () => cameras.change({ id: 'door', name: 'Yard', login: login() }, caller),
      () => cameras.delete({ id: 'door' }, caller),
    ]) {
      box.fails = () => refused;
      await assert.rejects(change(), { code: 'configuration-refused', message: /vision does not start/ });
      assert.equal(await readFile(box.fileOf('door'), 'utf8'), before);
      assert.deepEqual(await box.files(), ['door.yaml', 'camera-door-LOGIN']);
      assert.match(before, new RegExp(box.current().cameras[0]?.credential ?? 'none'));
    }
    box.isAuditBroken = true;
    await assert.rejects(cameras.change({ id: 'door', name: 'Yard' }, caller), /no audit log/);
    assert.equal(await readFile(box.fileOf('door'), 'utf8'), before);
    assert.equal(box.current().cameras[0]?.name, 'Door');
    assert.deepEqual(box.audited, ['camera.created']);
  });

  test('that a kill interrupts is in the audit log after the next start, once', async () => {
    await using opened = await openCameras();
    const { box, cameras, start } = opened;
    const kill = (change: Promise<unknown>) => killedWhenWritten(box, change);
    await kill(cameras.create({ id: 'door', name: 'Door', url, login: login() }, caller));
    assert.deepEqual(box.audited, []);
    const restarted = await start();
    await start();
    assert.deepEqual(await box.files(), ['door.yaml', 'camera-door-LOGIN']);
    const [{ actor, subject, details } = assert.fail()] = box.entries;
    assert.deepEqual([actor, subject, details['login']], ['user:u1', 'door', true]);
    await kill(restarted.change({ id: 'door', name: 'Yard' }, caller));
    // The owner edits the file before the start: what is there now, nobody did over the API.
    await writeFile(box.fileOf('door'), `# by hand\n${await readFile(box.fileOf('door'), 'utf8')}`);
    const again = await start();
    await kill(again.delete({ id: 'door' }, caller));
    await start();
    assert.deepEqual([box.audited, await box.files()], [['camera.created', 'camera.deleted'], []]);
  });

  test('whose file is lost does not make the configuration invalid, and can be added again', async () => {
    await using opened = await openCameras();
    const { box, cameras } = opened;
    await cameras.create({ id: 'door', name: 'Door', url }, caller);
    const main = join(box.fileOf('door'), '../../../rollcall.yaml');
    const text = await readFile(main, 'utf8');
    const hook = 'webhooks: [{ id: c, url: "https://192.0.2.5/", secret: s }]';
    const rule = 'rules: [{ id: r, on: camera-down, cameras: [door], channels: [c] }]';
    await writeFile(main, `${text}alerts: { ${hook}, ${rule} }\n`);
    const dataDir = join(box.fileOf('door'), '../..');
    const { key } = await openAuditKey({ dataDir, secretsDirectory: '', credentialsDirectory: '' });
    assert.equal(key.length, 32);
    await using lastGood = new LastGood(box.current(), silentLogger);
    lastGood.keep({ file: await readFile(main, 'utf8'), settings: '' });
    await lastGood[Symbol.asyncDispose]();
    await rm(box.fileOf('door'));
    await cameras.create({ id: 'yard', name: 'Yard', url }, caller);
    const { cameras: running, unusableCameraFiles } = box.current();
    assert.deepEqual(
      [running.map(({ id }) => id), unusableCameraFiles.map(({ id, why }) => [id, why])],
      [['yard'], [['door', 'lost']]],
    );
    await assert.rejects(cameras.delete({ id: 'door' }, caller), { code: 'configuration-refused' });
    await cameras.create({ id: 'door', name: 'Door', url }, caller);
    assert.deepEqual(box.current().unusableCameraFiles, []);
  });

  test('takes a login alone, forgets it, takes all settings at once, and stays as it is where nothing is given', async () => {
    await using opened = await openCameras();
    const { box, cameras } = opened;
    await cameras.create({ id: 'door', name: 'Door', url }, caller);
    const details = () => box.entries.at(-1)?.details ?? {};
    await cameras.change({ id: 'door', login: login() }, caller);
    assert.match(box.current().cameras[0]?.credential ?? 'none', /^camera-door-/);
    assert.deepEqual(details(), { settings: 'login', settingsCount: 1, login: true });
    const before = await readFile(box.fileOf('door'), 'utf8');
    await cameras.change({ id: 'door' }, caller);
    assert.equal(await readFile(box.fileOf('door'), 'utf8'), before);
    assert.deepEqual(box.audited, ['camera.created', 'camera.changed']);
    await cameras.change({ id: 'door', forgetLogin: true }, caller);
    assert.equal(box.current().cameras[0]?.credential, undefined);
    assert.deepEqual(details(), { settings: 'login', settingsCount: 1, login: false });
    const rates = { idleFps: 5, trackingFps: 10, provingFps: 15 };
    const limits = { smallestFacePx: 60, maxAnalysisWidthPx: 1280, stallAfterS: 9, firstFrameWithinS: 20 };
    const words = { transport: 'tcp', direction: 'in', requireLiveness: 'blink', hwaccel: 'none' } as const;
    const all = { name: 'Gate', isEnabled: false, allowBasicLogin: true, ...rates, ...limits, ...words };
    await cameras.change({ id: 'door', login: login(), ...all }, caller);
    assert.equal(box.current().cameras[0]?.name, 'Gate');
    assert.equal(details()['settingsCount'], Object.keys(all).length + 1);
  });

  test('keeps its login at its own device, and needs none at another if it has none', async () => {
    await using opened = await openCameras();
    const { box, cameras } = opened;
    const elsewhere = 'rtsp://198.51.100.3/';
    await cameras.create({ id: 'door', name: 'Door', url }, caller);
    await cameras.change({ id: 'door', url: elsewhere }, caller);
    assert.equal(box.current().cameras[0]?.url, elsewhere);
    await cameras.change({ id: 'door', login: login() }, caller);
    const before = await readFile(box.fileOf('door'), 'utf8');
    await assert.rejects(cameras.change({ id: 'door', url }, caller), { code: 'login-needed' });
    assert.equal(await readFile(box.fileOf('door'), 'utf8'), before, 'the login stays where it was');
    await cameras.change({ id: 'door', url: `${elsewhere}other` }, caller);
    await cameras.change({ id: 'door', url, login: login() }, caller);
    await cameras.change({ id: 'door', url: elsewhere, forgetLogin: true }, caller);
    assert.deepEqual(
      box.current().cameras.map((camera) => [camera.url, camera.credential]),
      [[elsewhere, undefined]],
    );
  });

  test('takes a substream of the same server, and gives it back', async () => {
    await using opened = await openCameras();
    const { box, cameras } = opened;
    const substream = 'rtsp://198.51.100.2/sub';
    await cameras.create({ id: 'door', name: 'Door', url, substream }, caller);
    const elsewhere = { id: 'door', substream: 'rtsp://198.51.100.3/sub' };
    await assert.rejects(cameras.change(elsewhere, caller), { code: 'camera-refused' });
    assert.equal(box.current().cameras[0]?.substream, substream);
    await cameras.change({ id: 'door', substream: null }, caller);
    assert.equal(box.current().cameras[0]?.substream, undefined);
  });

  test('is changed by one of two callers who read the same', async () => {
    await using opened = await openCameras();
    const { box, cameras } = opened;
    await cameras.create({ id: 'door', name: 'Door', url }, caller);
    const [door] = box.current().cameras;
    assert.ok(door);
    const ifRevision = revisionOf(door);
    assert.ok(Number.isSafeInteger(ifRevision) && String(ifRevision).length <= 15);
    const results = await Promise.allSettled(
      ['Yard', 'Gate'].map((name) => cameras.change({ id: 'door', name, ifRevision }, caller)),
    );
    assert.deepEqual(
      results.map((each) =>
        each.status === 'fulfilled' ? 'changed' : (each.reason as { code: string }).code,
      ),
      ['changed', 'changed-meanwhile'],
    );
    assert.equal(box.current().cameras[0]?.name, 'Yard');
  });

  test('has masks, and the audit log counts those that a change removes and adds', async () => {
    await using opened = await openCameras();
    const { box, cameras } = opened;
    const maskAt = (x: number, name?: string) => ({
      ...(name === undefined ? {} : { name }),
      points: [
        { x, y: 0 },
        { x: x + 0.1, y: 0 },
        { x, y: 0.1 },
      ],
    });
    const details = () => box.entries.at(-1)?.details ?? {};
    const masksNow = () => box.current().cameras[0]?.masks;
    await cameras.create({ id: 'door', name: 'Door', url, masks: [maskAt(0), maskAt(0.5)] }, caller);
    assert.deepEqual([details()['masksRemoved'], details()['masksAdded']], [0, 2]);
    const revision = revisionOf(box.current().cameras[0] ?? assert.fail());
    await cameras.change({ id: 'door', masks: [maskAt(0, 'Window'), maskAt(0.6)] }, caller);
    assert.deepEqual(masksNow(), [maskAt(0, 'Window'), maskAt(0.6)]);
    assert.deepEqual(details(), {
      ...{ settings: 'masks', settingsCount: 1, login: false, masksRemoved: 1, masksAdded: 1 },
    });
    assert.notEqual(revisionOf(box.current().cameras[0] ?? assert.fail()), revision);
    const zones = [{ use: 'detect' as const, ...maskAt(0.2) }];
    await cameras.change({ id: 'door', zones }, caller);
    assert.deepEqual([box.current().cameras[0]?.zones, masksNow()?.length], [zones, 2]);
    const crossed = [maskAt(0), { points: [0, 1, 2, 3].map((at) => ({ x: at % 2, y: at >> 1 })) }];
    await assert.rejects(cameras.change({ id: 'door', masks: crossed }, caller), {
      code: 'camera-refused',
      message: /masks\.1\.points has an outline that crosses itself/,
    });
    await cameras.change({ id: 'door', masks: null }, caller);
    assert.deepEqual([masksNow(), details()['masksRemoved']], [[], 2]);
  });

  test('that was edited by hand into something unusable is not overwritten', async () => {
    await using opened = await openCameras();
    const { box, cameras } = opened;
    await cameras.create({ id: 'door', name: 'Door', url }, caller);
    for (const text of ['id: door\n  name: [', '- a list', 'id: door\nname: Door\n']) {
      await writeFile(box.fileOf('door'), text);
      await assert.rejects(cameras.change({ id: 'door', name: 'Yard' }, caller), {
        code: 'camera-file-unusable',
      });
      assert.equal(await readFile(box.fileOf('door'), 'utf8'), text);
    }
  });

  test('whose file was removed by hand is deleted like any other', async () => {
    await using opened = await openCameras();
    const { box, cameras } = opened;
    for (const fails of [() => refused, undefined]) {
      await cameras.create({ id: 'door', name: 'Door', url, login: login() }, caller);
      await rm(box.fileOf('door'));
      box.fails = fails;
      if (fails !== undefined)
        await assert.rejects(cameras.delete({ id: 'door' }, caller), { code: 'configuration-refused' });
      else await cameras.delete({ id: 'door' }, caller);
      assert.deepEqual([await box.files(), box.current().cameras], [[], []]);
    }
  });

  test('can be judged before it is kept, and nothing of it stays', async () => {
    await using opened = await openCameras();
    const { box, cameras } = opened;
    const camera = await cameras.judge({ url, transport: 'udp' });
    assert.deepEqual(
      [camera.url, camera.transport, camera.isOwn, camera.credential],
      [url, 'udp', true, undefined],
    );
    for (const wrong of ['rtsp://viewer:secret@192.0.2.2/', 'http://192.0.2.2/', 'file:///etc/passwd']) {
      await assert.rejects(cameras.judge({ url: wrong }), {
        code: 'camera-refused',
        message: /^the settings of the camera cannot be used: url must /,
      });
    }
    assert.deepEqual(await box.files(), []);
    assert.deepEqual(box.current().cameras, []);
  });

  test('that an alert names cannot be deleted', async () => {
    await using opened = await openCameras();
    const { box, cameras } = opened;
    await cameras.create({ id: 'door', name: 'Door', url }, caller);
    const main = join(box.fileOf('door'), '../../../rollcall.yaml');
    const hook = 'webhooks: [{ id: c, url: "https://192.0.2.5/", secret: s }]';
    const rule = 'rules: [{ id: r, on: camera-down, cameras: [door], channels: [c] }]';
    await writeFile(main, `${await readFile(main, 'utf8')}alerts: { ${hook}, ${rule} }\n`);
    await assert.rejects(cameras.delete({ id: 'door' }, caller), {
      code: 'configuration-refused',
      message: /alerts\.rules\.0\.cameras\.0 is not the id of a camera/,
    });
    assert.deepEqual(await box.files(), ['door.yaml']);
  });
});
