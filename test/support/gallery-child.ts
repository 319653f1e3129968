// Opens the gallery in the directory named first, says so, and enrols without end until it is killed:
//   node --import tsx test/support/gallery-child.ts DIRECTORY hold|enrol FIRST_SEED
// Prints `open`, then the id of each person once their enrolment is done.
import { openGallery } from '../../daemon/gallery/open-gallery.js';
import { enrolmentPhotograph, galleryOptions, noiseJpeg } from './gallery-fixture.js';

const [directory = '', task = 'hold', firstSeed = '1'] = process.argv.slice(2);
const gallery = await openGallery(galleryOptions(directory));
process.stdout.write('open\n');
if (task === 'hold') {
  // An open standard input keeps the process alive; nothing is ever sent.
  process.stdin.resume();
} else {
  const jpegs = [1, 2, 3].map((seed) => noiseJpeg(seed, 100_000));
  for (let seed = Number(firstSeed); ; seed += 1) {
    const photographs = jpegs.map((jpeg, view) => ({ ...enrolmentPhotograph(seed * 10 + view), jpeg }));
    const id = await gallery.addPerson({ name: `Person ${seed}`, photographs });
    process.stdout.write(`${id}\n`);
  }
}
