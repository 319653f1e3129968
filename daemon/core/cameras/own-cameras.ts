import { createHash, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Caller } from '../../contract/caller.js';
import type { HandlerInput } from '../../contract/operation.js';
import type { Operations } from '../../contract/operations.js';
import { cameraFiles } from '../../contract/settings/camera-files.js';
import type { LoadedConfig, LoadOptions } from '../../contract/settings/load.js';
import { ownFilePath } from '../../contract/settings/own-files.js';
import type { CameraConfig, Config } from '../../contract/settings/schema.js';
import type { Mask } from '../../contract/zones.js';
import { parseUserPassword } from '../../host/user-password-secret.js';
import { actorOf } from '../../kernel/actor.js';
import type { Logger } from '../../kernel/logger.js';
import { present } from '../../kernel/present.js';
import { SerialQueue } from '../../kernel/serial-queue.js';
import { notFound } from '../api/not-found.js';
import type { NewAuditEntry } from '../audit/audit-entry.js';
import { FileChanges, type FileChangesOptions, textOf } from '../settings/file-changes.js';
import type { CameraLogins } from './camera-logins.js';
import { type CameraSettings, cameraText, changedText, givenSettings } from './camera-text.js';
import { addressDetails, isRefused } from './own-camera-address.js';
import { refusals } from './own-camera-refusals.js';

/** Most cameras that the box keeps itself. Each takes a process and memory, whether it can be reached or not. */
export const mostOwnCameras = 64;

export interface OwnCamerasOptions extends FileChangesOptions {
  readonly logins: CameraLogins;
  /** The configuration in force. */
  readonly current: () => Config;
  /** Loads what the files would make of the configuration. */
  readonly load: (options: LoadOptions) => Promise<LoadedConfig>;
  readonly logger: Logger;
}

/** A camera file to write. */
interface NewFile {
  readonly id: string;
  readonly login: Buffer | undefined;
  readonly entry: NewAuditEntry;
  readonly textOf: (credential: string | undefined) => string;
  /** May refuse the camera that it would become. */
  readonly judge?: (after: CameraConfig) => void;
}

type Input<Id extends keyof Operations> = HandlerInput<Operations[Id]>;

/**
 * The cameras that the box keeps itself: one file each, made and changed over the API. A change is checked together with the
 * whole configuration before it is written, and taken back if it cannot be put in force.
 */
export class OwnCameras {
  readonly #options: OwnCamerasOptions;
  readonly #changes: FileChanges;
  readonly #turns = new SerialQueue();

  constructor(options: OwnCamerasOptions) {
    this.#options = options;
    this.#changes = new FileChanges(options);
  }

  /** Completes what an earlier run of the daemon has left, or deletes it. */
  async open(): Promise<this> {
    const { folder, ending } = cameraFiles;
    await this.#changes.settle(join(this.#options.current().dataDir, folder), ending);
    await this.#sweep();
    return this;
  }

  /**
   * The camera that an address would be with these settings. Nothing is kept.
   * @throws `camera-refused`, `configuration-refused`
   */
  judge(input: Input<'cameras.test-address'>): Promise<CameraConfig> {
    return this.#turns.run(() => {
      // An id that no camera has: its file would be looked at in place of this one. It means nothing to the caller.
      const id = `test-${randomUUID()}`;
      return this.#check(id, cameraText(id, { name: 'Test', ...givenSettings(input) }), 'the camera');
    });
  }

  create(input: Input<'cameras.create'>, caller: Caller): Promise<void> {
    return this.#turns.run(async () => {
      const { id, login } = input;
      const { cameras, unusableCameraFiles } = this.#options.current();
      // One whose file is lost can be added again: rules that name it keep it from being removed.
      const unusable = unusableCameraFiles.filter(({ why }) => why !== 'lost');
      const isTaken = [...cameras, ...unusable].some((each) => each.id === id);
      if (isTaken || (await textOf(this.#pathOf(id))) !== undefined) throw refusals.exists(id);
      if (cameras.filter(({ isOwn }) => isOwn === true).length >= mostOwnCameras) {
        throw refusals.tooMany(mostOwnCameras);
      }
      const settings = givenSettings(input);
      const details = {
        ...{ login: login !== undefined, ...addressDetails(input.url) },
        ...(input.masks === undefined ? {} : maskDetails([], input.masks)),
      };
      await this.#put({
        ...{ id, login },
        entry: { by: actorOf(caller), action: 'camera.created', subject: id, details },
        textOf: (credential) => cameraText(id, { ...settings, ...present({ credential }) }),
      });
    });
  }

  change(input: Input<'cameras.change'>, caller: Caller): Promise<void> {
    return this.#turns.run(async () => {
      const { id, login, forgetLogin, ifRevision } = input;
      const camera = this.#own(id);
      const revision = revisionOf(camera);
      if (ifRevision !== undefined && ifRevision !== revision) throw refusals.changedMeanwhile(id, revision);
      const text = await textOf(this.#pathOf(id));
      if (text === undefined) throw notFound('camera', id, 'rollcall camera list');
      const { unusable } = await this.#look(id, text);
      if (unusable !== undefined) throw refusals.fileUnusable(id, unusable);
      const settings = givenSettings(input);
      const keepsLogin = login === undefined && forgetLogin !== true;
      const names = [...Object.keys(settings), ...(keepsLogin ? [] : ['login'])];
      if (names.length === 0) return;
      const details = {
        ...{ settings: names, login: login !== undefined },
        ...(input.url === undefined ? {} : addressDetails(input.url)),
        ...(input.masks === undefined ? {} : maskDetails(camera.masks, input.masks ?? [])),
      };
      await this.#put({
        ...{ id, login },
        entry: { by: actorOf(caller), action: 'camera.changed', subject: id, details },
        textOf: (credential) =>
          changedText(text, { ...settings, ...credentialChange(credential, forgetLogin) }),
        judge(after) {
          if (keepsLogin && camera.credential !== undefined && !isSameDevice(camera, after)) {
            throw refusals.loginNeeded(id);
          }
        },
      });
    });
  }

  delete({ id }: Input<'cameras.delete'>, caller: Caller): Promise<void> {
    return this.#turns.run(async () => {
      const { cameras, unusableCameraFiles } = this.#options.current();
      const isUnusable = unusableCameraFiles.some((file) => file.id === id);
      if (!isUnusable || cameras.some((each) => each.id === id)) this.#own(id);
      await this.#check(id, undefined);
      await this.#apply(id, undefined, { by: actorOf(caller), action: 'camera.deleted', subject: id });
    });
  }

  /** @throws `camera-of-configuration`, `camera-file-unusable`, `no-such-camera` */
  #own(id: string): CameraConfig {
    const { cameras, unusableCameraFiles } = this.#options.current();
    const camera = cameras.find((each) => each.id === id);
    if (camera?.isOwn === true) return camera;
    if (camera !== undefined) throw refusals.ofConfiguration(id);
    const unusable = unusableCameraFiles.find((file) => file.id === id);
    if (unusable !== undefined) throw refusals.fileUnusable(id, unusable);
    throw notFound('camera', id, 'rollcall camera list');
  }

  /** Checks and writes a camera file with a login, if one is given. */
  async #put({ id, login, entry, textOf, judge = () => undefined }: NewFile): Promise<void> {
    if (login !== undefined && parseUserPassword(login) === undefined) throw refusals.loginForm();
    // Checked under another name first: a refused camera leaves no secret.
    const after = await this.#check(id, textOf(login === undefined ? undefined : `camera-${id}`));
    if (isRefused(after, this.#options.current())) throw refusals.address(after.url);
    judge(after);
    const credential = login === undefined ? undefined : await this.#options.logins.add(id, login);
    await this.#apply(id, textOf(credential), entry);
  }

  /** The camera as the file would make it. @throws `camera-refused`, `configuration-refused` */
  async #check(id: string, text: undefined): Promise<undefined>;
  async #check(id: string, text: string, called?: string): Promise<CameraConfig>;
  async #check(id: string, text: string | undefined, called = byId(id)): Promise<CameraConfig | undefined> {
    const { camera, unusable } = await this.#look(id, text, called);
    if (unusable !== undefined) throw refusals.refused(called, unusable.problems);
    return camera;
  }

  /** What the loader makes of the file with this text. @throws `configuration-refused` */
  async #look(id: string, text: string | undefined, called = byId(id)) {
    const { load, current } = this.#options;
    const path = this.#pathOf(id);
    const content = text === undefined ? undefined : { text };
    const loaded = await load({ dataDir: current().dataDir, instead: { cameras: { path, id, content } } });
    if (!loaded.ok) throw refusals.configurationInvalid(called, loaded.problems);
    const { cameras, unusableCameraFiles } = loaded.config;
    return {
      camera: cameras.find((each) => each.id === id),
      unusable: unusableCameraFiles.find((file) => file.path === path),
    };
  }

  async #apply(id: string, text: string | undefined, entry: NewAuditEntry): Promise<void> {
    try {
      const refused = (problems: readonly string[]) => refusals.notInForce(id, problems);
      await this.#changes.apply({ path: this.#pathOf(id), text, entry, refused });
    } finally {
      await this.#sweep();
    }
  }

  #pathOf(id: string): string {
    return ownFilePath(cameraFiles, this.#options.current().dataDir, id);
  }

  async #sweep(): Promise<void> {
    try {
      await this.#options.logins.sweep();
    } catch (error) {
      this.#options.logger.warn('logins that no camera needs could not be deleted', { error });
    }
  }
}

/** How a message calls a camera. */
const byId = (id: string): string => `the camera '${id}'`;

function credentialChange(credential: string | undefined, forgetLogin: true | undefined): CameraSettings {
  if (credential !== undefined) return { credential };
  return forgetLogin === true ? { credential: null } : {};
}

/** How many masks a change removes and adds, for the audit log. One that moves is removed and added. */
function maskDetails(before: readonly Mask[], after: readonly Mask[]) {
  const without = (masks: readonly Mask[], others: readonly Mask[]): number =>
    masks.filter((mask) => !others.some((other) => isDeepStrictEqual(mask.points, other.points))).length;
  return { masksRemoved: without(before, after), masksAdded: without(after, before) };
}

/** Whether a stored login goes to the same device over a connection that is protected as before. */
function isSameDevice(before: CameraConfig, after: CameraConfig): boolean {
  const hostOf = ({ url }: CameraConfig): string => {
    const { protocol, host } = new URL(url);
    return `${protocol}//${host}`;
  };
  return (
    hostOf(before) === hostOf(after) &&
    before.allowBasicLogin === after.allowBasicLogin &&
    before.fingerprint === after.fingerprint
  );
}

/** Changes with every setting of the camera, also with its login, and stays over a restart. */
export function revisionOf(camera: CameraConfig): number {
  const digest = createHash('sha256').update(JSON.stringify(camera)).digest();
  // As many bits as a double and an ETag hold.
  return digest.readUIntBE(0, 6) + 1;
}
