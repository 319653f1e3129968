// The benchmark `inference` as one file, with its clips and the list of models beside it (inference-kit.ts).
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { unpackClips } from './inference-pictures.js';
import { runInference } from './inference-run.js';

const [kit, models, ...parameters] = parseArgs({
  allowPositionals: true,
  strict: false,
  args: process.argv.slice(2, 4),
}).positionals.concat(process.argv.slice(4));
if (kit === undefined || models === undefined) throw new Error('usage: node bench.mjs KIT MODELS [options]');
const clips = unpackClips(await readFile(join(kit, 'clips.bin')));
await runInference(parameters, async () => clips, { rootDir: kit, buildDir: models });
