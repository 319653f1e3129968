import { link, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf, operational } from '../../base/errors.js';
import { cameraFilePath, cameraFolder } from '../../config/camera-files.js';
import { explainAccess } from '../../host/file-access.js';
import { createKeyFile } from '../../host/key-file.js';
import { opaqueText } from '../../host/opaque-text.js';
import { ownSecretPath, replaceOwnSecret } from '../../host/own-secret.js';
import { syncDirectory } from '../../host/sync-directory.js';

/** A camera file that was replaced, until it is decided which one stays. */
export interface ReplacedFile {
  /** Puts the former file back. Needs no space on the disk. */
  undo(): Promise<void>;
}

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
   * @throws `key-file-not-written`, `key-file-not-moved`, `camera-file-not-removed`
   */
  async replace(id: string, text: string | undefined): Promise<ReplacedFile> {
    const path = this.pathOf(id);
    const former = `${path}.former`;
    const hasFormer = await this.#keepAs(path, former);
    if (text === undefined) await guarded(path, () => rm(path, { force: true }));
    else await replaceOwnSecret(path, Buffer.from(text));
    syncDirectory(dirname(path));
    return {
      undo: () =>
        guarded(path, async () => {
          if (hasFormer) await rename(former, path);
          else await rm(path, { force: true });
          syncDirectory(dirname(path));
        }),
    };
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

  async #keepAs(path: string, former: string): Promise<boolean> {
    return guarded(path, async () => {
      await rm(former, { force: true });
      try {
        await link(path, former);
        return true;
      } catch (error) {
        if (isMissing(error)) return false;
        throw error;
      }
    });
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

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT';

async function guarded<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const access = explainAccess(path, 'written', cause);
    throw operational(
      'camera-file-not-removed',
      `${path} could not be changed: ${access?.reason ?? messageOf(cause)}`,
      { remedy: access?.remedy ?? 'check that the disk is healthy', details: { path }, cause },
    );
  }
}
