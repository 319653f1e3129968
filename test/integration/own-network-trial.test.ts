import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { decodeEmbedding } from '../../daemon/contract/vision/vision-sighting.js';
import { similarityOf } from '../../daemon/kernel/identification/match.js';
import type { FaceAnalyser } from '../../daemon/vision/face-analyser.js';
import { preparations } from '../../daemon/vision/inference/preparation.js';
import { OwnNetworkTrial } from '../../daemon/vision/own-network-trial.js';
import { sampleImage } from '../../daemon/vision/photo-sample.js';
import { openTestAnalyser, portrait } from '../support/inference.js';
import { faceNetwork, untrainedNetwork, withoutFaceNetwork } from '../support/own-networks.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const photo = await portrait('a').jpeg().toBuffer();

/** Opens the network as a vision process does, and embeds the photo, prepared in each of `ways`. */
async function tried(analyser: FaceAnalyser, network: Uint8Array, ways: readonly number[]) {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'own.onnx');
  await writeFile(path, network);
  await using trial = new OwnNetworkTrial(analyser);
  const opened = await trial.open({ path, sha256: createHash('sha256').update(network).digest('hex') });
  assert.ok(opened.outcome === 'ok', JSON.stringify(opened));
  return { layout: opened.input.layout, ...(await trial.embed(photo, ways)) };
}

test('an own network on trial gives an embedding of a face, or none where it computes no numbers', async () => {
  await using analyser = await openTestAnalyser({ detector: 'blazeface' });
  const { refusal, embeddings } = await tried(analyser, untrainedNetwork(), [0]);
  assert.deepEqual([refusal, embeddings.map((each) => typeof each)], [null, ['string']]);
  const broken = await tried(analyser, untrainedNetwork(1, { isBroken: true }), [0]);
  assert.deepEqual([broken.refusal, broken.embeddings], [null, [null]]);
});

const exports = [
  { title: 'RGB, (x - 127.5) / 127.5', layout: 'NCHW', colours: 'RGB', mean: 127.5, std: 127.5 },
  { title: 'BGR, x / 255', layout: 'NHWC', colours: 'BGR', mean: 0, std: 255 },
  { title: 'RGB, 0 to 255', layout: 'NHWC', colours: 'RGB', mean: 0, std: 1 },
] as const;
for (const { title, ...input } of exports) {
  test(`an own network that takes ${input.layout} and ${title} gives the same embedding as its original when prepared like this`, {
    skip: withoutFaceNetwork,
  }, async (t) => {
    await using analyser = await openTestAnalyser({ recogniser: 'mobilefacenet', detector: 'blazeface' });
    const { embedding: original } = await sampleImage(photo, analyser);
    assert.ok(original);
    const ways = preparations.map((_, way) => way);
    const { layout, embeddings } = await tried(analyser, faceNetwork(input), ways);
    const similarities = embeddings.map((text) => similarityOf(decodeEmbedding(text ?? ''), original));
    t.diagnostic(similarities.map((each) => each.toFixed(5)).join(' '));
    const right = preparations.findIndex((each) => each.title === title);
    const otherColours = similarities.filter((_, way) => preparations[way]?.colours !== input.colours);
    assert.equal(layout, input.layout);
    assert.ok((similarities[right] ?? 0) > 0.999);
    assert.ok(otherColours.every((similarity) => similarity < 0.98));
  });
}
