// Opens the gallery in the directory given and searches it, in a process of its own: what it takes beyond an empty one.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../../daemon/kernel/random.js';
import { dimensions, makeKey, openBenchGallery } from './gallery-box.js';
import { timed, unitVector } from './measuring.js';

const [directory = ''] = process.argv.slice(2);
const searches = 400;

const residentMiB = (): number => process.memoryUsage.rss() / 2 ** 20;

/** Everything is loaded and has run once before the baseline is taken. */
async function warmUp(): Promise<void> {
  const empty = mkdtempSync(join(tmpdir(), 'rollcall-bench-'));
  try {
    await makeKey(empty, 'key');
    await using _gallery = await openBenchGallery(empty);
  } finally {
    rmSync(empty, { recursive: true });
  }
}

await warmUp();
await sleep(100);
const baselineMiB = residentMiB();
const opening = await timed(() => openBenchGallery(directory));
await using opened = opening.result;
const gallery = opened.vault.gallery();
await sleep(100);
const openMiB = residentMiB();
const random = seededRandom(1);
const searchMs: number[] = [];
for (let search = 0; search < searches; search += 1) {
  const probe = unitVector(random, dimensions);
  const startMs = performance.now();
  await gallery.nearest(probe, { count: 2 });
  searchMs.push(performance.now() - startMs);
}
const { tookMs: openMs, longestBlockMs: openBlockMs } = opening;
const peakMiB = process.resourceUsage().maxRSS / 1024;
console.log(
  JSON.stringify({
    openMs,
    openBlockMs,
    addedMiB: openMiB - baselineMiB,
    peakAddedMiB: peakMiB - baselineMiB,
    searchMs,
  }),
);
