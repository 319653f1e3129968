// Opens the gallery in the directory named first, and moves it, or goes on moving it, until it is killed:
//   node --import tsx test/support/re-embed-child.ts DIRECTORY old|new FIRST_SEED
// `old`: the old recogniser is configured; begins the move, and enrols and erases meanwhile. `new`: the new one is
// configured, and the gallery moves where the move is ready. Prints `open` as soon as it begins to open the gallery (`new`)
// or has opened it (`old`), `moved` once it was opened with the new one, `sealed` where it was not, `enrolled ID`, `erasing
// ID` and `erased ID`.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isRollcallError } from '../../daemon/base/errors.js';
import type { PersonId } from '../../daemon/domain/ids.js';
import { enrolmentOf, tester } from './gallery-fixture.js';
import { moveOrder, openMoving } from './re-embed-fixture.js';
import { otherRecogniser } from './scripted-embedder.js';

/** Persons of this run who are kept before the oldest of them is erased again. */
const KEPT = 3;

const [directory = '', mode = 'old', firstSeed = '1'] = process.argv.slice(2);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function move(): Promise<void> {
  say('open');
  try {
    await openMoving(directory, { recogniser: otherRecogniser });
    say('moved');
  } catch (error) {
    if (!isRollcallError(error, 'recogniser-mismatch')) throw error;
    say('sealed');
  }
}

async function work(): Promise<void> {
  const opened = await openMoving(directory);
  say('open');
  if (opened.moves.progress === undefined) void opened.moves.start(moveOrder);
  const mine: PersonId[] = [];
  for (let seed = Number(firstSeed); ; seed += 1) {
    const id = await opened.gallery.addPerson(enrolmentOf(`Person ${seed}`, [seed]), tester);
    say(`enrolled ${id}`);
    mine.push(id);
    const oldest = mine.length > KEPT ? mine.shift() : undefined;
    if (oldest !== undefined) {
      say(`erasing ${oldest}`);
      opened.gallery.erasePerson(oldest, tester);
      say(`erased ${oldest}`);
    }
    // Enrolments come singly: the move has to get on between them.
    for (let turn = 0; turn < 20; turn += 1) await nextTurn();
  }
}

await (mode === 'new' ? move() : work());
// An open standard input or timer keeps the process alive until it is killed.
setInterval(() => undefined, 60_000);
