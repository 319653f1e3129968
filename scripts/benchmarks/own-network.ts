/**
 * What `rollcall models add-recogniser` finds out: scripts/bench own-network --known DIR [--people N] [--photographs N]. Adds three
 * networks to an empty folder of models: MobileFaceNet exported with two other inputs, and one that nobody trained.
 */
import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { configSchema } from '../../daemon/contract/settings/schema.js';
import { openConfiguredStore } from '../../daemon/host/models/configured-store.js';
import { programRoot } from '../../daemon/host/program-files.js';
import { messageOf } from '../../daemon/kernel/errors.js';
import { readPeople } from '../../daemon/lab/labelled-collection.js';
import { addRecogniser, describeAdded } from '../../daemon/lab/own-recognisers.js';
import { faceNetwork, untrainedNetwork } from '../../test/support/own-networks.js';
import { readOptions } from '../options.js';

const { values } = readOptions('scripts/bench own-network', {
  options: { known: { type: 'string' }, people: { type: 'string' }, photographs: { type: 'string' } },
});
if (values.known === undefined) throw new Error('give --known DIR');
const [mostPeople, mostPhotographs] = [values.people, values.photographs].map((text) =>
  text === undefined ? undefined : Number(text),
);

const networks = {
  'pixel by pixel, BGR, x / 255': faceNetwork({ layout: 'NHWC', colours: 'BGR', mean: 0, std: 255 }),
  'planes, RGB, (x - 127.5) / 127.5': faceNetwork({
    ...{ layout: 'NCHW', colours: 'RGB', mean: 127.5, std: 127.5 },
  }),
  untrained: untrainedNetwork(),
};

const directory = await mkdtemp(join(tmpdir(), 'rollcall-own-'));
try {
  // Root runs the networks as another user.
  await chmod(directory, 0o755);
  const [models, known] = [join(directory, 'models'), join(directory, 'known')];
  await mkdir(models);
  await symlink(join(programRoot(), 'models', 'build'), join(models, 'build'));
  for (const { name, paths } of (await readPeople(resolve(values.known))).slice(0, mostPeople)) {
    await mkdir(join(known, name), { recursive: true });
    for (const [index, path] of paths.slice(0, mostPhotographs).entries())
      await symlink(path, join(known, name, `${index}-${path.slice(path.lastIndexOf('/') + 1)}`));
  }
  console.log(`${(await readdir(known)).length} people`);
  const config = configSchema.parse({ site: { id: 'bench', timeZone: 'UTC' }, models: { dir: models } });
  for (const [index, [title, network]] of Object.entries(networks).entries()) {
    const file = join(directory, 'network.onnx');
    await writeFile(file, network, { mode: 0o644 });
    const store = await openConfiguredStore(models);
    const options = { file, name: `network-${index}`, known, store, config, onProgress: () => undefined };
    const startedMs = performance.now();
    const text = await addRecogniser(options).then(describeAdded, messageOf);
    console.log(`\n${title} (${Math.round((performance.now() - startedMs) / 1000)} s)\n${text}`);
  }
} finally {
  await rm(directory, { recursive: true });
}
