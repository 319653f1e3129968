import { readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cameraFiles } from '../../contract/settings/camera-files.js';
import { createKeyFile } from '../../host/key-file.js';
import { opaqueText } from '../../host/opaque-text.js';
import { ownSecretPath } from '../../host/own-secret.js';
import { namesIn } from '../settings/file-changes.js';

/**
 * The name of the secret that holds the login of a camera. Each login has a name of its own, so that a kill between the writing
 * of both files never pairs a login with an address that it was not given for.
 */
const loginForm = /^camera-.+-[0-9a-z]{26}(?:\.new)?$/;

/** The logins of the cameras that the box keeps itself, beside its keys. */
export class CameraLogins {
  readonly #dataDir: string;

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
  }

  /** Stores a login under a new name and returns the name. @throws `key-file-not-written` */
  async add(id: string, login: Uint8Array): Promise<string> {
    const name = `camera-${id}-${opaqueText()}`;
    await createKeyFile(ownSecretPath(name, { dataDir: this.#dataDir }), login);
    return name;
  }

  /** Deletes the logins that no camera file names. */
  async sweep(): Promise<void> {
    const folder = join(this.#dataDir, cameraFiles.folder);
    const files = (await namesIn(folder)).filter((name) => name.endsWith(cameraFiles.ending));
    const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')));
    const keys = dirname(ownSecretPath('any', { dataDir: this.#dataDir }));
    for (const name of await namesIn(keys)) {
      const isNeeded = texts.some((text) => text.includes(name));
      if (loginForm.test(name) && !isNeeded) await rm(join(keys, name), { force: true });
    }
  }
}
