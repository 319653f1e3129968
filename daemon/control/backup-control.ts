import type { Actor } from '../audit/actor.js';
import type { BackupProgress } from '../gallery/backup/backup-progress.js';
import type { KeyProviderKind } from '../gallery/keys/key-provider.js';

/** What opens a backup. The caller wipes the bytes. */
export type BackupSecret = { readonly recoverySecret: Uint8Array } | { readonly passphrase: Uint8Array };

export interface BackupStatus {
  /** Of the recovery key that backups are made for; absent where none was made yet. */
  readonly recoveryKeyId?: string;
  readonly running?: 'create' | 'restore';
  /** How far that is; absent before its first step. */
  readonly progress?: BackupProgress;
}

export interface BackupRequest {
  /** Absolute; the daemon writes there, and nothing may stand there yet. */
  readonly path: string;
  /** UTF-8; opens the backup besides the recovery key. The caller wipes it. */
  readonly passphrase?: Uint8Array;
}

/** What a backup says about itself, after all of it was read and checked. */
export interface BackupAnswer {
  readonly path: string;
  readonly sizeBytes: number;
  /** Of the whole file, hexadecimal. */
  readonly sha256: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly site: string;
  readonly box: string;
  readonly program: string;
  readonly recogniser: string;
  readonly schemaVersion: number;
  readonly counts: Readonly<Record<string, number>>;
}

export interface RestoreRequest {
  /** Absolute; the daemon reads it. */
  readonly path: string;
  readonly secret: BackupSecret;
  /** Where the key comes from on a box whose gallery is not open; by default `secret`. */
  readonly provider?: KeyProviderKind;
  /** For the provider `passphrase`. The caller wipes it. */
  readonly keyPassphrase?: Uint8Array;
}

export interface RestoreAnswer {
  readonly backup: BackupAnswer;
  readonly persons: number;
  readonly templates: number;
  /** Persons of the backup who were erased on this box since: erased again. */
  readonly erasedAgain: number;
  /** Rows whose key does not open; the backup was made of them so. */
  readonly damagedKeys: number;
  /** Whose audit log goes on. */
  readonly log: 'box' | 'backup';
  /** False where the damaged file did not tell whom it had erased. */
  readonly areErasuresKnown: boolean;
  /** Where the damaged file is kept now. */
  readonly damagedFile?: string;
  /** Why the gallery is sealed; absent where it is open. */
  readonly sealed?: { readonly code: string; readonly message: string; readonly remedy: string };
}

/** Backups as the local API has them. One thing at a time: the second is `backup-busy`. */
export interface BackupControl {
  status(): Promise<BackupStatus>;
  /** Makes backups for this recovery key (its public half, 32 bytes) from now on. Resolves with its id. */
  installRecoveryKey(publicKey: Uint8Array, actor: Actor): Promise<string>;
  /**
   * @throws `gallery-sealed`, `backup-busy`, `backup-no-recipient` (input), and what `createGalleryBackup` throws
   */
  create(request: BackupRequest, actor: Actor): Promise<BackupAnswer>;
  /**
   * Puts the gallery of a backup in the place of the box's. Nothing was touched where this throws.
   * @throws `backup-busy`, and what `openRestoreSource`, `rewrapForBox`, `KeyProvider.create` and `finishRestore` throw
   */
  restore(request: RestoreRequest, actor: Actor): Promise<RestoreAnswer>;
}
