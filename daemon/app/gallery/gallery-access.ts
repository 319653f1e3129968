import { type Actor, daemonAtStart } from '../../audit/actor.js';
import type { AuditLog } from '../../audit/audit-log.js';
import type { Clock } from '../../base/clock.js';
import { badInput, defect, isRollcallError, operational } from '../../base/errors.js';
import { InTurn } from '../../base/in-turn.js';
import type { Logger } from '../../base/logger.js';
import type { Gallery } from '../../gallery/gallery.js';
import type { GalleryFile } from '../../gallery/gallery-file.js';
import type { KeyInput, KeyProviderKind } from '../../gallery/keys/key-provider.js';
import type { KeyProviders } from '../../gallery/keys/key-providers.js';
import type { KeyRing } from '../../gallery/keys/key-ring.js';
import { type KeySlot, readKeySlots } from '../../gallery/keys/key-slots.js';
import {
  initialiseGallery,
  type Sealed,
  type UnlockOptions,
  unlockGallery,
} from '../../gallery/open-gallery.js';
import type { OpenEmbedder } from '../../gallery/re-embedding/re-embed-step.js';
import { switchGalleryFile } from '../../gallery/re-embedding/switch-file.js';
import { KeyRotations } from '../../gallery/rotation/key-rotations.js';
import { emptyWriteAheadLog } from '../../gallery/write-ahead-log.js';
import { wipe } from '../../host/sodium.js';
import type { RecogniserInUse } from '../../vision/recogniser-in-use.js';
import type { AuditKeeper } from '../audit/audit-keeper.js';
import { knowingKey } from './known-key.js';
import { sealedBy, unlocking } from './sealed-reason.js';

export interface GalleryAccessOptions {
  /** Where the gallery's file lies. */
  readonly path: string;
  /** Opens the file, at the start and whenever another one took its place. What it gives is closed with the access. */
  readonly openFile: () => Promise<GalleryFile>;
  /** Follows the file. */
  readonly audit: AuditKeeper;
  /** Called once, between the opening of the file and that of the gallery. */
  readonly onFile?: (audit: AuditLog) => void;
  readonly providers: KeyProviders;
  /** Asked once, when the file is open; without a file where it is damaged. What it says holds as long as the daemon runs. */
  readonly recogniserFor: (
    file: GalleryFile | undefined,
  ) => Promise<Pick<RecogniserInUse, 'id' | 'dimensions'>>;
  /** For a gallery that is to move to another recogniser. */
  readonly openEmbedder?: OpenEmbedder;
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

/** A file that is to take the place of the gallery's. */
export interface Replacement {
  /** Whole, closed and on the disk. */
  readonly path: string;
  /** What it opens with; wiped by the access. */
  readonly kek: Uint8Array;
  /** Name that a damaged file is kept under. */
  readonly keepAs?: string;
}

/**
 * The gallery, sealed or open. The box works without it: whoever needs it is told `gallery-sealed` and why until somebody
 * unlocks it.
 */
export class GalleryAccess implements AsyncDisposable {
  readonly providers: KeyProviders;
  readonly #options: GalleryAccessOptions;
  readonly #listeners = new Set<() => void>();
  #file: GalleryFile | undefined;
  #recogniser: Pick<RecogniserInUse, 'id' | 'dimensions'> | undefined;
  #open: OpenAccess | undefined;
  #sealed: Sealed | undefined;
  readonly #turns = new InTurn();

  private constructor(options: GalleryAccessOptions) {
    this.#options = options;
    this.providers = options.providers;
  }

  /**
   * Opens the file, and unlocks at once where that needs nobody: with a secret or a TPM. A damaged file keeps the gallery
   * sealed until a backup was restored. @throws what else keeps the file from being opened
   */
  static async start(options: GalleryAccessOptions): Promise<GalleryAccess> {
    const access = new GalleryAccess(options);
    try {
      await access.#openFile('damage');
      access.#recogniser = await options.recogniserFor(access.#file);
      options.onFile?.(options.audit);
      await access.unlock({}, daemonAtStart);
      return access;
    } catch (error) {
      await access[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** @throws `gallery-damaged` while no file is open; `fileIfOpen` for what works without one */
  get file(): GalleryFile {
    if (this.#file !== undefined) return this.#file;
    const { code, message, remedy } = this.#sealed ?? unlocking;
    throw operational(code, message, { remedy });
  }

  get fileIfOpen(): GalleryFile | undefined {
    return this.#file;
  }

  /** None where there is no key yet, or no file. */
  get keySlots(): readonly KeySlot[] {
    return this.#file === undefined ? [] : readKeySlots(this.#file.database);
  }

  /** Stays the same, whatever file it writes to. */
  get audit(): AuditLog {
    return this.#options.audit;
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
      // Sightings wait for somebody to unlock it.
      retryable: true,
    });
  }

  /** Calls back whenever the gallery has been opened or sealed. Returns how to stop. */
  onChanged(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Tries to open a sealed gallery; resolves with why it stays sealed, or undefined where it is open. */
  unlock(input: KeyInput, by: Actor): Promise<Sealed | undefined> {
    return this.#turns.run(async () => {
      if (this.#open !== undefined) return undefined;
      if (this.#file === undefined) await this.#openFile('whatever is wrong');
      if (this.#file === undefined) return this.#sealed;
      await this.#unlock(input, by);
      return this.#sealed;
    });
  }

  /** Gives a new gallery its first key. @throws `key-exists`, and what the provider throws */
  initialise(kind: KeyProviderKind, input: KeyInput, by: Actor): Promise<Sealed | undefined> {
    return this.#turns.run(async () => {
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

  /**
   * Closes the gallery, lets `make` look at the file for the last time (undefined where it is damaged), puts another one in
   * its place and opens that. Audit entries wait meanwhile. Where anything fails before the other file stands there, the
   * present one is opened again. Resolves with why the new one stays sealed, or undefined where it is open.
   */
  replaceFile(
    make: (present: GalleryFile | undefined) => Promise<Replacement>,
    by: Actor,
  ): Promise<Sealed | undefined> {
    return this.#turns.run(async () => {
      const former = this.#open?.ring.current.copy();
      let next: Replacement | undefined;
      let isDone = false;
      try {
        await this.#close({ ...unlocking, message: 'a backup is being restored' });
        this.#options.audit.suspend();
        // Closing does the same, but does not say why it could not.
        if (this.#file !== undefined) emptyWriteAheadLog(this.#file.database);
        next = await make(this.#file);
        await this.#closeFile();
        const { path: from, keepAs } = next;
        switchGalleryFile({ from, to: this.#options.path, ...(keepAs === undefined ? {} : { keepAs }) });
        isDone = true;
      } finally {
        await this.#openFile('whatever is wrong');
        if (this.#file !== undefined) await this.#unlock({}, by, isDone ? next?.kek : former);
        for (const kek of [former, next?.kek]) if (kek !== undefined) wipe(kek);
      }
      return this.#sealed;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#turns.settled();
    await this.#close({ ...unlocking, message: 'the daemon is stopping' });
    await this.#closeFile();
  }

  /** The gallery, not its file. */
  async #close(sealed: Sealed): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    this.#sealed = sealed;
    await open?.rotations[Symbol.asyncDispose]();
    await open?.gallery[Symbol.asyncDispose]();
    if (open !== undefined) for (const listener of this.#listeners) listener();
  }

  async #closeFile(): Promise<void> {
    this.#options.audit.suspend();
    await this.#file?.[Symbol.asyncDispose]();
    this.#file = undefined;
  }

  /** What is tolerated keeps the gallery sealed; anything else is thrown. */
  async #openFile(tolerated: 'damage' | 'whatever is wrong'): Promise<void> {
    const { openFile, audit, logger } = this.#options;
    try {
      this.#file ??= await openFile();
      audit.resume(this.#file.audit);
    } catch (error) {
      if (!isRollcallError(error) || error.kind === 'defect') throw error;
      if (tolerated === 'damage' && error.code !== 'gallery-damaged') throw error;
      this.#sealed = sealedBy(error);
      logger.error('the gallery file cannot be opened: nobody is identified', { error });
    }
  }

  async #unlock(input: KeyInput, by: Actor, kek?: Uint8Array): Promise<void> {
    const { logger } = this.#options;
    const result = await this.#tryToUnlock(input, by, kek);
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
  async #tryToUnlock(input: KeyInput, by: Actor, kek?: Uint8Array): Promise<OpenAccess | Sealed> {
    try {
      const options = this.#unlockOptions(input, by);
      const providers = kek === undefined ? options.providers : knowingKey(options.providers, kek);
      const result = await unlockGallery({ ...options, providers });
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
    const { file } = this;
    const { providers, clock, logger } = this.#options;
    try {
      return await KeyRotations.open({ file, ring, providers, clock, logger });
    } catch (error) {
      await gallery[Symbol.asyncDispose]();
      throw error;
    }
  }

  #unlockOptions(input: KeyInput, by: Actor): UnlockOptions {
    if (this.#recogniser === undefined) throw defect('recogniser-unknown', 'the recogniser was not chosen');
    const { id, dimensions } = this.#recogniser;
    return { ...this.#options, file: this.file, input, recogniser: id, dimensions, by };
  }
}
