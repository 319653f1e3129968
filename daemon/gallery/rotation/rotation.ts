import type { Actor } from '../../audit/actor.js';
import { badInput } from '../../base/errors.js';
import { wipe } from '../../host/sodium.js';
import { explainGalleryError } from '../gallery-file.js';
import { KeyEncryptionKey } from '../keys/key-encryption-key.js';
import type { KeyInput, KeyProviderKind, KeySlotParameters } from '../keys/key-provider.js';
import {
  galleryDamaged,
  insertKeySlot,
  linkKeySlots,
  readKeySlots,
  readRecogniser,
} from '../keys/key-slots.js';
import { type RotationJob, readRotationJob, writeRotationJob } from './rotation-job.js';
import type { RotationDepth } from './rotation-progress.js';
import { RotationRows } from './rotation-rows.js';
import { type Rotation, type RotationParts, RotationRun, settleKey } from './rotation-run.js';

export interface RotationStart extends RotationParts {
  /** Where the new key comes from. */
  readonly kind: KeyProviderKind;
  readonly depth: RotationDepth;
  /** What a person typed; wiped by the caller. */
  readonly input: KeyInput;
  readonly by: Actor;
}

/**
 * Puts a new key-encryption key in force and begins to take the old one out of use. Until that has ended either of the two
 * opens the gallery; everything else goes on meanwhile. Nothing has changed where this throws.
 * @throws `rotation-running`, `key-used-before`, and what `KeyProvider.create` and `OpenDatabase.transaction` throw
 */
export async function startRotation(start: RotationStart): Promise<Rotation> {
  const { file, providers, ring, kind, depth, input, logger } = start;
  refuseSecond(start);
  const purpose = currentProvider(start) === kind ? 'rotation' : 'first';
  const { kek, parameters } = await providers[kind].create(purpose, input);
  const key = new KeyEncryptionKey(kek);
  wipe(kek);
  let job: RotationJob;
  try {
    job = file.database.transaction(() => putInForce(start, key, parameters));
  } catch (error) {
    key[Symbol.dispose]();
    throw explainGalleryError(error, file.database.path);
  }
  ring.beginRotation(key);
  logger.info('key rotation started', { depth, from: job.from, to: job.to, total: job.total });
  return new RotationRun(start, job);
}

/**
 * Goes on with the rotation that had not ended when the gallery was closed; undefined where there is none. To be called
 * whenever a gallery was opened: without a rotation it tells the key's provider that its key is the only one.
 * @throws `gallery-damaged`
 */
export async function resumeRotation(parts: RotationParts): Promise<Rotation | undefined> {
  const { file, logger } = parts;
  const job = readRotationJob(file.database);
  if (job === undefined) {
    await settleKey(parts);
    return undefined;
  }
  logger.info('key rotation goes on', { depth: job.depth, from: job.from, to: job.to });
  return new RotationRun(parts, job);
}

/** In one transaction: the new key, the way from either key to the other, and what is to be done. */
function putInForce(start: RotationStart, key: KeyEncryptionKey, parameters: KeySlotParameters): RotationJob {
  const { file, ring, kind: provider, depth, by, clock } = start;
  const { database, audit } = file;
  // Making a key may have taken seconds.
  refuseSecond(start);
  if (audit.count({ subject: key.id }) > 0 || key.id === ring.current.id) throw usedBefore(key.id);
  const recogniser = readRecogniser(database);
  if (recogniser === undefined) throw galleryDamaged('its own row is missing');
  const from = ring.current.id;
  const former = currentProvider(start);
  const startedAtMs = clock.wallMs();
  insertKeySlot(database, { key, provider, parameters, recogniser, nowMs: startedAtMs });
  linkKeySlots(database, ring.current, key);
  const total = new RotationRows(database).countUnder(from);
  const job: RotationJob = {
    depth,
    from,
    to: key.id,
    startedAtMs,
    by,
    total,
    damaged: 0,
    phase: 'working',
  };
  writeRotationJob(database, job);
  const details = { depth, from, provider, total };
  audit.append({ by, action: 'key.rotation-started', subject: key.id, details });
  if (former !== provider) {
    const change = { from: former, to: provider };
    audit.append({ by, action: 'key.provider-changed', subject: key.id, details: change });
  }
  return job;
}

function currentProvider({ file }: RotationParts): KeyProviderKind {
  const slot = readKeySlots(file.database).find(({ isCurrent }) => isCurrent);
  if (slot === undefined) throw galleryDamaged('its own row is missing');
  return slot.provider;
}

/** @throws `rotation-running` */
function refuseSecond({ file, ring }: RotationParts): void {
  if (readRotationJob(file.database) === undefined && ring.retiring === undefined) return;
  throw badInput('rotation-running', 'the key is being rotated already', {
    remedy: 'wait until that has ended: `rollcall key status` shows how far it is',
  });
}

/** A key that was retired may have been lost to somebody: the reason why it was. */
function usedBefore(keyId: string) {
  return badInput('key-used-before', `the key ${keyId} was in force before and cannot come back`, {
    remedy: 'make a new one: for the provider `secret`, move the old key file away and run this again',
  });
}
