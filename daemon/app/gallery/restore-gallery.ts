import type { Actor } from '../../audit/actor.js';
import type { Clock } from '../../base/clock.js';
import { defect, operational } from '../../base/errors.js';
import type { RestoreAnswer, RestoreRequest } from '../../control/backup-control.js';
import type { PersonId, RecogniserId } from '../../domain/ids.js';
import { isoTime } from '../../domain/iso-time.js';
import type { OnBackupProgress } from '../../gallery/backup/backup-progress.js';
import type { BackupFacts } from '../../gallery/backup/open-backup.js';
import { finishRestore, type RestoreOutcome } from '../../gallery/backup/restore-finish.js';
import { readPresent, salvagePresent } from '../../gallery/backup/restore-present.js';
import { rewrapForBox, type TargetKey } from '../../gallery/backup/restore-rewrap.js';
import { openRestoreSource, type RestoreSource } from '../../gallery/backup/restore-source.js';
import type { GalleryFile } from '../../gallery/gallery-file.js';
import { keyIdOf } from '../../gallery/keys/key-id.js';
import { readKeySlots } from '../../gallery/keys/key-slots.js';
import { secretBytes, wipe } from '../../host/sodium.js';
import type { AuditKeyRing } from '../audit/audit-key-ring.js';
import type { GalleryAccess, Replacement } from './gallery-access.js';

export interface GalleryRestore {
  readonly access: GalleryAccess;
  readonly auditKeys: AuditKeyRing;
  readonly galleryPath: string;
  readonly recogniser: RecogniserId;
  readonly clock: Clock;
  readonly request: RestoreRequest;
  readonly by: Actor;
  readonly signal: AbortSignal;
  readonly onProgress: OnBackupProgress;
  /** Tracks in sight are no longer taken for this person. */
  readonly forgetPerson: (id: PersonId) => void;
}

/**
 * Verifies the backup, builds a gallery of it beside the present one under the key of this box, and only then closes the
 * present one, completes the new one with what outlives a restore, and puts it in place.
 */
export async function restoreGallery(
  restore: GalleryRestore,
): Promise<Omit<RestoreAnswer, 'backup'> & { readonly facts: BackupFacts }> {
  const { access, request, galleryPath, recogniser, by, signal, onProgress } = restore;
  const { path, secret: unlock } = request;
  const options = { path, unlock, galleryPath, recogniser, signal, onProgress };
  await using source = await openRestoreSource(options);
  const isForOpenGallery = access.open !== undefined;
  const target = await targetKey(restore);
  try {
    const damagedKeys = await rewrapForBox(source, target);
    signal.throwIfAborted();
    let outcome: RestoreOutcome | undefined;
    let damagedFile: string | undefined;
    let before: readonly PersonId[] = [];
    const sealed = await access.replaceFile(async (present) => {
      if (isForOpenGallery) assertSameKey(present, target);
      before = personsIn(present);
      outcome = await complete(restore, source, present);
      if (present === undefined) damagedFile = nameForDamaged(restore);
      return replacement(source, target, damagedFile);
    }, by);
    if (outcome === undefined) throw defect('restore-lost', 'a gallery was replaced by nothing');
    forgetWhoIsGone(restore, before);
    const { persons, templates, erasedAgain, log, areErasuresKnown } = outcome;
    return {
      facts: source.facts,
      ...{ persons, templates, erasedAgain, damagedKeys, log, areErasuresKnown },
      ...(damagedFile === undefined ? {} : { damagedFile }),
      ...(sealed === undefined ? {} : { sealed: { code: sealed.code, ...sayings(sealed) } }),
    };
  } finally {
    wipe(target.kek);
  }
}

const sayings = ({ message, remedy }: { readonly message: string; readonly remedy: string }) => ({
  message,
  remedy,
});

function personsIn(file: GalleryFile | undefined): readonly PersonId[] {
  return file?.database.db.prepare<[], PersonId>('SELECT id FROM person').pluck().all() ?? [];
}

function forgetWhoIsGone({ access, forgetPerson }: GalleryRestore, before: readonly PersonId[]): void {
  const now = new Set(personsIn(access.fileIfOpen));
  for (const id of before) if (!now.has(id)) forgetPerson(id);
}

/** The key in use where the gallery is open, else one of the provider that was asked for. */
async function targetKey({ access, request, clock }: GalleryRestore): Promise<TargetKey> {
  const slot = access.keySlots.find(({ isCurrent }) => isCurrent);
  if (access.open !== undefined && slot !== undefined)
    return { ...slot, kek: access.open.ring.current.copy() };
  const { provider = 'secret', keyPassphrase } = request;
  const input = keyPassphrase === undefined ? {} : { passphrase: keyPassphrase };
  const { kek, parameters } = await access.providers[provider].create('first', input);
  return { kek, provider, parameters, createdAtMs: clock.wallMs() };
}

/** A rotation may have begun meanwhile: its provider gives another key from then on. */
function assertSameKey(present: GalleryFile | undefined, { kek }: TargetKey): void {
  const current = present && readKeySlots(present.database).find(({ isCurrent }) => isCurrent);
  if (current?.keyId === keyIdOf(kek)) return;
  throw operational('key-changed', 'the key of the gallery was changed while the backup was being read', {
    remedy: 'run this again; nothing was changed',
    retryable: true,
  });
}

async function complete(
  { auditKeys, galleryPath, by, clock }: GalleryRestore,
  source: RestoreSource,
  present: GalleryFile | undefined,
): Promise<RestoreOutcome> {
  const state = present === undefined ? salvagePresent(galleryPath) : readPresent(present.database.db);
  // The log of the backup goes on then, and is proven by the keys that came with it.
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
  return { path: database.path, kek, ...(keepAs === undefined ? {} : { keepAs }) };
}

function nameForDamaged({ galleryPath, clock }: GalleryRestore): string {
  return `${galleryPath}.damaged-${isoTime(clock.wallMs()).replaceAll(/[:.]/g, '')}`;
}
