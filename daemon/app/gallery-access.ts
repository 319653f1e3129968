import { type Actor, daemonAtStart } from '../audit/actor.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { Clock } from '../base/clock.js';
import { badInput, isRollcallError, operational, type RollcallError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { Gallery } from '../gallery/gallery.js';
import type { GalleryFile } from '../gallery/gallery-file.js';
import type { KeyRing } from '../gallery/key-ring.js';
import { KeyRotations } from '../gallery/key-rotations.js';
import type { KeyInput, KeyProviderKind } from '../gallery/keys/key-provider.js';
import type { KeyProviders } from '../gallery/keys/key-providers.js';
import {
  initialiseGallery,
  type Sealed,
  type UnlockOptions,
  unlockGallery,
} from '../gallery/open-gallery.js';
import type { RecogniserInUse } from '../vision/recogniser-in-use.js';

export interface GalleryAccessOptions {
  /** Closed with the access. */
  readonly file: GalleryFile;
  readonly providers: KeyProviders;
  readonly recogniser: RecogniserInUse;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** An open gallery with its keys. */
export interface OpenAccess {
  readonly gallery: Gallery;
  readonly ring: KeyRing;
  /** Goes on with a rotation of the key that had not ended. */
  readonly rotations: KeyRotations;
}

/**
 * The gallery, sealed or open. The box works without it: whoever needs it is told `gallery-sealed` and why until somebody
 * unlocks it.
 */
export class GalleryAccess implements AsyncDisposable {
  readonly file: GalleryFile;
  readonly providers: KeyProviders;
  readonly #options: GalleryAccessOptions;
  readonly #listeners = new Set<() => void>();
  #open: OpenAccess | undefined;
  #sealed: Sealed | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(options: GalleryAccessOptions) {
    this.#options = options;
    this.file = options.file;
    this.providers = options.providers;
  }

  /** Unlocks at once where that needs nobody: with a secret or a TPM. */
  static async start(options: GalleryAccessOptions): Promise<GalleryAccess> {
    const access = new GalleryAccess(options);
    await access.unlock({}, daemonAtStart);
    return access;
  }

  get audit(): AuditLog {
    return this.file.audit;
  }

  /** Undefined while the gallery is open. */
  get sealed(): Sealed | undefined {
    return this.#sealed;
  }

  /** Undefined while the gallery is sealed. */
  get open(): OpenAccess | undefined {
    return this.#open;
  }

  /** @throws `gallery-sealed` with the reason and what to do */
  gallery(): Gallery {
    return this.requireOpen().gallery;
  }

  /** @throws `gallery-sealed` with the reason and what to do */
  requireOpen(): OpenAccess {
    if (this.#open !== undefined) return this.#open;
    const { code, message, remedy } = this.#sealed ?? unlocking;
    throw operational('gallery-sealed', `the gallery is sealed: ${message}`, {
      remedy,
      details: { reason: code },
    });
  }

  /** Calls back whenever the gallery has been opened or sealed. Returns how to stop. */
  onChanged(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Tries to open a sealed gallery; resolves with why it stays sealed, or undefined where it is open. */
  unlock(input: KeyInput, by: Actor): Promise<Sealed | undefined> {
    return this.#inTurn(async () => {
      if (this.#open !== undefined) return undefined;
      await this.#unlock(input, by);
      return this.#sealed;
    });
  }

  /** Gives a new gallery its first key. @throws `key-exists`, and what the provider throws */
  initialise(kind: KeyProviderKind, input: KeyInput, by: Actor): Promise<Sealed | undefined> {
    return this.#inTurn(async () => {
      if (this.#open !== undefined || this.#sealed?.code !== 'key-not-initialised') {
        throw badInput('key-exists', 'the gallery has a key already', {
          remedy: 'Run `rollcall key rotate` to give it another one.',
        });
      }
      const ring = await initialiseGallery(this.#unlockOptions(input, by), kind);
      ring[Symbol.dispose]();
      await this.#unlock(input, by);
      return this.#sealed;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#turn;
    await this.#open?.rotations[Symbol.asyncDispose]();
    await this.#open?.gallery[Symbol.asyncDispose]();
    this.#open = undefined;
    this.#sealed = { ...unlocking, message: 'the daemon is stopping' };
    await this.file[Symbol.asyncDispose]();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async #unlock(input: KeyInput, by: Actor): Promise<void> {
    const { logger } = this.#options;
    const result = await this.#tryToUnlock(input, by);
    if ('outcome' in result) {
      this.#sealed = result;
      const { code, message, remedy } = result;
      logger.error('the gallery is sealed: nobody is identified', { code, message, remedy });
      return;
    }
    this.#sealed = undefined;
    this.#open = result;
    for (const listener of this.#listeners) listener();
  }

  /** What keeps the gallery from being opened is a reason for it to stay sealed; defects are thrown. */
  async #tryToUnlock(input: KeyInput, by: Actor): Promise<OpenAccess | Sealed> {
    try {
      const result = await unlockGallery(this.#unlockOptions(input, by));
      if (result.outcome === 'sealed') return result;
      const { gallery, ring } = result;
      return { gallery, ring, rotations: await this.#openRotations(gallery, ring) };
    } catch (error) {
      if (!isRollcallError(error) || error.kind === 'defect') throw error;
      return sealedBy(error);
    }
  }

  /** @throws `gallery-damaged` */
  async #openRotations(gallery: Gallery, ring: KeyRing): Promise<KeyRotations> {
    const { file, providers, clock, logger } = this.#options;
    try {
      return await KeyRotations.open({ file, ring, providers, clock, logger });
    } catch (error) {
      await gallery[Symbol.asyncDispose]();
      throw error;
    }
  }

  #unlockOptions(input: KeyInput, by: Actor): UnlockOptions {
    const { file, providers, recogniser, clock, logger } = this.#options;
    const { id, dimensions } = recogniser;
    return { file, providers, input, recogniser: id, dimensions, by, clock, logger };
  }
}

const unlocking: Sealed = {
  outcome: 'sealed',
  code: 'unlocking',
  message: 'it is being opened',
  remedy: 'Try again in a moment.',
};

function sealedBy({ code, message, remedy = '' }: RollcallError): Sealed {
  return { outcome: 'sealed', code, message, remedy };
}
