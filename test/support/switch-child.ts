// Puts one file after the other in the place of the gallery, until it is killed:
//   node --import tsx test/support/switch-child.ts GALLERY FILE FILE
// Prints `open` first, and a letter for each file that was put there.
import { copyFileSync } from 'node:fs';
import { switchGalleryFile } from '../../daemon/core/gallery/switch-file.js';
import { present } from '../../daemon/kernel/present.js';

const [to = '', ...files] = process.argv.slice(2);
process.stdout.write('open\n');
for (let turn = 0; ; turn += 1) {
  const from = `${to}.new`;
  copyFileSync(files[turn % files.length] ?? '', from);
  const keepAs = turn % 3 === 0 ? `${to}.kept-${process.pid}-${turn}` : undefined;
  switchGalleryFile({ from, to, ...present({ keepAs }) });
  process.stdout.write('switched\n');
}
