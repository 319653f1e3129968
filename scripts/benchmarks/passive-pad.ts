/*
 * What the passive attack detection says about photographs: one score each, 0 (attack) to 1 (live).
 *
 *   scripts/bench passive-pad --models DIR PHOTOGRAPH…      (DIR holds the MiniFASNet and YuNet files)
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { silentLogger } from '../../daemon/base/logger.js';
import { openModelStore } from '../../daemon/models/store.js';
import { openFaceAnalyser } from '../../daemon/vision/inference/open-face-analyser.js';

const { values, positionals } = parseArgs({
  options: { models: { type: 'string' } },
  allowPositionals: true,
});
const packs = values.models;
if (packs === undefined || positionals.length === 0) {
  console.error('usage: passive-pad.ts --models DIR PHOTOGRAPH...');
  process.exit(2);
}
const importDir = await mkdtemp(join(tmpdir(), 'rollcall-pad-'));
try {
  const models = await openModelStore({ importDir });
  for (const file of await readdir(packs)) {
    if (/MiniFASNet|yunet/.test(file)) await models.import(join(packs, file));
  }
  for (const detector of ['auto', 'yunet'] as const) {
    const shared = {
      models,
      recogniser: 'dlib-resnet',
      provider: 'cpu',
      threads: 1,
      logger: silentLogger,
    } as const;
    await using analyser = await openFaceAnalyser({ ...shared, detector, passivePad: 'minifasnet' });
    for (const file of positionals) {
      const { data, info } = await sharp(file)
        .rotate()
        .removeAlpha()
        .raw()
        .toBuffer({ resolveWithObject: true });
      const picture = { format: 'rgb24', widthPx: info.width, heightPx: info.height, data } as const;
      const [face] = await analyser.detect(picture, { smallestFacePx: info.width / 10 });
      const score = face && (await analyser.passivePad(picture, face.box));
      console.log(`${detector.padEnd(6)} ${basename(file).padEnd(30)} ${score?.toFixed(3) ?? 'no face'}`);
    }
  }
} finally {
  await rm(importDir, { recursive: true });
}
