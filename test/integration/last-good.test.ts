import assert from 'node:assert/strict';
import files, { mkdir, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { describe, mock, test } from 'node:test';
import { keepLastGood, loadLastGood } from '../../daemon/app/configuration/last-good.js';
import { openAuditKey } from '../../daemon/audit/audit-key.js';
import { silentLogger } from '../../daemon/base/logger.js';
import { loadConfig } from '../../daemon/config/load.js';
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
  await keepLastGood(configPath, loaded.config, silentLogger);
  await writeFile(configPath, `${text}camras: []\n`);
  return { configPath, dataDir, text, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() };
}

/** Calls back after each reading of a file with this name. */
function whenRead(name: string, callBack: () => Promise<void>): Disposable {
  const { readFile } = files;
  const mocked = mock.method(files, 'readFile', async (...args: Parameters<typeof readFile>) => {
    const content = await readFile(...args);
    if (String(args[0]).endsWith(name)) await callBack();
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
    const elsewhere = box.text.replace('office', 'elsewhere');
    const replace = () => writeFile(join(box.dataDir, 'configuration-last-good.yaml'), elsewhere);
    using _ = whenRead('configuration-last-good.seal', replace);
    assert.equal((await loadLastGood(box.configPath))?.site.id, 'office');
    // The replaced file itself has no seal.
    assert.equal(await loadLastGood(box.configPath), undefined);
  });
});
