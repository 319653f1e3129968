import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { retentionSchema } from '../../daemon/contract/settings/retention-schema.js';
import type { RotationDepth } from '../../daemon/core/gallery/rotation/rotation-job.js';
import { Retention } from '../../daemon/core/retention/retention.js';
import {
  ageingKinds,
  emptyLogs,
  type RetentionSources,
} from '../../daemon/core/retention/retention-kinds.js';
import { newRandomBytes } from '../../daemon/host/sodium.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { isRollcallError, operational } from '../../daemon/kernel/errors.js';
import { recogniserId } from '../../daemon/kernel/ids.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { noiseJpeg, tester, testRecogniser } from '../../test/support/gallery-fixture.js';
import { openTestRecords } from '../../test/support/published-box.js';
import { configureRecogniser, type FaultPlaces, putFile, readRecoverySecret } from './fault-box.js';
import type { Fate } from './journal.js';
import { enrolmentOf, nameOf } from './played-person.js';
import type { Workplace } from './workplace.js';

const IMPORTED = 4;

async function enrol(place: Workplace): Promise<void> {
  await place.enrol();
}

async function erase(place: Workplace, operation = 'erase'): Promise<void> {
  const { seed, id } = await place.oldest();
  await place.journal.attempt({ operation, changes: { [seed]: 'erased' } }, () => {
    if (place.gallery.erasePerson(id, tester) === undefined) throw new Error(`${id} was not there`);
  });
}

/** Erases the face, keeps the name. */
async function withdraw(place: Workplace, operation = 'withdraw'): Promise<void> {
  const { seed, id } = await place.oldest();
  await place.journal.attempt({ operation, changes: { [seed]: 'withdrawn' } }, () => {
    const profile = { name: nameOf(seed) };
    if (place.gallery.eraseBiometricData(id, profile, tester) === undefined)
      throw new Error(`${id} was not there`);
  });
}

async function remove(place: Workplace): Promise<void> {
  const { seed, id } = await place.oldest();
  await place.journal.attempt({ operation: 'remove', changes: { [seed]: 'removed' } }, () => {
    if (!place.gallery.removePerson(id, tester)) throw new Error(`${id} was not active`);
  });
}

/** No person is there before the commit, all of them after it. */
async function importPersons(place: Workplace): Promise<void> {
  const seeds = Array.from({ length: IMPORTED }, () => place.newSeed());
  const changes: Record<number, Fate> = Object.fromEntries(seeds.map((seed) => [seed, 'active']));
  const { recogniser } = place.box;
  const enrolments = seeds.map((seed) => enrolmentOf(seed, recogniser));
  const ids = await place.journal.attempt({ operation: 'import', changes }, async () => {
    const { gallery } = place;
    const importId = await gallery.beginImport();
    for (const enrolment of enrolments) await gallery.addPerson(enrolment, tester, importId);
    return gallery.commitImport(importId, tester);
  });
  for (const [index, id] of ids.entries()) place.tellSamples(seeds[index] ?? 0, id);
}

const otherRecogniser = recogniserId('test-recogniser-2');

/** Puts a new key beside the one in force, and keeps a copy of that to check later what it still opens. */
function prepareNextKey({ keyPath, nextKeyPath, oldKeys }: FaultPlaces): void {
  const old = readFileSync(keyPath);
  putFile(join(oldKeys, createHash('sha256').update(old).digest('hex').slice(0, 16)), old);
  if (!existsSync(nextKeyPath)) putFile(nextKeyPath, newRandomBytes(32));
}

async function rotate(place: Workplace, depth: RotationDepth): Promise<void> {
  await place.rotationEnd();
  prepareNextKey(place.box.places);
  const operation = depth === 'deep' ? 'deep-rotate' : 'rotate';
  await place.journal.attempt({ operation }, async () => {
    const { rotations } = place.box.box.vault.requireOpen();
    const { ended } = await rotations.start({ kind: 'secret', depth, input: {}, by: tester });
    const { state, problem } = await ended;
    if (state !== 'finished') throw problem ?? new Error(`the rotation is ${state}`);
  });
}

/** Enrols, erases and withdraws during a deep rotation and a backup. */
async function amid(place: Workplace): Promise<void> {
  const { box, places } = place.box;
  const { rotations } = box.vault.requireOpen();
  if (rotations.progress?.state !== 'running') {
    prepareNextKey(places);
    await rotations.start({ kind: 'secret', depth: 'deep', input: {}, by: tester });
  }
  const copying = box.backups.create({ path: join(places.backups, `${randomUUID()}.rcb`) }, tester);
  const copied = copying.catch((error: unknown) => {
    // The rotation has ended, or begun, meanwhile.
    if (!isRollcallError(error, 'backup-key-changed')) throw error;
  });
  const changed = (async () => {
    await place.enrol('amid');
    await erase(place, 'amid');
    await place.enrol('amid');
    await withdraw(place, 'amid');
  })();
  await Promise.allSettled([changed, copied]);
  await changed;
  await copied;
}

async function backup(place: Workplace): Promise<string> {
  const path = join(place.box.places.backups, `${randomUUID()}.rcb`);
  await place.journal.attempt({ operation: 'backup', makes: path }, () =>
    place.box.box.backups.create({ path }, tester),
  );
  return path;
}

/** Restores a backup after one person was enrolled, one erased and one withdrawn: the first is gone, the others must not come back. */
async function restore(place: Workplace): Promise<void> {
  await place.rotationEnd();
  const { seed: leaver, id } = await place.oldest();
  const path = await backup(place);
  const { seed: newcomer } = await place.enrol();
  await place.journal.attempt({ operation: 'erase', changes: { [leaver]: 'erased' } }, () =>
    place.gallery.erasePerson(id, tester),
  );
  await withdraw(place);
  const secret = { recoverySecret: readRecoverySecret(place.box.places) };
  await place.journal.attempt({ operation: 'restore', changes: { [newcomer]: 'replaced' } }, async () => {
    await place.box.box.backups.restore({ path, secret }, tester);
    place.gallery;
  });
}

/** Makes templates for the other recogniser, then switches to it. */
async function reEmbed(place: Workplace): Promise<void> {
  const { upkeep, recogniser, places } = place.box;
  const to = recogniser === testRecogniser ? otherRecogniser : testRecogniser;
  await place.journal.attempt({ operation: 're-embed' }, async () => {
    await upkeep.reEmbed({ to, acceptsMissing: true }, tester);
    for (;;) {
      const { state, problem } = upkeep.status().reEmbedding ?? {};
      if (state === 'ready') return;
      if (state !== 'working' && state !== 'waiting')
        throw new Error(`the move is ${state}: ${problem?.message}`);
      await sleep(1);
    }
  });
  configureRecogniser(places, to);
  await place.journal.attempt({ operation: 'switch' }, () => place.reopen());
}

const PICTURES = 20;
const dayMs = 86_400_000;

/** Deletes removed persons and pictures of strangers without delay. */
const rules = {
  ...retentionSchema.parse({}),
  photographs: 'forever',
  removedPersons: 0,
  unknownEvidence: 0,
  tombstones: 'forever',
  auditEntries: 'forever',
} as const;

/** A run of retention that erases all removed persons. */
async function retention(place: Workplace): Promise<void> {
  for (let count = 0; count < 3; count += 1) await remove(place);
  for (let picture = 0; picture < PICTURES; picture += 1) {
    const about = { kind: 'unknown', eventId: 'event', cameraId: 'gate', takenAtMs: Date.now() } as const;
    place.gallery.addEvidence({ ...about, jpeg: noiseJpeg(picture, 1000) });
  }
  const removed = (await place.present()).filter(({ state }) => state === 'removed');
  const changes: Record<number, Fate> = Object.fromEntries(removed.map(({ seed }) => [seed, 'erased']));
  const { vault } = place.box.box;
  const recordsPath = join(place.box.places.directory, 'data', 'records.db');
  await using records = openTestRecords(recordsPath);
  // A day ahead, so that persons removed just now are due.
  const clock = { ...systemClock, wallMs: () => systemClock.wallMs() + dayMs };
  const sources: RetentionSources = {
    file: () => vault.fileIfOpen,
    gallery: () => vault.open?.gallery,
    forgetPerson: () => undefined,
    forgetCopies: () => undefined,
    records: records.retention,
    databasePaths: [place.box.places.galleryPath, recordsPath],
    clock,
  };
  await using job = new Retention({
    kinds: (by) => ageingKinds(sources, by),
    rules: () => rules,
    timeZone: 'UTC',
    newestRecordMs: () => undefined,
    emptyLogs: () => emptyLogs(sources),
    audit: vault.audit,
    database: () => vault.fileIfOpen?.database,
    clock,
    logger: silentLogger,
  });
  await place.journal.attempt({ operation: 'retention', changes, isAtomic: false }, async () => {
    const { failures } = await job.run({ isClockConfirmed: true }, tester);
    const [failure] = failures;
    if (failure === undefined) return;
    const { code, message, remedy } = failure;
    throw operational(code, message, { ...(remedy === undefined ? {} : { remedy }) });
  });
}

/** Work that is done once in an open gallery, with its preparations; the journal has every part. */
export type Operation = (place: Workplace) => Promise<unknown>;

export const operations: Readonly<Record<string, Operation>> = {
  enrol,
  erase: (place) => erase(place),
  withdraw: (place) => withdraw(place),
  import: importPersons,
  rotate: (place) => rotate(place, 'wrap'),
  'deep-rotate': (place) => rotate(place, 'deep'),
  amid,
  backup,
  restore,
  're-embed': reEmbed,
  retention,
};
