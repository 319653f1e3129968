// Opens the gallery in DIRECTORY, starts or continues a rotation between two passphrases, and enrols and erases until it is killed:
//   node --import tsx test/support/rotation-child.ts DIRECTORY wrap|deep OLD_PASSPHRASE NEW_PASSPHRASE FIRST_SEED
// Prints `open`, `enrolled ID`, `erasing ID` before and `erased ID` after an erasure, and `ended STATE` when the rotation ends.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { PersonId } from '../../daemon/kernel/ids.js';
import { tester } from './gallery-fixture.js';
import { enrol, openTestGallery, passphraseInput } from './rotation-fixture.js';

/** Persons of this run who are kept before the oldest of them is erased again. */
const KEPT = 3;

const [directory = '', depth = 'wrap', old = '', next = '', firstSeed = '1'] = process.argv.slice(2);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const opened = await openTestGallery(directory, { input: passphraseInput(old) });
say('open');
if (opened.rotations.progress === undefined) {
  const rotation = await opened.rotations.start({
    kind: 'passphrase',
    depth: depth === 'deep' ? 'deep' : 'wrap',
    input: passphraseInput(next),
    by: tester,
  });
  void rotation.ended.then(({ state }) => say(`ended ${state}`));
}
const mine: PersonId[] = [];
for (let seed = Number(firstSeed); ; seed += 1) {
  const id = await enrol(opened, seed, 1000);
  say(`enrolled ${id}`);
  mine.push(id);
  const oldest = mine.length > KEPT ? mine.shift() : undefined;
  if (oldest !== undefined) {
    say(`erasing ${oldest}`);
    opened.gallery.erasePerson(oldest, tester);
    say(`erased ${oldest}`);
  }
  await nextTurn();
}
