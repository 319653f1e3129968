import { readFile } from 'node:fs/promises';
import { settingsFilePath } from '../../contract/settings/changeable-settings.js';
import {
  type ConfigTexts,
  type LastGoodFile,
  lastGoodPath,
  readLastGood,
} from '../../contract/settings/last-good-file.js';
import { findFolders, loadConfig, parseConfig, readFilesOfBox } from '../../contract/settings/load.js';
import { withLostFiles } from '../../contract/settings/lost-files.js';
import type { Config } from '../../contract/settings/schema.js';
import { hkdfKey, keyedHash } from '../../host/keyed-hash.js';
import { replaceOwnSecret } from '../../host/own-secret.js';
import { areEqual, wipe } from '../../host/sodium.js';
import { isRollcallError, messageOf } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logger.js';
import { SerialQueue } from '../../kernel/serial-queue.js';
import { failure } from '../../words/errors.js';
import { findAuditKeys } from '../audit/audit-key.js';

type Folders = Pick<Config, 'dataDir' | 'secretsDir'>;

/** Keeps the texts of the configuration that is in force, for a start after an edit that broke it. */
export class LastGood implements AsyncDisposable {
  readonly #folders: Folders;
  readonly #logger: Logger;
  // One at a time: of two at once, the earlier could be written last.
  readonly #turns = new SerialQueue();

  constructor(folders: Folders, logger: Logger) {
    this.#folders = folders;
    this.#logger = logger;
  }

  /** Only the daemon's user may read the copy. Never throws. */
  keep(texts: ConfigTexts): void {
    this.#turns
      .run(() => write(texts, this.#folders))
      .catch((error: unknown) =>
        this.#logger.warn('the configuration in force could not be kept for a later start', {
          reason: messageOf(error),
        }),
      );
  }

  /** Waits for what is being kept. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#turns.settled();
  }
}

async function write(texts: ConfigTexts, folders: Folders): Promise<void> {
  const [seal] = await sealsOf(texts, folders);
  if (seal === undefined) throw failure('audit-key-missing');
  const path = lastGoodPath(folders.dataDir);
  const content: LastGoodFile = { ...texts, seal: seal.toString('base64') };
  const bytes = Buffer.from(JSON.stringify(content));
  const before = await readFile(path).catch(() => undefined);
  if (before?.equals(bytes) !== true) await replaceOwnSecret(path, bytes);
}

/**
 * The configuration to start with when that of `configPath` cannot be used; undefined where there is none. Where only the settings of
 * the box are broken, the file of the owner counts with the settings that were kept. The kept copy of the file counts only with the
 * seal of this box: whoever can write the data of the box must not say where its events go.
 */
export async function loadLastGood(configPath: string): Promise<Config | undefined> {
  const folders = await findFolders(configPath);
  const { dataDir } = folders;
  const kept = await readLastGood(dataDir);
  for (const settings of [kept?.settings ?? '', '']) {
    const loaded = await loadConfig(configPath, { dataDir, settings });
    if (loaded.ok) return loaded.config;
  }
  if (kept === undefined || !(await isSealed(kept, folders))) return undefined;
  // The texts that were checked: the file may have been replaced since.
  const settings = { path: settingsFilePath(dataDir), content: { text: kept.settings } };
  const { cameras, channels } = withLostFiles(dataDir, kept, await readFilesOfBox(dataDir));
  const loaded = parseConfig(kept.file, cameras, settings, channels);
  return loaded.ok && loaded.config.dataDir === dataDir ? loaded.config : undefined;
}

async function isSealed(kept: LastGoodFile, folders: Folders): Promise<boolean> {
  const found = Buffer.from(kept.seal, 'base64');
  try {
    return (await sealsOf(kept, folders)).some((each) => areEqual(each, found));
  } catch (error) {
    // Without its key the box cannot tell who wrote the copy.
    if (isRollcallError(error)) return false;
    throw error;
  }
}

/**
 * Under each key of the audit log, the one in use first; none without a usable key. Makes no key: a start that fails must leave the
 * keys as they are, and rollcall-setup takes a box with keys for one that ran.
 * @throws like `findAuditKeys`
 */
async function sealsOf({ file, settings }: ConfigTexts, { dataDir, secretsDir }: Folders): Promise<Buffer[]> {
  const keys = await findAuditKeys({ secretsDirectory: secretsDir, dataDir });
  return keys.map((each) => {
    const key = hkdfKey(each, 'rollcall last good configuration 1');
    try {
      return keyedHash(key, 'texts', [dataDir, file, settings]);
    } finally {
      wipe(key);
      wipe(each);
    }
  });
}
