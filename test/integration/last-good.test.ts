import assert from 'node:assert/strict';
import files, { mkdir, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { describe, mock, test } from 'node:test';
import { lastGoodPath } from '../../daemon/contract/settings/last-good-file.js';
import { loadConfig } from '../../daemon/contract/settings/load.js';
import { openAuditKey } from '../../daemon/core/audit/audit-key.js';
import { reload } from '../../daemon/core/runtime/reload.js';
import { LastGood, loadLastGood } from '../../daemon/core/settings/last-good.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

/** The files of a box that ran with the configuration `text`, which is broken now. */
async function makeBox() {
  const directory = await temporaryDirectory();
  const at = (name: string): string => join(directory.path, name);
  const [configPath, dataDir, secretsDir] = [at('rollcall.yaml'), at('data'), at('secrets')];
  const text = `site: { id: office, timeZone: UTC }\ndataDir: ${dataDir}\nsecretsDir: ${secretsDir}\n`;
  await writeFile(configPath, text);
  await mkdir(secretsDir, { mode: 0o700 });
  await openAuditKey({ dataDir, secretsDirectory: secretsDir });
  const loaded = await loadConfig(configPath);
  assert.ok(loaded.ok);
  const { config, texts } = loaded;
  const box = {
    ...{ configPath, dataDir, text, config },
    open: () => new LastGood(config, silentLogger),
    breakFile: () => writeFile(configPath, `${text}camras: []\n`),
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
  await using lastGood = box.open();
  lastGood.keep(texts);
  await box.breakFile();
  return box;
}

/** Calls back after each reading of this file. */
function whenRead(path: string, callBack: () => Promise<void>): Disposable {
  const { readFile } = files;
  const mocked = mock.method(files, 'readFile', async (...args: Parameters<typeof readFile>) => {
    const content = await readFile(...args);
    if (args[0] === path) await callBack();
    return content;
  });
  syncBuiltinESMExports();
  return {
    [Symbol.dispose]() {
      mocked.mock.restore();
      syncBuiltinESMExports();
    },
  };
}

describe('the copy of the configuration that was in force last', () => {
  test('is what was checked, also if somebody replaces its file meanwhile', async () => {
    await using box = await makeBox();
    const path = lastGoodPath(box.dataDir);
    const altered = (await files.readFile(path, 'utf8')).replace('office', 'elsewhere');
    using _ = whenRead(path, () => writeFile(path, altered));
    assert.equal((await loadLastGood(box.configPath))?.site.id, 'office');
    assert.equal(await loadLastGood(box.configPath), undefined, 'the replaced file itself has no seal');
  });

  test('holds the texts that a reload put in force, also if the file is broken before they are', async () => {
    await using box = await makeBox();
    await writeFile(box.configPath, box.text.replace('office', 'later'));
    {
      await using lastGood = box.open();
      const { signal } = new AbortController();
      const replace = async () => {
        await box.breakFile();
        return [];
      };
      const runtime = { config: box.config, replace };
      const { outcome } = await reload(box.configPath, runtime, { logger: silentLogger, signal, lastGood });
      assert.equal(outcome, 'applied');
    }
    assert.equal((await loadLastGood(box.configPath))?.site.id, 'later');
  });

  test('has its seal at every moment, and at the end is the latest, when changes follow each other closely', async () => {
    await using box = await makeBox();
    const ids = Array.from({ length: 20 }, (_, index) => `office-${index}`);
    const lastGood = box.open();
    for (const id of ids) lastGood.keep({ file: box.text.replace('office', id), settings: '' });
    let isKept = false;
    const kept = lastGood[Symbol.asyncDispose]().then(() => {
      isKept = true;
    });
    while (!isKept) assert.match((await loadLastGood(box.configPath))?.site.id ?? 'none', /^office/);
    await kept;
    assert.equal((await loadLastGood(box.configPath))?.site.id, ids.at(-1));
  });

  test('leaves the keys as they are, and counts as none where they are damaged, missing or readable by others', async () => {
    await using box = await makeBox();
    const folder = join(box.dataDir, 'keys');
    const key = join(folder, 'audit-key');
    const look = async () => [await readdir(folder), (await stat(key).catch(() => undefined))?.size];
    for (const damage of [() => truncate(key, 31), () => truncate(key, 0), () => rm(key)]) {
      await damage();
      const before = await look();
      assert.equal(await loadLastGood(box.configPath), undefined);
      const lastGood = box.open();
      lastGood.keep({ file: box.text, settings: '' });
      await lastGood[Symbol.asyncDispose]();
      assert.deepEqual(await look(), before);
    }
    await writeFile(key, Buffer.alloc(32, 1), { mode: 0o644 });
    assert.equal(await loadLastGood(box.configPath), undefined);
  });

  test('counts as none if another program wrote it', async () => {
    await using box = await makeBox();
    for (const content of ['', '{', '[]', box.text]) {
      await writeFile(lastGoodPath(box.dataDir), content);
      assert.equal(await loadLastGood(box.configPath), undefined);
    }
  });
});
