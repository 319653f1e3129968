// A child of the fault loop: opens the box in the directory named first, tells what it finds there, takes an order, and does
// what it says without end, until it is killed.
import { createInterface } from 'node:readline';
import { openFaultBox } from './fault-box.js';
import { oldKeyProblems, readState } from './gallery-state.js';
import { Journal, type Order } from './journal.js';
import { operations } from './operations.js';
import { Workplace } from './workplace.js';

const [directory = ''] = process.argv.slice(2);
const journal = new Journal((entry) => void process.stdout.write(`${JSON.stringify(entry)}\n`));

journal.write({ is: 'opening' });
const startMs = performance.now();
const box = await openFaultBox(directory);
const openMs = performance.now() - startMs;
journal.write({ is: 'state', state: await readState(box), openMs });

for await (const line of createInterface({ input: process.stdin })) {
  const { operation, firstSeed, settles } = JSON.parse(line) as Order;
  const place = new Workplace(directory, box, journal, firstSeed);
  if (settles) {
    await place.rotationEnd();
    journal.write({ is: 'settled', problems: oldKeyProblems(place.box) });
  }
  const work = operations[operation];
  if (work === undefined) break;
  for (;;) await work(place);
}
await box[Symbol.asyncDispose]();
process.exit(0);
