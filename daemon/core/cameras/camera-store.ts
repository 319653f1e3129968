import { readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cameraFilePath, cameraFolder } from '../../contract/settings/camera-files.js';
import { createKeyFile } from '../../host/key-file.js';
import { opaqueText } from '../../host/opaque-text.js';
import { ownSecretPath } from '../../host/own-secret.js';
import { isMissing, type ReplacedFile, replaceOwnFile } from '../settings/replaced-file.js';

/**
 * The name of the secret that holds the login of a camera. Each login has a name of its own, so that a kill between the writing
 * of both files never pairs a login with an address that it was not given for.
 */
const loginForm = /^camera-.+-[0-9a-z]{26}(?:\.new)?$/;
const leftover = /\.yaml\.(?:new|former)$/;

/** The camera files of the box and the logins of these cameras. Every change is whole after a power cut. */
export class CameraStore {
  readonly #dataDir: string;

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
  }

  pathOf(id: string): string {
    return cameraFilePath(this.#dataDir, id);
  }

  /** The text of a camera file; undefined if there is none. */
  async read(id: string): Promise<string | undefined> {
    try {
      return await readFile(this.pathOf(id), 'utf8');
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /**
   * Writes a camera file, or deletes it (`undefined`).
   * @throws `key-file-not-written`, `key-file-not-moved`, `own-file-not-changed`
   */
  replace(id: string, text: string | undefined): Promise<ReplacedFile> {
    return replaceOwnFile(this.pathOf(id), text);
  }

  /** Stores a login under a new name and returns the name. @throws `key-file-not-written` */
  async addLogin(id: string, login: Uint8Array): Promise<string> {
    const name = `camera-${id}-${opaqueText()}`;
    await createKeyFile(ownSecretPath(name, { dataDir: this.#dataDir }), login);
    return name;
  }

  /** Deletes what no camera file needs: logins, and files that a change or a kill has left. */
  async sweep(): Promise<void> {
    const folder = cameraFolder(this.#dataDir);
    const names = await namesIn(folder);
    const texts = await Promise.all(
      names.filter((name) => name.endsWith('.yaml')).map((name) => readFile(join(folder, name), 'utf8')),
    );
    for (const name of names.filter((each) => leftover.test(each))) {
      await rm(join(folder, name), { force: true });
    }
    const keys = dirname(ownSecretPath('any', { dataDir: this.#dataDir }));
    for (const name of await namesIn(keys)) {
      const isNeeded = texts.some((text) => text.includes(name));
      if (loginForm.test(name) && !isNeeded) await rm(join(keys, name), { force: true });
    }
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
