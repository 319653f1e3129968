import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRollcallError } from '../../daemon/base/errors.js';
import { recogniserId } from '../../daemon/domain/ids.js';
import type { RotationDepth } from '../../daemon/gallery/rotation/rotation-progress.js';
import { newRandomBytes } from '../../daemon/host/sodium.js';
import { tester, testRecogniser } from '../../test/support/gallery-fixture.js';
import { configureRecogniser, type FaultPlaces, putFile, readRecoverySecret } from './fault-box.js';
import { erase, withdraw } from './person-operations.js';
import type { Workplace } from './workplace.js';

const otherRecogniser = recogniserId('test-recogniser-2');

/** Puts a new key beside the one in force, of which a copy is kept to see what it still opens. */
function prepareNextKey({ keyPath, nextKeyPath, oldKeys }: FaultPlaces): void {
  const old = readFileSync(keyPath);
  putFile(join(oldKeys, createHash('sha256').update(old).digest('hex').slice(0, 16)), old);
  if (!existsSync(nextKeyPath)) putFile(nextKeyPath, newRandomBytes(32));
}

export async function rotate(place: Workplace, depth: RotationDepth): Promise<void> {
  await place.rotationEnd();
  prepareNextKey(place.box.places);
  const operation = depth === 'deep' ? 'deep-rotate' : 'rotate';
  await place.journal.attempt({ operation }, async () => {
    const { rotations } = place.box.box.access.requireOpen();
    const { ended } = await rotations.start({ kind: 'secret', depth, input: {}, by: tester });
    const { state, problem } = await ended;
    if (state !== 'finished') throw problem ?? new Error(`the rotation is ${state}`);
  });
}

/** Enrols, erases and withdraws while every field is sealed anew and a backup is made. */
export async function amid(place: Workplace): Promise<void> {
  const { box, places } = place.box;
  const { rotations } = box.access.requireOpen();
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

export async function backup(place: Workplace): Promise<string> {
  const path = join(place.box.places.backups, `${randomUUID()}.rcb`);
  await place.journal.attempt({ operation: 'backup', makes: path }, () =>
    place.box.box.backups.create({ path }, tester),
  );
  return path;
}

/** Goes back to a backup after somebody came, one was erased and one's face: the first goes, the others must not return. */
export async function restore(place: Workplace): Promise<void> {
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
export async function reEmbed(place: Workplace): Promise<void> {
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
