// scripts/faults disk: fills the disk in the middle of every operation on a gallery, and tells what each says and leaves.
import { mountSmallDisk, type SmallDisk } from '../../test/support/small-disk.js';
import { readOptions } from '../options.js';
import { type DiskRow, fillDuring } from './disk-loop.js';
import { operations } from './operations.js';

const MEBIBYTES = 32;

const { values } = readOptions('scripts/faults disk', {
  options: { json: { type: 'boolean', default: false } },
});

async function onSmallDisk(work: (disk: SmallDisk) => Promise<DiskRow>): Promise<DiskRow> {
  const mounted = mountSmallDisk(MEBIBYTES);
  if ('skip' in mounted) {
    console.log(`skipped: ${mounted.skip}`);
    process.exit(0);
  }
  using disk = mounted;
  return await work(disk);
}

/** Several operations together; the disk is filled during each of them. */
const mixed = 'amid';

const rows: DiskRow[] = [];
for (const operation of [...Object.keys(operations).filter((name) => name !== mixed), 'switch'])
  rows.push(await onSmallDisk((disk) => fillDuring(operation, disk)));

const lists = rows.map(({ codes, remedies, ...row }) => ({
  ...row,
  codes: [...codes],
  remedies: [...remedies],
}));
if (values.json) {
  console.log(JSON.stringify(lists));
} else {
  console.log('| operation | full | fitted | refused | waited | code | works with room | torn |');
  console.log('| --- | ---: | ---: | ---: | ---: | --- | ---: | ---: |');
  for (const row of lists) {
    const { operation, attempts, succeeded, refused, waited, codes, doneWithRoom, violations } = row;
    const cells = [operation, attempts, succeeded, refused, waited, codes.join(', '), doneWithRoom];
    console.log(`| ${[...cells, violations.length].join(' | ')} |`);
  }
  const remedies = lists.flatMap((row) => row.remedies.map((remedy) => remedy.replace(/\S*\/box\//, '…/')));
  for (const remedy of new Set(remedies)) console.log(`\nRemedy: ${remedy}`);
}
for (const { operation, violations } of lists)
  for (const violation of violations) console.error(`${operation}: ${violation}`);
process.exit(lists.every(({ violations }) => violations.length === 0) ? 0 : 1);
