import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Caller } from '../../daemon/contract/caller.js';
import { loadConfig } from '../../daemon/contract/settings/load.js';
import type { ReloadResult } from '../../daemon/contract/status.js';
import { OwnSettings } from '../../daemon/core/settings/own-settings.js';
import { auditKeyOf, openAuditFixture } from '../support/audit-fixture.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const admin: Caller = {
  ...{ actor: 'user:u1', origin: 'https 192.0.2.7', scopes: new Set() },
  ...{ provedAtMs: 'always', isLimited: true },
};
const camera = (id: string): string => `  - { id: ${id}, name: ${id}, url: "rtsp://192.0.2.1/${id}" }\n`;

/** Settings on real files. `reload` puts the files in force unless it is told to fail. */
async function openSettings() {
  const files = await temporaryDirectory();
  const configPath = join(files.path, 'rollcall.yaml');
  const text = `site: { id: office, timeZone: UTC }\ndataDir: ${files.path}\ncameras:\n${camera('door')}`;
  await writeFile(configPath, text);
  const load = async () => {
    const loaded = await loadConfig(configPath);
    assert.ok(loaded.ok, JSON.stringify(loaded));
    return loaded.config;
  };
  let config = await load();
  const { log } = openAuditFixture();
  const box = {
    ...{ configPath, text, reloads: 0, isAuditBroken: false },
    fails: undefined as ReloadResult | undefined,
    /** Called in the middle of a change, when the file is written. */
    written: undefined as (() => Promise<void>) | undefined,
    entries: () => log.list({ action: 'configuration' }),
    names: () => readdir(files.path),
    ownText: () => readFile(join(files.path, 'settings.yaml'), 'utf8').catch(() => undefined),
    current: () => config,
  };
  const settings = new OwnSettings({
    configPath,
    current: box.current,
    load: (options) => loadConfig(configPath, options),
    async reload() {
      box.reloads += 1;
      await box.written?.();
      const { fails } = box;
      box.fails = undefined;
      if (fails !== undefined) return fails;
      config = await load();
      return { outcome: 'unchanged' };
    },
    audit: {
      append(entry) {
        if (box.isAuditBroken) throw new Error('no audit log');
        return log.append(entry);
      },
      newest: () => log.newest(),
      from: (...range) => log.from(...range),
      list: (filter) => log.list(filter),
    },
    auditKey: auditKeyOf(7),
  });
  log.append({ by: { actor: 'daemon', origin: 'start' }, action: 'daemon.started' });
  return { box, settings, [Symbol.asyncDispose]: () => files[Symbol.asyncDispose]() };
}

describe('a change of settings', () => {
  test('that would make a long file is refused before it is parsed', async () => {
    await using opened = await openSettings();
    const { settings } = opened;
    const refused = { code: 'change-refused', message: /more than 20000 characters/ };
    await assert.rejects(settings.check({ text: 'k: 1\n'.repeat(5000) }, admin), refused);
    const holidays = Array.from({ length: 2000 }, () => '2026-01-01');
    await assert.rejects(settings.check({ settings: { 'attendance.holidays': holidays } }, admin), refused);
    const year = Array.from({ length: 365 }, (_, day) =>
      new Date(Date.UTC(2027, 0, 1 + day)).toISOString().slice(0, 10),
    );
    const { problems } = await settings.check({ settings: { 'attendance.holidays': year } }, admin);
    assert.deepEqual(problems, []);
  });

  test('leaves everything as it was if it cannot be put in force or audited', async () => {
    await using opened = await openSettings();
    const { box, settings } = opened;
    const change = async (value: number) => {
      const { revision: ifRevision } = await settings.show(admin);
      return settings.apply({ settings: { 'rules.unknownAfterS': value }, ifRevision }, admin);
    };
    await change(5);
    const before = await box.ownText();
    box.fails = { outcome: 'refused', problems: ['vision does not start'] };
    await assert.rejects(change(6), { code: 'configuration-refused', message: /vision does not start/ });
    assert.equal(await box.ownText(), before);
    box.isAuditBroken = true;
    await assert.rejects(change(7), /no audit log/);
    assert.equal(await box.ownText(), before);
    assert.equal(box.current().rules.unknownAfterS, 5);
    assert.equal(box.reloads, 5, 'each refusal is followed by a reload of the former file');
  });

  test('that a kill interrupts is in the audit log after the next start, once', async () => {
    await using opened = await openSettings();
    const { box, settings } = opened;
    const notePath = `${box.configPath.replace(/[^/]+$/, '')}settings.yaml.intended`;
    const { revision: ifRevision } = await settings.show(admin);
    const killed = new Promise<string>((resolve) => {
      box.written = async () => {
        resolve(await readFile(notePath, 'utf8'));
        await new Promise(() => undefined);
      };
    });
    void settings.apply({ settings: { 'rules.unknownAfterS': 5 }, ifRevision }, admin);
    const note = await killed;
    assert.deepEqual(box.entries(), []);
    await settings.settle();
    const [made] = box.entries();
    assert.deepEqual([made?.actor, made?.action], [admin.actor, 'configuration.edited']);
    // A kill after the entry, and a note that the box did not write.
    for (const left of [note, note.replace('unknownAfterS', 'unknownAfterZ')]) {
      await writeFile(notePath, left);
      await settings.settle();
      assert.deepEqual(box.entries(), [made]);
      assert.ok(!(await box.names()).includes('settings.yaml.intended'));
    }
  });

  test('shows a caller who is limited to cameras nothing of others', async () => {
    await using opened = await openSettings();
    const { box, settings } = opened;
    await writeFile(box.configPath, box.text + camera('yard') + camera('gate'));
    const limited = { ...admin, cameras: new Set(['yard']) };
    const all = await settings.show(admin);
    assert.match(all.file.text ?? '', /yard/);
    assert.deepEqual(
      all.pending.map(({ path }) => path),
      ['cameras.yard', 'cameras.gate'],
    );
    const shown = await settings.show(limited);
    assert.equal(shown.file.text, undefined);
    assert.deepEqual(
      shown.pending.map(({ path }) => path),
      ['cameras.yard'],
    );
    const { differences } = await settings.check({ settings: { 'rules.unknownAfterS': 5 } }, limited);
    assert.deepEqual(
      differences.map(({ path, reload }) => [path, reload]),
      [
        ['cameras.yard', 'replace'],
        ['rules.unknownAfterS', 'live'],
      ],
    );
  });

  test('to what they are already is put in force and leaves no audit entry', async () => {
    await using opened = await openSettings();
    const { box, settings } = opened;
    for (const entries of [1, 1]) {
      const { revision: ifRevision } = await settings.show(admin);
      await settings.apply({ settings: { 'rules.unknownAfterS': 5 }, ifRevision }, admin);
      assert.equal(box.entries().length, entries);
    }
    assert.equal(box.current().rules.unknownAfterS, 5);
  });
});
