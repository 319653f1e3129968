import type { RestoredGallery } from '../../contract/backups.js';
import { secretBytes, wipe } from '../../host/sodium.js';
import type { Actor } from '../../kernel/actor.js';
import type { Clock } from '../../kernel/clock.js';
import { defect } from '../../kernel/errors.js';
import type { KeyProviderKind } from '../../kernel/gallery/key-provider-kind.js';
import type { PersonId, RecogniserId } from '../../kernel/ids.js';
import { isoTime } from '../../kernel/iso-time.js';
import { present } from '../../kernel/present.js';
import { failure } from '../../words/errors.js';
import type { AuditKeyRing } from '../audit/audit-key-ring.js';
import type { GalleryFile } from '../gallery/gallery-file.js';
import type { GalleryVault, Replacement } from '../gallery/gallery-vault.js';
import { keyIdOf } from '../gallery/keys/key-id.js';
import { readKeySlots } from '../gallery/keys/key-slots.js';
import type { Sealed } from '../gallery/unlock-gallery.js';
import type { OnBackupProgress } from './backup-progress.js';
import type { BackupFacts } from './open-backup.js';
import type { Unlock } from './recipient.js';
import { finishRestore, type RestoreOutcome } from './restore-finish.js';
import { readPresent, salvagePresent } from './restore-present.js';
import { rewrapForBox, type TargetKey } from './restore-rewrap.js';
import { openRestoreSource, type RestoreSource } from './restore-source.js';

export interface RestoreRequest {
  /** Absolute path for the daemon to read. */
  readonly path: string;
  /** The caller wipes it. */
  readonly secret: Unlock;
  /** The provider of the key if the gallery is not open. Default: `secret`. */
  readonly provider?: KeyProviderKind;
  /** Only for the provider `passphrase`. The caller wipes it. */
  readonly keyPassphrase?: Uint8Array;
}

export interface GalleryRestore {
  readonly vault: GalleryVault;
  readonly auditKeys: AuditKeyRing;
  readonly galleryPath: string;
  readonly recogniser: RecogniserId;
  readonly clock: Clock;
  readonly request: RestoreRequest;
  readonly by: Actor;
  readonly signal: AbortSignal;
  readonly onProgress: OnBackupProgress;
  readonly review: { forgetPerson(id: PersonId): void };
  /** Stops to take tracks in sight for this person. */
  readonly forgetPerson: (id: PersonId) => void;
}

/**
 * Verifies the backup and builds a new gallery from it, under the key of this box, beside the present one. Only then closes the
 * present gallery, adds to the new one what outlives a restore, and replaces the file.
 */
export async function restoreGallery(
  restore: GalleryRestore,
): Promise<Omit<RestoredGallery, 'backup'> & { readonly facts: BackupFacts }> {
  const { vault, request, galleryPath, recogniser, by, signal, onProgress } = restore;
  const { path, secret: unlock } = request;
  const options = { path, unlock, galleryPath, recogniser, signal, onProgress };
  await using source = await openRestoreSource(options);
  const isForOpenGallery = vault.open !== undefined;
  const target = await targetKey(restore);
  try {
    const damagedKeys = await rewrapForBox(source, target);
    signal.throwIfAborted();
    let outcome: RestoreOutcome | undefined;
    let damagedFile: string | undefined;
    let before: readonly PersonId[] = [];
    const sealed = await vault.replaceFile(async (present) => {
      if (isForOpenGallery) assertSameKey(present, target);
      before = personsIn(present);
      outcome = await complete(restore, source, present);
      if (present === undefined) damagedFile = nameForDamaged(restore);
      return replacement(source, target, damagedFile);
    }, by);
    if (outcome === undefined) throw defect('restore-lost', 'a gallery was replaced by nothing');
    forgetMissingPersons(restore, before);
    const { persons, templates, erasedAgain, log, areErasuresKnown } = outcome;
    return {
      facts: source.facts,
      ...{ persons, templates, erasedAgain, damagedKeys, log, areErasuresKnown },
      ...present({ damagedFile, sealed: sealed && describeProblem(sealed) }),
    };
  } finally {
    wipe(target.kek);
  }
}

const describeProblem = ({ code, message, remedy }: Sealed) => ({ code, message, remedy });

function personsIn(file: GalleryFile | undefined): readonly PersonId[] {
  return file?.database.db.prepare<[], PersonId>('SELECT id FROM person').pluck().all() ?? [];
}

function forgetMissingPersons(
  { vault, review, forgetPerson }: GalleryRestore,
  before: readonly PersonId[],
): void {
  const now = new Set(personsIn(vault.fileIfOpen));
  for (const id of before) {
    if (now.has(id)) continue;
    forgetPerson(id);
    review.forgetPerson(id);
  }
}

/** The key in use if the gallery is open, otherwise a new one of the requested provider. */
async function targetKey({ vault, request, clock }: GalleryRestore): Promise<TargetKey> {
  const slot = vault.keySlots.find(({ isCurrent }) => isCurrent);
  if (vault.open !== undefined && slot !== undefined) return { ...slot, kek: vault.open.ring.current.copy() };
  const { provider = 'secret', keyPassphrase } = request;
  const input = keyPassphrase === undefined ? {} : { passphrase: keyPassphrase };
  const { kek, parameters } = await vault.providers[provider].create('first', input);
  return { kek, provider, parameters, createdAtMs: clock.wallMs() };
}

/** A rotation may have started meanwhile and changed the key. */
function assertSameKey(present: GalleryFile | undefined, { kek }: TargetKey): void {
  const current = present && readKeySlots(present.database).find(({ isCurrent }) => isCurrent);
  if (current?.keyId === keyIdOf(kek)) return;
  throw failure('key-changed', {}, { retryable: true });
}

async function complete(
  { auditKeys, galleryPath, by, clock }: GalleryRestore,
  source: RestoreSource,
  present: GalleryFile | undefined,
): Promise<RestoreOutcome> {
  const state = present === undefined ? salvagePresent(galleryPath) : readPresent(present.database.db);
  // Without a present log, the log of the backup continues; the keys of the backup prove its entries.
  if (state.isNew || state.log === undefined) await auditKeys.adopt(source.keys.auditKeys);
  const { key: auditKey, former: formerAuditKeys } = auditKeys;
  return finishRestore(source, { present: state, auditKey, formerAuditKeys, by, clock });
}

function replacement(
  { database }: RestoreSource,
  target: TargetKey,
  keepAs: string | undefined,
): Replacement {
  const kek = secretBytes(target.kek.length);
  kek.set(target.kek);
  return { path: database.path, kek, ...present({ keepAs }) };
}

function nameForDamaged({ galleryPath, clock }: GalleryRestore): string {
  return `${galleryPath}.damaged-${isoTime(clock.wallMs()).replaceAll(/[:.]/g, '')}`;
}
