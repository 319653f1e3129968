import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openModelStore } from '../../daemon/host/models/store.js';
import { programRoot } from '../../daemon/host/program-files.js';
import { badInput, messageOf } from '../../daemon/kernel/errors.js';
import { type RenderOptions, renderScenario } from './render.js';
import type { Scenario } from './scenario.js';

/** Where rendered and converted clips are kept between runs: in the checkout, ignored by git. */
export function clipCache(): string {
  return join(programRoot(), 'var', 'virtual-camera');
}

/**
 * The clip of a scenario, rendered unless one made of the same scenario, photographs, networks and renderer lies in
 * `directory`. Throws what rendering throws.
 */
export async function renderedClip(
  scenario: Scenario,
  options: RenderOptions & { readonly directory?: string } = {},
): Promise<string> {
  const file = join(options.directory ?? clipCache(), `${await fingerprint(scenario)}.mp4`);
  if (!existsSync(file)) await renderScenario(scenario, file, options);
  return file;
}

async function fingerprint(scenario: Scenario): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(scenario));
  for (const scene of scenario.scenes) {
    if (scene.kind === 'face') hash.update(await readPhotoBytes(scene.photo));
  }
  const store = await openModelStore();
  for (const pack of ['facemesh', 'iris']) hash.update(store.pack(pack).sha256);
  const sources = dirname(fileURLToPath(import.meta.url));
  for (const name of (await readdir(sources)).filter((entry) => /\.[jt]s$/.test(entry)).sort()) {
    hash.update(name).update(await readFile(join(sources, name)));
  }
  return hash.digest('hex').slice(0, 16);
}

async function readPhotoBytes(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    throw badInput('photo-unreadable', `cannot read the photograph ${resolve(file)}: ${messageOf(error)}`, {
      remedy: 'Name a file that exists; relative paths count from the scenario file.',
      cause: error,
    });
  }
}
