// scripts/stress-gate: attacks a real gate from a process of its own, and measures what becomes of the core behind it, of the
// frames of a real camera, of its events, and of an honest caller.

import { readOptions } from '../options.js';
import { type Attack, attacks } from './attacks.js';
import { measure, type Row } from './measure.js';
import { openStressBox } from './stress-box.js';

const { values } = readOptions('scripts/stress-gate', {
  options: {
    seconds: { type: 'string', default: '20' },
    attacks: { type: 'string', default: attacks.join(',') },
    json: { type: 'boolean', default: false },
  },
});

/** Most that the core may compute without a turn of its loop, ms. */
const longestHoldMs = 100;
/** Connections at once; for logins, requests a second. */
const sizes: Readonly<Record<Attack, number>> = {
  'slow-connections': 10_000,
  logins: 1000,
  resets: 100,
  bodies: 200,
  'slow-readers': 200,
};

const chosen = attacks.filter((each) => values.attacks.split(',').includes(each));
const durationMs = Number(values.seconds) * 1000;
await using box = await openStressBox();
const columns: readonly (readonly [string, (row: Row) => string | number])[] = [
  ['attack', ({ attack }) => attack],
  ['what came of it', ({ tally }) => tally],
  ['honest caller', ({ honest }) => honest],
  ['loop late p50, p99, most, ms', ({ lateMs }) => lateMs.join(', ')],
  ['computed at once p99, most, ms', ({ computedMs }) => computedMs.join(', ')],
  ['core, MiB', ({ coreMiB }) => coreMiB],
  ['gate, MiB', ({ gateMiB }) => gateMiB],
  ['frames analysed', ({ analysed }) => analysed],
  ['dropped', ({ dropped }) => dropped],
  ['events', ({ events }) => events],
];
if (!values.json) {
  console.log(`| ${columns.map(([name]) => name).join(' | ')} |\n|${' --- |'.repeat(columns.length)}`);
}
const rows: Row[] = [];
// First without an attack: what this machine drops and how late the loop is by itself.
for (const attack of [undefined, ...chosen]) {
  const size = attack === undefined ? 0 : sizes[attack];
  const row = await measure(box, { attack, size, durationMs });
  rows.push(row);
  if (!values.json) console.log(`| ${columns.map(([, cell]) => cell(row)).join(' | ')} |`);
}
const missing = await box.missingEvents();
if (values.json) console.log(JSON.stringify({ rows, missing }));
else console.log(`\nevents recorded and not published: ${missing}`);
// Judged by what the core computes: a machine that gives it no processor makes its loop late, too, also in the first row.
const bad = rows.filter(({ computedMs }) => computedMs[1] > longestHoldMs);
for (const { attack } of bad)
  console.error(`${attack}: the core computed longer than ${longestHoldMs} ms at once`);
process.exitCode = bad.length === 0 && missing === 0 ? 0 : 1;
