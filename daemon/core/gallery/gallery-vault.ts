import { secretBytes, wipe } from '../../host/sodium.js';
import { type Actor, daemonAtStart } from '../../kernel/actor.js';
import type { Clock } from '../../kernel/clock.js';
import { defect, isRollcallError, operational, type RollcallError } from '../../kernel/errors.js';
import type { KeyProviderKind } from '../../kernel/gallery/key-provider-kind.js';
import type { Logger } from '../../kernel/logger.js';
import { present } from '../../kernel/present.js';
import { said } from '../../kernel/said.js';
import { SerialQueue } from '../../kernel/serial-queue.js';
import type { RecogniserInUse } from '../../vision/recogniser-in-use.js';
import { failure, refusal } from '../../words/errors.js';
import { inEnglish } from '../../words/language.js';
import type { AuditKeeper } from '../audit/audit-keeper.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { Gallery } from './gallery.js';
import type { GalleryFile } from './gallery-file.js';
import { keyIdOf } from './keys/key-id.js';
import type { KeyInput, KeyProvider } from './keys/key-provider.js';
import type { KeyProviders } from './keys/key-providers.js';
import type { KeyRing } from './keys/key-ring.js';
import { type KeySlot, readKeySlots } from './keys/key-slots.js';
import { emptyWriteAheadLog } from './leftovers.js';
import type { OpenEmbedder } from './re-embedding/re-embed-step.js';
import { KeyRotations } from './rotation/key-rotations.js';
import { switchGalleryFile } from './switch-file.js';
import { initialiseGallery, type Sealed, type UnlockOptions, unlockGallery } from './unlock-gallery.js';

export interface GalleryVaultOptions {
  /** Path of the gallery file. */
  readonly path: string;
  /** Opens the file: at the start, and after a restore has replaced it. The vault closes it. */
  readonly openFile: () => Promise<GalleryFile>;
  /** Writes to the audit log of whatever file is open. */
  readonly audit: AuditKeeper;
  /** Called once, after the file is open and before the gallery is. */
  readonly onFile?: (audit: AuditLog) => void;
  readonly providers: KeyProviders;
  /** Called once, when the file is open; without a file if it is damaged. The recogniser stays until the daemon ends. */
  readonly recogniserFor: (
    file: GalleryFile | undefined,
  ) => Promise<Pick<RecogniserInUse, 'id' | 'dimensions'>>;
  /** For a gallery that moves to another recogniser. */
  readonly openEmbedder?: OpenEmbedder;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** An open gallery with its keys. */
export interface OpenVault {
  readonly gallery: Gallery;
  readonly ring: KeyRing;
  /** Continues a key rotation that a restart interrupted. */
  readonly rotations: KeyRotations;
}

/** A file that replaces the gallery file. */
export interface Replacement {
  /** Whole, closed and on the disk. */
  readonly path: string;
  /** The key that opens it. The vault wipes it. */
  readonly kek: Uint8Array;
  /** The name under which a damaged gallery file is kept. */
  readonly keepAs?: string;
}

/**
 * The gallery, sealed or open. The box runs without it: while it is sealed, every access throws `gallery-sealed` with the
 * reason.
 */
export class GalleryVault implements AsyncDisposable {
  readonly providers: KeyProviders;
  readonly #options: GalleryVaultOptions;
  readonly #listeners = new Set<() => void>();
  #file: GalleryFile | undefined;
  #recogniser: Pick<RecogniserInUse, 'id' | 'dimensions'> | undefined;
  #open: OpenVault | undefined;
  #sealed: Sealed | undefined;
  readonly #turns = new SerialQueue();

  private constructor(options: GalleryVaultOptions) {
    this.#options = options;
    this.providers = options.providers;
  }

  /**
   * Opens the file and unlocks the gallery if that works without input, with a secret or a TPM. A damaged file keeps the
   * gallery sealed until a backup is restored. @throws any other reason why the file cannot be opened
   */
  static async start(options: GalleryVaultOptions): Promise<GalleryVault> {
    const vault = new GalleryVault(options);
    try {
      await vault.#openFile('damage');
      vault.#recogniser = await options.recogniserFor(vault.#file);
      options.onFile?.(options.audit);
      await vault.unlock({}, daemonAtStart);
      return vault;
    } catch (error) {
      await vault[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** @throws `gallery-damaged` while no file is open. Code that works without a file uses `fileIfOpen`. */
  get file(): GalleryFile {
    if (this.#file !== undefined) return this.#file;
    const { code, message, remedy, says } = this.#sealed ?? unlocking;
    throw operational(code, message, { remedy, ...present({ says }) });
  }

  get fileIfOpen(): GalleryFile | undefined {
    return this.#file;
  }

  /** Empty before the first key, and while no file is open. */
  get keySlots(): readonly KeySlot[] {
    return this.#file === undefined ? [] : readKeySlots(this.#file.database);
  }

  /** The same object for every file. */
  get audit(): AuditLog {
    return this.#options.audit;
  }

  /** Undefined while the gallery is open. */
  get sealed(): Sealed | undefined {
    return this.#sealed;
  }

  /** Undefined while the gallery is sealed. */
  get open(): OpenVault | undefined {
    return this.#open;
  }

  /** @throws `gallery-sealed` with the reason and what to do */
  gallery(): Gallery {
    return this.requireOpen().gallery;
  }

  /** @throws `gallery-sealed` with the reason and what to do */
  requireOpen(): OpenVault {
    if (this.#open !== undefined) return this.#open;
    const { code, message, remedy, says } = this.#sealed ?? unlocking;
    throw failure(
      'gallery-sealed',
      { message: says?.message ?? message },
      { remedy: says?.remedy ?? remedy, details: { reason: code }, retryable: true },
    );
  }

  /** Calls back whenever the gallery was opened or sealed. The returned function unsubscribes. */
  onChanged(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Tries to open a sealed gallery. Resolves with the reason why it stays sealed, or undefined if it is open. */
  unlock(input: KeyInput, by: Actor): Promise<Sealed | undefined> {
    return this.#turns.run(async () => {
      if (this.#open !== undefined) return undefined;
      if (this.#file === undefined) await this.#openFile('every failure');
      if (this.#file === undefined) return this.#sealed;
      await this.#unlock(input, by);
      return this.#sealed;
    });
  }

  /** Gives a new gallery its first key. @throws `key-exists`, and the errors of the provider */
  initialise(kind: KeyProviderKind, input: KeyInput, by: Actor): Promise<Sealed | undefined> {
    return this.#turns.run(async () => {
      if (this.#open !== undefined || this.#sealed?.code !== 'key-not-initialised') {
        throw refusal('key-exists');
      }
      const ring = await initialiseGallery(this.#unlockOptions(input, by), kind);
      ring[Symbol.dispose]();
      await this.#unlock(input, by);
      return this.#sealed;
    });
  }

  /**
   * Closes the gallery, lets `make` read the present file one last time (undefined if it is damaged), replaces the file and
   * opens the new one. Audit entries wait meanwhile. After a failure before the replacement, the present file is opened
   * again. Resolves with the reason why the new gallery stays sealed, or undefined if it is open.
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
        await this.#close(passing('restoring'));
        this.#options.audit.suspend();
        // Closing the file does the same, but hides the reason for a failure.
        if (this.#file !== undefined) emptyWriteAheadLog(this.#file.database);
        next = await make(this.#file);
        await this.#closeFile();
        const { path: from, keepAs } = next;
        switchGalleryFile({ from, to: this.#options.path, ...present({ keepAs }) });
        isDone = true;
      } finally {
        await this.#openFile('every failure');
        if (this.#file !== undefined) await this.#unlock({}, by, isDone ? next?.kek : former);
        for (const kek of [former, next?.kek]) if (kek !== undefined) wipe(kek);
      }
      return this.#sealed;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#turns.settled();
    await this.#close(passing('stopping'));
    await this.#closeFile();
  }

  /** Closes the gallery, but not its file. */
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

  /** A tolerated failure keeps the gallery sealed. Throws every other one. */
  async #openFile(tolerated: 'damage' | 'every failure'): Promise<void> {
    const { openFile, audit, logger } = this.#options;
    try {
      this.#file ??= await openFile();
      audit.resume(this.#file.audit);
    } catch (error) {
      if (!isRollcallError(error) || error.kind === 'defect') throw error;
      if (tolerated === 'damage' && error.code !== 'gallery-damaged') throw error;
      this.#sealed = sealedBy(error);
      logger.error('the gallery file cannot be opened; no person is identified', { error });
    }
  }

  async #unlock(input: KeyInput, by: Actor, kek?: Uint8Array): Promise<void> {
    const { logger } = this.#options;
    const result = await this.#tryToUnlock(input, by, kek);
    if ('outcome' in result) {
      this.#sealed = result;
      const { code, message, remedy } = result;
      logger.error('the gallery is sealed; no person is identified', { code, message, remedy });
      return;
    }
    this.#sealed = undefined;
    this.#open = result;
    result.gallery.readAhead();
    for (const listener of this.#listeners) listener();
  }

  /** Returns the reason why the gallery stays sealed. Throws defects. */
  async #tryToUnlock(input: KeyInput, by: Actor, kek?: Uint8Array): Promise<OpenVault | Sealed> {
    try {
      const options = this.#unlockOptions(input, by);
      const providers = kek === undefined ? options.providers : withKnownKey(options.providers, kek);
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

type Providers = Readonly<Record<KeyProviderKind, KeyProvider>>;

/**
 * The same providers, which also know the key `kek`: a gallery that was just closed opens again without a passphrase. The
 * caller wipes `kek` after the gallery was opened.
 */
function withKnownKey(providers: Providers, kek: Uint8Array): Providers {
  const id = keyIdOf(kek);
  const withKey = (provider: KeyProvider): KeyProvider => ({
    kind: provider.kind,
    description: provider.description,
    create: (purpose, input) => provider.create(purpose, input),
    settle: (keyId) => provider.settle(keyId),
    async recover(keyId, parameters, input) {
      if (keyId !== id) return provider.recover(keyId, parameters, input);
      const copy = secretBytes(kek.length);
      copy.set(kek);
      return { outcome: 'recovered', kek: copy };
    },
  });
  const { secret, passphrase, tpm } = providers;
  return { secret: withKey(secret), passphrase: withKey(passphrase), tpm: withKey(tpm) };
}

/** The gallery is sealed, but nothing is wrong. */
/** Closed for a moment. */
const passing = (key: 'unlocking' | 'restoring' | 'stopping'): Sealed => ({
  ...{ outcome: 'sealed', code: 'unlocking' },
  ...inEnglish({ message: said(`gallery/${key}`), remedy: said('gallery/remedy-unlocking') }),
});

export const unlocking = passing('unlocking');

function sealedBy({ code, message, remedy = '', says }: RollcallError): Sealed {
  return { outcome: 'sealed', code, message, remedy, ...present({ says }) };
}
