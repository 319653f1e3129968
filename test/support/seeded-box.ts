import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalBox } from '../../scripts/local-box.js';
import { type Seeded, seedDemo } from '../../scripts/seeding/seed.js';

/** Of all files that scripts/run-tests.mjs runs at once; undefined where a file runs by itself. */
const runFolder = process.env['ROLLCALL_RUN_FOLDER'];

/** What a stopped box consists of, besides the configuration, which names its place. */
const folders = ['data', 'secrets'] as const;

/**
 * Starts a box that has not run yet, with the past of the demo. A test run makes this past once, because that takes many seconds,
 * and copies it.
 */
export async function startSeeded(box: LocalBox): Promise<Seeded> {
  const kept = runFolder === undefined ? undefined : join(runFolder, 'seeded-box');
  if (kept !== undefined && existsSync(kept)) {
    for (const folder of folders)
      await cp(join(kept, folder), join(box.directory, folder), { recursive: true });
    await box.start();
    return JSON.parse(await readFile(join(kept, 'seeded.json'), 'utf8')) as Seeded;
  }
  await box.start();
  const seeded = await seedDemo(box);
  if (kept === undefined) return seeded;
  await box.stop();
  // Under its name only once it is complete.
  const made = await mkdtemp(`${kept}-`);
  for (const folder of folders)
    await cp(join(box.directory, folder), join(made, folder), { recursive: true });
  await writeFile(join(made, 'seeded.json'), JSON.stringify(seeded));
  await rename(made, kept);
  await box.start();
  return seeded;
}
