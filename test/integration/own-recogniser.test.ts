import assert from 'node:assert/strict';
import { chmod, cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { type Config, configSchema } from '../../daemon/contract/settings/schema.js';
import { PhotoWall } from '../../daemon/core/cameras/photo-wall.js';
import { startPhotoEmbedder } from '../../daemon/core/persons/photo-embedder.js';
import { openConfiguredStore } from '../../daemon/host/models/configured-store.js';
import { programRoot } from '../../daemon/host/program-files.js';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { systemRandom as random } from '../../daemon/host/system-random.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { similarityOf } from '../../daemon/kernel/identification/match.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { type AddedRecogniser, addRecogniser, describeAdded } from '../../daemon/lab/own-recognisers.js';
import { contractOfPack } from '../../daemon/vision/inference/recogniser-contract.js';
import { openVisionLauncher } from '../../daemon/vision/open-vision-launcher.js';
import { samplePhoto } from '../../daemon/vision/photo-sample.js';
import { temporaryDirectory as directoryFor } from '../support/gallery-fixture.js';
import { openTestAnalyser } from '../support/inference.js';
import { faceNetwork, untrainedNetwork, withoutFaceNetwork } from '../support/own-networks.js';
import { sharedFile } from '../support/shared-media.js';

const lfw = sharedFile('media/identities/lfw/known');

interface Place {
  readonly directory: string;
  readonly known: string;
  readonly config: Config;
}

/** A folder of models that holds the base packs, and `people` people with `photographs` photographs each. */
async function place(t: TestContext, people = 22, photographs = 3): Promise<Place> {
  const directory = directoryFor(t);
  // Root runs the network as another user, who must be able to read it.
  await chmod(directory, 0o755);
  const models = join(directory, 'models');
  await mkdir(models);
  await symlink(join(programRoot(), 'models', 'build'), join(models, 'build'));
  const known = join(directory, 'known');
  for (const name of (await readdir(lfw.path)).sort().slice(0, people)) {
    await mkdir(join(known, name), { recursive: true });
    const files = (await readdir(join(lfw.path, name))).sort().slice(0, photographs);
    for (const file of files) await cp(join(lfw.path, name, file), join(known, name, file));
  }
  const config = configSchema.parse({
    site: { id: 'site', timeZone: 'UTC' },
    models: { dir: models },
    // The photographs show large faces in the middle: the light detector finds them all, in a tenth of the time.
    vision: { provider: 'cpu', detector: 'blazeface' },
    logging: { level: 'error' },
  });
  return { directory, known, config };
}

async function add(
  { directory, known, config }: Place,
  network: Uint8Array,
  name = 'site',
): Promise<AddedRecogniser> {
  const file = join(directory, 'network.onnx');
  await writeFile(file, network, { mode: 0o644 });
  const store = await openConfiguredStore(config.models.dir);
  return addRecogniser({ file, name, known, store, config, onProgress: () => undefined });
}

const left = async ({ directory }: Place): Promise<readonly string[]> =>
  (await readdir(join(directory, 'models', 'imported')).catch(() => [])).filter((name) =>
    name.includes('own-'),
  );

/** For a process that embeds photographs with the network that was added. */
const embedderOptions = async ({ config }: Place) => ({
  config,
  recogniser: 'own-site' as const,
  wall: new PhotoWall(await openVisionLauncher('preferred')),
  logger: silentLogger,
  clock,
  random,
});

/** Asserts that the network, whose weights are those of mobilefacenet, embeds photographs for a gallery as that does. */
async function isUsable(at: Place, { pack }: Pick<AddedRecogniser['status'], 'pack'>): Promise<void> {
  const [person = ''] = (await readdir(at.known)).sort();
  const photographs = (await readdir(join(at.known, person))).map((name) => join(at.known, person, name));
  await using analyser = await openTestAnalyser({ recogniser: 'mobilefacenet', detector: 'blazeface' });
  await using embedder = await startPhotoEmbedder(await embedderOptions(at));
  assert.deepEqual([embedder.recogniser, embedder.dimensions], [contractOfPack(pack).id, 192]);
  const templates = [];
  for (const path of photographs) {
    const found = await embedder.embed(await readFile(path));
    if (found.outcome === 'embedded') templates.push({ path, embedding: found.embedding });
  }
  const [a, b] = templates;
  assert.ok(a && b && similarityOf(a.embedding, b.embedding) > 0.4);
  const { embedding } = await samplePhoto(a.path, analyser);
  assert.ok(embedding && similarityOf(a.embedding, embedding) > 0.98);
}

describe('adding a recogniser', { skip: lfw.skip || withoutFaceNetwork }, () => {
  test('finds the preparation and the operating point of a network that a gallery can be moved to, and that is refused once it was altered', async (t) => {
    const at = await place(t);
    const added = await add(at, faceNetwork({ layout: 'NHWC', colours: 'BGR', mean: 0, std: 255 }));
    const { status } = added;
    assert.ok(status.state === 'ready');
    assert.equal(added.tried.find(({ isChosen }) => isChosen)?.preparation, 'BGR, x / 255');
    assert.deepEqual(
      [added.id, added.interface.input.layout, added.interface.output.dimensions],
      ['own-site', 'NHWC', 192],
    );
    const { threshold, people, rates } = added.point;
    assert.ok(threshold > 0.3 && threshold < 0.8, String(threshold));
    assert.ok(people >= 20);
    assert.ok(rates.fpir < 0.02 && rates.fnir < 0.2, JSON.stringify(rates));
    assert.match(describeAdded(added), /threshold 0\.\d+ for an FPIR of 1\.0 %, margin 0\.05/);
    assert.deepEqual(await left(at), ['own-site.json', 'own-site.onnx']);
    await isUsable(at, status);
    const bytes = await readFile(status.path);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    await writeFile(status.path, bytes);
    const options = await embedderOptions(at);
    await assert.rejects(startPhotoEmbedder(options), (error) => isRollcallError(error, 'pack-damaged'));
  });

  test('refuses a network that does not tell people apart, and keeps nothing of it', async (t) => {
    const at = await place(t);
    await assert.rejects(add(at, untrainedNetwork()), (error) => {
      assert.ok(isRollcallError(error, 'own-network-does-not-separate'), String(error));
      assert.match(error.message, /reaches a decidability of .* are needed$/);
      return true;
    });
    assert.deepEqual(await left(at), []);
  });

  test('refuses too few people, a taken name, and a file that is no network', async (t) => {
    const at = await place(t, 19);
    const network = untrainedNetwork();
    await assert.rejects(add(at, network), (error) => isRollcallError(error, 'too-few-photographs'));
    const enough = await place(t);
    for (const bytes of [Buffer.from('no network'), network.subarray(0, network.length - 1000)])
      await assert.rejects(add(enough, bytes), (error) => isRollcallError(error, 'own-network-unfit'));
    await mkdir(join(enough.directory, 'models', 'imported'), { recursive: true });
    await writeFile(join(enough.directory, 'models', 'imported', 'own-site.json'), '{}');
    await assert.rejects(add(enough, network), (error) => isRollcallError(error, 'own-network-exists'));
    await assert.rejects(add(enough, network, 'No'), (error) => isRollcallError(error, 'own-network-name'));
    assert.deepEqual(await left(enough), ['own-site.json']);
  });

  test('refuses photographs without usable faces and says why', async (t) => {
    const at = await place(t, 20);
    const [, ...names] = (await readdir(at.known)).sort();
    for (const name of names)
      for (const file of await readdir(join(at.known, name)))
        await writeFile(join(at.known, name, file), 'no picture');
    await assert.rejects(add(at, untrainedNetwork()), (error) => {
      assert.ok(isRollcallError(error, 'too-few-photographs'));
      assert.match(error.message, /1 person with 3 usable photos; 20 are needed/);
      assert.match(error.message, /left out: not a picture .*: 57/);
      assert.ok(names.every((name) => !JSON.stringify(error.details).includes(name)));
      return true;
    });
  });
});
