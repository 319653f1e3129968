import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { OwnNetworkTrial } from '../../daemon/vision/own-network-trial.js';
import { openTestAnalyser, portrait } from '../support/inference.js';
import { untrainedNetwork } from '../support/own-networks.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

test('an own network on trial gives an embedding of a face, or none where it computes no numbers', async () => {
  await using directory = await temporaryDirectory();
  await using analyser = await openTestAnalyser({ detector: 'blazeface' });
  const photo = await portrait('a').jpeg().toBuffer();
  const embeddingOf = async (network: Uint8Array) => {
    const path = join(directory.path, 'own.onnx');
    await writeFile(path, network);
    await using trial = new OwnNetworkTrial(analyser);
    const opened = await trial.open({ path, sha256: createHash('sha256').update(network).digest('hex') });
    assert.equal(opened.outcome, 'ok', JSON.stringify(opened));
    return await trial.embed(photo, [0]);
  };
  const { refusal, embeddings } = await embeddingOf(untrainedNetwork());
  assert.deepEqual([refusal, embeddings.map((each) => typeof each)], [null, ['string']]);
  assert.deepEqual(await embeddingOf(untrainedNetwork(1, { isBroken: true })), {
    ...{ refusal: null, embeddings: [null] },
  });
});
