// Opens the gallery in the directory named first, prints that, and works until it is killed:
//   node --import tsx test/support/gallery-child.ts DIRECTORY hold|enrol|import|erase FIRST_SEED
// Prints `open` (`opening` before, once it holds the file), then what is done, a line each: the id of a person
// enrolled or erased, `staged` or `committed` and a number of an import.
import { openGalleryFile } from '../../daemon/core/gallery/gallery-file.js';
import { unlockGallery } from '../../daemon/core/gallery/unlock-gallery.js';
import { enrolmentPhotograph, galleryOptions, noiseJpeg, tester } from './gallery-fixture.js';

const [directory = '', task = 'hold', firstSeed = '1'] = process.argv.slice(2);
const options = galleryOptions(directory);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
say('opening');
const file = await openGalleryFile(options);
const unlocked = await unlockGallery({ ...options, file });
if (unlocked.outcome !== 'open') throw new Error(unlocked.code);
const { gallery } = unlocked;
say('open');

const jpegs = [1, 2, 3].map((seed) => noiseJpeg(seed, 100_000));
function enrolment(seed: number) {
  const photographs = jpegs.map((jpeg, view) => ({ ...enrolmentPhotograph(seed * 10 + view), jpeg }));
  return { profile: { name: `Person ${seed}` }, photographs };
}

let seed = Number(firstSeed);
switch (task) {
  case 'enrol':
    for (; ; seed += 1) say(await gallery.addPerson(enrolment(seed), tester));
  case 'import':
    for (;;) {
      const id = await gallery.beginImport();
      for (let row = 0; row < 4; row += 1) {
        seed += 1;
        await gallery.addPerson(enrolment(seed), tester, id);
        say(`staged ${seed}`);
      }
      const committed = await gallery.commitImport(id, tester);
      say(`committed ${committed.length}`);
    }
  case 'erase':
    for (const { id } of await gallery.listPersons()) {
      if (gallery.erasePerson(id, tester) !== undefined) say(id);
    }
    break;
  default:
}
// An open standard input keeps the process alive; nothing is ever sent.
process.stdin.resume();
