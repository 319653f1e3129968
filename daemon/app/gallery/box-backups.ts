import { rm } from 'node:fs/promises';
import type { Actor } from '../../audit/actor.js';
import type { Clock } from '../../base/clock.js';
import { badInput, isRollcallError, operational } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type {
  BackupAnswer,
  BackupControl,
  BackupRequest,
  BackupStatus,
  RestoreAnswer,
  RestoreRequest,
} from '../../control/backup-control.js';
import { programVersion } from '../../control/program-version.js';
import type { BoxIdentity } from '../../domain/events/box-identity.js';
import type { PersonId, RecogniserId } from '../../domain/ids.js';
import type { BackupProgress, OnBackupProgress } from '../../gallery/backup/backup-progress.js';
import { createGalleryBackup } from '../../gallery/backup/create-backup.js';
import type { BackupFacts } from '../../gallery/backup/open-backup.js';
import type { Recipient } from '../../gallery/backup/recipient.js';
import { recoveryKeyId } from '../../gallery/backup/recovery-key.js';
import { refuseWeakPassphrase } from '../../gallery/keys/passphrase-rules.js';
import type { AuditKeyRing } from '../audit/audit-key-ring.js';
import type { GalleryAccess } from './gallery-access.js';
import { installKey, readInstalledKey } from './recovery-key-file.js';
import { restoreGallery } from './restore-gallery.js';

export interface BoxBackupsParts {
  readonly access: GalleryAccess;
  readonly auditKeys: AuditKeyRing;
  readonly galleryPath: string;
  readonly recogniser: RecogniserId;
  readonly identity: BoxIdentity;
  readonly dataDir: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Tracks in sight are no longer taken for this person. */
  readonly forgetPerson: (id: PersonId) => void;
}

/** Backups as the local API sees them. Disposal breaks off what runs, unless the new file is just being put in place. */
export class BoxBackups implements BackupControl, AsyncDisposable {
  readonly #parts: BoxBackupsParts;
  readonly #abort = new AbortController();
  #running: { readonly what: 'create' | 'restore'; readonly ended: Promise<unknown> } | undefined;
  #progress: BackupProgress | undefined;

  constructor(parts: BoxBackupsParts) {
    this.#parts = parts;
  }

  async status(): Promise<BackupStatus> {
    const publicKey = await readInstalledKey(this.#parts.dataDir);
    return {
      ...(publicKey === undefined ? {} : { recoveryKeyId: recoveryKeyId(publicKey) }),
      ...(this.#running === undefined ? {} : { running: this.#running.what }),
      ...(this.#progress === undefined ? {} : { progress: this.#progress }),
    };
  }

  async installRecoveryKey(publicKey: Uint8Array, actor: Actor): Promise<string> {
    const keyId = recoveryKeyId(publicKey);
    await installKey(this.#parts.dataDir, publicKey);
    this.#parts.access.audit.append({ by: actor, action: 'backup.recovery-key-changed', subject: keyId });
    return keyId;
  }

  create({ path, passphrase }: BackupRequest, actor: Actor): Promise<BackupAnswer> {
    return this.#alone('create', async (signal, onProgress) => {
      const { access, auditKeys, identity, dataDir, clock } = this.#parts;
      const { ring } = access.requireOpen();
      const recipients = await recipientsFor(dataDir, passphrase);
      const facts = await createGalleryBackup({
        database: access.file.database,
        ring,
        auditKeys: auditKeys.all,
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
        access.audit.append({ by: actor, action: 'backup.created', details });
      } catch (error) {
        // A copy of everybody that the log does not know of must not exist.
        await rm(path, { force: true });
        throw error;
      }
      return describeBackup(facts);
    });
  }

  restore(request: RestoreRequest, actor: Actor): Promise<RestoreAnswer> {
    return this.#alone('restore', async (signal, onProgress) => {
      try {
        const order = { ...this.#parts, request, by: actor, signal, onProgress };
        const { facts, ...answer } = await restoreGallery(order);
        return { backup: describeBackup(facts), ...answer };
      } catch (error) {
        this.#trailRefusal(error, actor);
        throw error;
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort(operational('shutting-down', 'the daemon is stopping', { retryable: true }));
    await this.#running?.ended;
  }

  /** A disk that is full must not hide why. */
  #trailRefusal(error: unknown, by: Actor): void {
    const { access, logger } = this.#parts;
    const code = isRollcallError(error) ? error.code : 'internal';
    try {
      access.audit.append({ by, action: 'backup.refused', details: { code } });
    } catch (failure) {
      logger.error('the audit log could not take that a restore was refused', { code, error: failure });
    }
  }

  /** @throws `backup-busy` */
  async #alone<T>(
    what: 'create' | 'restore',
    work: (signal: AbortSignal, onProgress: OnBackupProgress) => Promise<T>,
  ): Promise<T> {
    if (this.#running !== undefined) {
      throw operational('backup-busy', `the gallery is just being ${words[this.#running.what]}`, {
        remedy: 'wait until that has ended',
        retryable: true,
      });
    }
    const result = work(this.#abort.signal, (progress) => {
      this.#progress = progress;
    });
    this.#running = { what, ended: result.catch(() => undefined) };
    try {
      return await result;
    } finally {
      this.#running = undefined;
      this.#progress = undefined;
    }
  }
}

const words = { create: 'backed up', restore: 'restored' } as const;

async function recipientsFor(
  dataDir: string,
  passphrase: Uint8Array | undefined,
): Promise<readonly Recipient[]> {
  const publicKey = await readInstalledKey(dataDir);
  const recipients: Recipient[] = [];
  if (publicKey !== undefined) recipients.push({ kind: 'recovery-public-key', publicKey });
  if (passphrase !== undefined) {
    // Before the gallery is copied, which takes a while where it is large.
    refuseWeakPassphrase(passphrase);
    recipients.push({ kind: 'passphrase', passphrase });
  }
  if (recipients.length > 0) return recipients;
  throw badInput('backup-no-recipient', 'there is nobody the backup could be made for', {
    remedy: "make a recovery key ('rollcall backup recovery-key init'), or add '--passphrase'",
  });
}

function describeBackup({ path, sizeBytes, sha256, manifest }: BackupFacts): BackupAnswer {
  const { sections: _, ...about } = manifest;
  return { path, sizeBytes, sha256, ...about };
}
