import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isRollcallError, messageOf } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import { readCameraFiles } from '../../config/camera-files.js';
import { findFolders, loadConfig, lastGoodNames as names, parseConfig } from '../../config/load.js';
import { readSettingsFile, settingsFilePath } from '../../config/own-settings.js';
import { readText } from '../../config/read-text.js';
import type { Config } from '../../config/schema.js';
import { hkdfKey, keyedHash } from '../../host/keyed-hash.js';
import { replaceOwnSecret } from '../../host/own-secret.js';
import { areEqual, wipe } from '../../host/sodium.js';
import { AuditKeyRing } from '../audit/audit-key-ring.js';

type Folders = Pick<Config, 'dataDir' | 'secretsDir'>;

/** The texts of a configuration. */
interface Texts {
  readonly file: string;
  readonly settings: string;
}

/**
 * Keeps the texts of the configuration that is in force, for a start after an edit that broke it. Only the daemon's user may read the
 * copies. Never throws.
 */
export async function keepLastGood(configPath: string, config: Config, logger: Logger): Promise<void> {
  try {
    const { dataDir } = config;
    const read = await readText(configPath);
    const { content } = await readSettingsFile(dataDir);
    if (!('text' in read)) return;
    const texts = {
      file: read.text,
      settings: content !== undefined && 'text' in content ? content.text : '',
    };
    await replaceIfChanged(join(dataDir, names.settings), Buffer.from(texts.settings));
    await replaceIfChanged(join(dataDir, names.file), Buffer.from(texts.file));
    const [seal] = await sealsOf(texts, config);
    if (seal !== undefined) await replaceIfChanged(join(dataDir, names.seal), seal);
  } catch (error) {
    logger.warn('the configuration in force could not be kept for a later start', {
      reason: messageOf(error),
    });
  }
}

/**
 * The configuration to start with when that of `configPath` cannot be used; undefined where there is none. Where only the settings of
 * the box are broken, the file of the owner counts with the settings that were kept. The kept copy of the file counts only with the
 * seal of this box: whoever can write the data of the box must not say where its events go.
 */
export async function loadLastGood(configPath: string): Promise<Config | undefined> {
  const folders = await findFolders(configPath);
  const { dataDir } = folders;
  const at = (name: string): Promise<string> => readFile(join(dataDir, name), 'utf8').catch(() => '');
  const texts = { file: await at(names.file), settings: await at(names.settings) };
  for (const settings of [texts.settings, '']) {
    const loaded = await loadConfig(configPath, { dataDir, settings });
    if (loaded.ok) return loaded.config;
  }
  if (!(await isSealed(texts, folders))) return undefined;
  // The texts that were checked: the files may have been replaced since.
  const loaded = parseConfig(texts.file, await readCameraFiles(dataDir), {
    path: settingsFilePath(dataDir),
    content: { text: texts.settings },
  });
  return loaded.ok && loaded.config.dataDir === dataDir ? loaded.config : undefined;
}

async function isSealed(texts: Texts, folders: Folders): Promise<boolean> {
  const found = await readFile(join(folders.dataDir, names.seal)).catch(() => undefined);
  // Opening the keys of a box that never ran would make one, and scripts/install takes a box with keys for one that ran.
  if (found === undefined) return false;
  try {
    return (await sealsOf(texts, folders)).some((seal) => areEqual(seal, found));
  } catch (error) {
    // Without its key the box cannot tell who wrote the copy.
    if (isRollcallError(error)) return false;
    throw error;
  }
}

/** Under each key of the audit log, the one in use first. @throws like `AuditKeyRing.open` */
async function sealsOf({ file, settings }: Texts, { dataDir, secretsDir }: Folders): Promise<Buffer[]> {
  using keys = await AuditKeyRing.open({ secretsDirectory: secretsDir, dataDir });
  return keys.all.map((each) => {
    const key = hkdfKey(each, 'rollcall last good configuration 1');
    try {
      return keyedHash(key, 'texts', [dataDir, file, settings]);
    } finally {
      wipe(key);
    }
  });
}

async function replaceIfChanged(path: string, bytes: Buffer): Promise<void> {
  const before = await readFile(path).catch(() => undefined);
  if (before?.equals(bytes) !== true) await replaceOwnSecret(path, bytes);
}
