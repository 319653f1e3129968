import assert from 'node:assert/strict';
import { getPriority } from 'node:os';
import { describe, test } from 'node:test';
import { type Config, configSchema } from '../../daemon/contract/settings/schema.js';
import { PhotoWall } from '../../daemon/core/cameras/photo-wall.js';
import { type EmbeddedPhoto, startPhotoEmbedder } from '../../daemon/core/persons/photo-embedder.js';
import { openModelStore } from '../../daemon/host/models/store.js';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { systemRandom as random } from '../../daemon/host/system-random.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { similarityOf } from '../../daemon/kernel/identification/match.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { openVisionLauncher } from '../../daemon/vision/open-vision-launcher.js';
import { analysePhoto } from '../../daemon/vision/photo.js';
import { openTestAnalyser, portrait } from '../support/inference.js';
import { called, descendantsOf } from '../support/processes.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { until } from '../support/until.js';

function configured(sections: Readonly<Record<string, unknown>> = {}): Config {
  return configSchema.parse({
    site: { id: 'site', timeZone: 'Europe/Paris' },
    vision: { provider: 'cpu' },
    logging: { level: 'error' },
    ...sections,
  });
}

const wall = new PhotoWall(await openVisionLauncher('preferred'));
const parts = { wall, logger: silentLogger, clock, random };

type Kept = Readonly<Record<'a' | 'b' | 'c', Uint8Array>>;
let kept: Promise<Kept> | undefined;

/** What enrolment would keep of three portraits; looked at once. */
function keptPhotographs(): Promise<Kept> {
  kept ??= keepPhotographs();
  return kept;
}

async function keepPhotographs(): Promise<Kept> {
  await using analyser = await openTestAnalyser();
  const kept = async (name: 'a' | 'b' | 'c'): Promise<Uint8Array> => {
    const analysis = await analysePhoto(await portrait(name).jpeg({ quality: 92 }).toBuffer(), analyser);
    assert.ok(analysis.outcome === 'ok', analysis.outcome);
    return analysis.jpeg;
  };
  return { a: await kept('a'), b: await kept('b'), c: await kept('c') };
}

describe('embedding kept photographs with a recogniser beside the one in use', () => {
  test('the recogniser in use makes the same templates as before, in a separate process', async () => {
    const photographs = await keptPhotographs();
    await using analyser = await openTestAnalyser({ recogniser: 'dlib-resnet' });
    const before = new Set(called('node', descendantsOf(process.pid)));
    await using embedder = await startPhotoEmbedder({
      config: configured(),
      recogniser: 'dlib-resnet',
      ...parts,
    });
    const own = called('node', descendantsOf(process.pid)).filter((pid) => !before.has(pid));
    assert.equal(own.length, 1, 'one process');
    const [pid] = own;
    assert.equal(
      getPriority(pid),
      Math.min(19, getPriority() + 10),
      'it yields to processes that look at cameras, five steps up',
    );
    assert.deepEqual([embedder.recogniser, embedder.dimensions], ['dlib-resnet-v1', 128]);
    for (const jpeg of Object.values(photographs)) {
      const [here, there] = [await analysePhoto(jpeg, analyser), await embedder.embed(jpeg)];
      assert.ok(here.outcome === 'ok' && there.outcome === 'embedded');
      assert.ok(similarityOf(here.embedding, there.embedding) > 0.999);
      assert.equal(there.quality, here.quality.score);
    }
    const refused = await embedder.embed(Buffer.from('no picture'));
    assert.ok(refused.outcome === 'refused');
    assert.equal(refused.code, 'not-a-picture');
    await embedder[Symbol.asyncDispose]();
    assert.deepEqual(
      called('node', descendantsOf(process.pid)).filter((pid) => own.includes(pid)),
      [],
      'it is gone',
    );
    await assert.rejects(embedder.embed(photographs.a), (error) =>
      isRollcallError(error, 'vision-unavailable'),
    );
  });

  test('another recogniser makes its own templates, which distinguish the same faces', async () => {
    const photographs = await keptPhotographs();
    await using embedder = await startPhotoEmbedder({
      config: configured(),
      recogniser: 'faceres',
      ...parts,
    });
    assert.deepEqual([embedder.recogniser, embedder.dimensions], ['faceres-v1', 1024]);
    await using analyser = await openTestAnalyser({ recogniser: 'faceres' });
    const embeddingOf = async (jpeg: Uint8Array) => {
      const made = await embedder.embed(jpeg);
      assert.ok(made.outcome === 'embedded');
      assert.equal(made.embedding.length, 1024);
      return made.embedding;
    };
    for (const [name, other] of [
      ['a', 'b'],
      ['b', 'c'],
      ['c', 'a'],
    ] as const) {
      const original = await analysePhoto(await portrait(name).jpeg({ quality: 92 }).toBuffer(), analyser);
      assert.ok(original.outcome === 'ok');
      const made = await embeddingOf(photographs[name]);
      const same = similarityOf(made, original.embedding);
      assert.ok(same > 0.95, `what was kept of ${name} resembles the original by ${same}`);
      const different = similarityOf(made, await embeddingOf(photographs[other]));
      assert.ok(different < 0.66, `${name} resembles ${other} by ${different}`);
    }
  });

  test('simultaneous requests each get the template of their own photograph', async () => {
    const photographs = Object.values(await keptPhotographs());
    const clock = new VirtualClock();
    await using embedder = await startPhotoEmbedder({
      config: configured(),
      recogniser: 'dlib-resnet',
      ...parts,
      clock,
    });
    const embedded = await Promise.all(photographs.map((jpeg) => embedder.embed(jpeg)));
    for (const [index, jpeg] of photographs.entries()) {
      const [alone, among] = [await embedder.embed(jpeg), embedded[index]];
      assert.ok(alone.outcome === 'embedded' && among?.outcome === 'embedded');
      assert.deepEqual(alone.embedding, among.embedding);
    }
    assert.equal(called('node', descendantsOf(process.pid)).length, 1);
    clock.advanceBy(30_000);
    await until(
      'its process to end after a pause',
      () => called('node', descendantsOf(process.pid)).length === 0,
    );
    const [jpeg] = photographs;
    assert.deepEqual(
      jpeg && (await embedder.embed(jpeg)),
      embedded[0],
      'another is started when it is needed',
    );
  });

  test('a process that dies causes an error that allows another try, and is replaced', async () => {
    const { a: jpeg } = await keptPhotographs();
    await using embedder = await startPhotoEmbedder({
      config: configured(),
      recogniser: 'dlib-resnet',
      ...parts,
    });
    const before = await embedder.embed(jpeg);
    const [pid] = called('node', descendantsOf(process.pid));
    assert.ok(pid !== undefined);
    process.kill(pid, 'SIGKILL');
    await assert.rejects(embedder.embed(jpeg), (error) => {
      assert.ok(isRollcallError(error, 'vision-unavailable'));
      return error.retryable;
    });
    let after: EmbeddedPhoto | undefined;
    await until('another process to embed', async () => {
      after = await embedder.embed(jpeg).catch((error: unknown) => {
        assert.ok(isRollcallError(error, 'vision-unavailable'));
        return undefined;
      });
      return after !== undefined;
    });
    assert.deepEqual(after, before);
  });

  test('the error for a recogniser that is not installed names the command that installs it', async (t) => {
    if ((await (await openModelStore()).status('sface')).state === 'ready') {
      t.skip('sface is installed on this machine');
      return;
    }
    const starting = startPhotoEmbedder({ config: configured(), recogniser: 'sface', ...parts });
    await assert.rejects(starting, (error) => {
      assert.ok(isRollcallError(error, 'pack-absent'));
      assert.match(error.message, /sface/);
      assert.match(error.remedy ?? '', /rollcall models fetch sface/);
      return true;
    });
    assert.deepEqual(called('node', descendantsOf(process.pid)), [], 'nothing was started');
  });

  test('an error at the start of its process is thrown, and no process remains', async () => {
    await using elsewhere = await temporaryDirectory();
    const config = configured({ models: { dir: elsewhere.path } });
    await assert.rejects(startPhotoEmbedder({ config, recogniser: 'dlib-resnet', ...parts }), (error) => {
      assert.ok(isRollcallError(error, 'pack-absent'));
      assert.match(error.remedy ?? '', /rollcall models build/);
      return true;
    });
    assert.deepEqual(called('node', descendantsOf(process.pid)), []);
  });
});
