import { readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type {
  BackupStatus,
  BackupUpload,
  FileBackup,
  KeptBackup,
  RestoredGallery,
  VerifiedBackup,
} from '../../contract/backups.js';
import { createKeyFile, moveKeyFile } from '../../host/key-file.js';
import { type Actor, actorOf } from '../../kernel/actor.js';
import type { Clock } from '../../kernel/clock.js';
import { isRollcallError } from '../../kernel/errors.js';
import type { BoxIds, PersonId, RecogniserId } from '../../kernel/ids.js';
import type { Logger } from '../../kernel/logger.js';
import { present } from '../../kernel/present.js';
import { failure, refusal } from '../../words/errors.js';
import { programVersion } from '../api/program-version.js';
import type { AuditKeyRing } from '../audit/audit-key-ring.js';
import { BackgroundJob } from '../gallery/background-job.js';
import type { GalleryVault } from '../gallery/gallery-vault.js';
import { refuseWeakPassphrase } from '../gallery/keys/passphrase-rules.js';
import type { BackupProgress, OnBackupProgress } from './backup-progress.js';
import { createGalleryBackup, type RestOfBox } from './create-backup.js';
import { examineBackup } from './examine-backup.js';
import { KeptBackups, type UploadPlace } from './kept-backups.js';
import type { BackupFacts } from './open-backup.js';
import type { Recipient, Unlock } from './recipient.js';
import { recoveryKeyId } from './recovery-key.js';
import { readRecoveryKey, writeRecoveryKey } from './recovery-key-text.js';
import { type RestoreRequest, restoreGallery } from './restore-gallery.js';

export interface BackupRequest {
  /** Absolute path for the daemon to write to. No file may exist there. */
  readonly path: string;
  /** UTF-8. Opens the backup in addition to the recovery key. The caller wipes it. */
  readonly passphrase?: Uint8Array;
}

export interface GalleryBackupsOptions {
  readonly vault: GalleryVault;
  readonly auditKeys: AuditKeyRing;
  readonly galleryPath: string;
  readonly recogniser: RecogniserId;
  readonly identity: BoxIds;
  readonly dataDir: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What a backup has beside the gallery. Absent: the gallery alone. */
  readonly rest?: RestOfBox;
  /** Items of the review queue about persons whom a restored gallery lacks. */
  readonly review: { forgetPerson(id: PersonId): void };
  /** Stops to take tracks in sight for this person. */
  readonly forgetPerson: (id: PersonId) => void;
}

/** Backups. One job at a time; a second one throws `backup-busy`. Disposal cancels a running job, unless a restore is just replacing the gallery file. */
export class GalleryBackups implements AsyncDisposable {
  readonly #options: GalleryBackupsOptions;
  readonly #job = new BackgroundJob<BackupProgress>(failure('shutting-down:daemon', {}, { retryable: true }));
  /** For callers from the network. */
  readonly kept: KeptBackups;
  #latest: keyof typeof words = 'create';

  constructor(options: GalleryBackupsOptions) {
    this.#options = options;
    this.kept = new KeptBackups(options);
  }

  async status(): Promise<BackupStatus> {
    const publicKey = await readInstalledKey(this.#options.dataDir);
    return {
      ...(publicKey === undefined ? {} : { recoveryKeyId: recoveryKeyId(publicKey) }),
      ...(this.#job.isRunning ? { running: this.#latest } : {}),
      ...present({ progress: this.#job.progress, made: this.kept.made, upload: this.kept.upload }),
    };
  }

  /** Encrypts later backups to this recovery key (its public half, 32 bytes). Resolves with its id. */
  async installRecoveryKey(publicKey: Uint8Array, actor: Actor): Promise<string> {
    const keyId = recoveryKeyId(publicKey);
    await installKey(this.#options.dataDir, publicKey);
    this.#options.vault.audit.append({ by: actor, action: 'backup.recovery-key-changed', subject: keyId });
    return keyId;
  }

  /** @throws `gallery-sealed`, `backup-busy`, `backup-no-recipient` and `recovery-key-foreign` (input), and the errors of `createGalleryBackup` */
  create({ path, passphrase }: BackupRequest, actor: Actor): Promise<FileBackup> {
    return this.#alone('create', async (signal, onProgress) => {
      const { vault, auditKeys, identity, dataDir, rest, clock } = this.#options;
      const { ring } = vault.requireOpen();
      const publicKey = await readInstalledKey(dataDir);
      await this.#refuseForeignKey(publicKey);
      const recipients = recipientsFor(publicKey, passphrase);
      const facts = await createGalleryBackup({
        database: vault.file.database,
        ring,
        auditKeys: auditKeys.all,
        rest,
        target: path,
        recipients,
        identity: { site: identity.siteId, box: identity.boxId, program: programVersion() },
        clock,
        signal,
        onProgress,
      });
      const { persons = 0, templates = 0 } = facts.manifest.counts;
      const details = { sha256: facts.sha256, bytes: facts.sizeBytes, persons, templates };
      try {
        vault.audit.append({ by: actor, action: 'backup.created', details });
      } catch (error) {
        // Every copy of the gallery must have an audit entry.
        await rm(path, { force: true });
        throw error;
      }
      return describeBackup(facts);
    });
  }

  /**
   * Replaces the gallery of the box with the one of a backup. An error changes nothing.
   * @throws `backup-busy`, and the errors of `openRestoreSource`, `rewrapForBox`, `KeyProvider.create` and `finishRestore`
   */
  restore(request: RestoreRequest, actor: Actor): Promise<RestoredGallery> {
    return this.#alone('restore', async (signal, onProgress) => {
      try {
        const order = { ...this.#options, request, by: actor, signal, onProgress };
        const { facts, ...answer } = await restoreGallery(order);
        return { backup: describeBackup(facts), ...answer };
      } catch (error) {
        this.#auditRefusal(error, actor);
        throw error;
      }
    });
  }

  /**
   * Reads a kept backup to its last byte, and the database in it. The gallery of the box stays as it is.
   * @throws `no-such-backup`, `backup-busy`, and the errors of `examineBackup`
   */
  verifyKept(id: string, secret: Unlock, by: Actor): Promise<VerifiedBackup> {
    const path = this.kept.pathOf(id);
    return this.#alone('verify', async (signal, onProgress) => {
      try {
        const examined = await examineBackup(path, secret, dirname(path), { signal, onProgress });
        const { path: _, ...facts } = describeBackup(examined);
        const details = { sha256: facts.sha256 };
        this.#options.vault.audit.append({ by, action: 'backup.verified', subject: id, details });
        return facts;
      } catch (error) {
        this.#auditRefusal(error, by);
        throw error;
      }
    });
  }

  /** Makes a backup that a caller from the network can download. @throws like `create` */
  createKept(passphrase: Uint8Array | undefined, actor: Actor): Promise<KeptBackup> {
    const write = (path: string): Promise<FileBackup> =>
      this.create({ path, ...present({ passphrase }) }, actor);
    return this.kept.make(write, { hasPassphrase: passphrase !== undefined });
  }

  /** The content of a kept backup. Every copy of the gallery that leaves the box has an audit entry. @throws `no-such-backup` */
  download(id: string, offset: number, actor: Actor): AsyncIterable<Uint8Array> {
    const content = this.kept.read(id, offset);
    const details = { ...present({ sha256: this.kept.made?.sha256 }), offset };
    this.#options.vault.audit.append({ by: actor, action: 'backup.downloaded', details });
    return content;
  }

  /** Appends a piece to an upload. The first piece leaves an audit entry. @throws `no-such-backup`, `upload-offset`, `disk-full` */
  async upload(piece: Uint8Array, place: UploadPlace, { actor, origin }: Actor): Promise<BackupUpload> {
    const upload = await this.kept.append(piece, place);
    if (place.id === undefined) {
      this.#options.vault.audit.append({
        by: { actor, origin },
        action: 'backup.uploaded',
        subject: upload.id,
      });
    }
    return upload;
  }

  /** Deletes a kept backup or an upload. @throws `no-such-backup` */
  async removeKept(id: string, by: Actor): Promise<void> {
    await this.kept.remove(id);
    this.#options.vault.audit.append({ by, action: 'backup.removed', subject: id });
  }

  /** Deletes the kept backup when a person is erased. A failure leaves the file to the next start, which deletes it. */
  forgetCopies(by: Actor): void {
    const { vault, logger } = this.#options;
    this.kept
      .forgetMade()
      .then((subject) => {
        if (subject === undefined) return;
        const details = { reason: 'erasure' };
        vault.audit.append({ by: actorOf(by), action: 'backup.removed', subject, details });
      })
      .catch((error: unknown) =>
        logger.error('a kept backup that may hold an erased person could not be deleted; restart rollcalld', {
          error,
        }),
      );
  }

  /** Restores a kept backup. An upload is deleted then. @throws `no-such-backup`, and like `restore` */
  async restoreKept(
    id: string,
    request: Omit<RestoreRequest, 'path'>,
    actor: Actor,
  ): Promise<RestoredGallery> {
    const { backup, ...restored } = await this.restore({ ...request, path: this.kept.pathOf(id) }, actor);
    const { path: _, ...facts } = backup;
    if (this.kept.upload?.id === id) await this.kept.remove(id);
    return { backup: facts, ...restored };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#job[Symbol.asyncDispose]();
    await this.kept[Symbol.asyncDispose]();
  }

  /** Of a restore or a check. Never throws: a full disk must not hide the reason for the refusal. */
  #auditRefusal(error: unknown, by: Actor): void {
    const { vault, logger } = this.#options;
    const code = isRollcallError(error) ? error.code : 'internal';
    try {
      vault.audit.append({ by, action: 'backup.refused', details: { code } });
    } catch (failure) {
      logger.error('a refused backup could not be written to the audit log', { code, error: failure });
    }
  }

  /**
   * Whoever can write the file of the public half could otherwise read every later backup.
   * @throws `recovery-key-foreign`
   */
  async #refuseForeignKey(publicKey: Uint8Array | undefined): Promise<void> {
    const { audit } = this.#options.vault;
    const [installed] = await audit.listInTurns({ action: 'backup.recovery-key-changed' }, { limit: 1 });
    const found = publicKey === undefined ? undefined : recoveryKeyId(publicKey);
    if (installed === undefined || installed.subject === found) return;
    throw refusal(
      'recovery-key-foreign',
      {},
      { details: { ...present({ found, installed: installed.subject }) } },
    );
  }

  /** @throws `backup-busy` */
  async #alone<T>(
    what: keyof typeof words,
    work: (signal: AbortSignal, onProgress: OnBackupProgress) => Promise<T>,
  ): Promise<T> {
    if (this.#job.isRunning) {
      throw failure('backup-busy', { detail: words[this.#latest] }, { retryable: true });
    }
    this.#latest = what;
    return this.#job.run(work);
  }
}

const words = {
  create: 'a backup is being made',
  restore: 'the gallery is being restored',
  verify: 'a backup is being verified',
} as const;

function recipientsFor(
  publicKey: Uint8Array | undefined,
  passphrase: Uint8Array | undefined,
): readonly Recipient[] {
  const recipients: Recipient[] = [];
  if (publicKey !== undefined) recipients.push({ kind: 'recovery-public-key', publicKey });
  if (passphrase !== undefined) {
    // Checked before the gallery is copied, because copying a large one takes long.
    refuseWeakPassphrase(passphrase);
    recipients.push({ kind: 'passphrase', passphrase });
  }
  if (recipients.length > 0) return recipients;
  throw refusal('backup-no-recipient');
}

function describeBackup({ path, sizeBytes, sha256, manifest }: BackupFacts): FileBackup {
  const { sections: _, ...about } = manifest;
  return { path, sizeBytes, sha256, ...about };
}

/** The public half lies here, below `dataDir`. It opens nothing. */
const place = ['keys', 'recovery-key-public'] as const;

/** The public half of the recovery key; undefined where none was made. @throws `recovery-key-malformed` */
async function readInstalledKey(dataDir: string): Promise<Uint8Array | undefined> {
  let text: Buffer;
  try {
    text = await readFile(join(dataDir, ...place));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  return readRecoveryKey('public', text);
}

/** Puts another one in its place, so that it survives a power cut. @throws `key-file-not-written`, `key-file-not-moved` */
async function installKey(dataDir: string, publicKey: Uint8Array): Promise<void> {
  const path = join(dataDir, ...place);
  await rm(`${path}.next`, { force: true });
  await createKeyFile(`${path}.next`, writeRecoveryKey('public', publicKey));
  await moveKeyFile(`${path}.next`, path);
}
