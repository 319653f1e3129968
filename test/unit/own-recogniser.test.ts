import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parseConfig } from '../../daemon/contract/settings/load.js';
import { configSchema } from '../../daemon/contract/settings/schema.js';
import { examineBox } from '../../daemon/core/doctor/doctor.js';
import { GraphBuilder } from '../../daemon/host/models/convert/graph-builder.js';
import type { ModelPack } from '../../daemon/host/models/model-manifest.js';
import { readRecogniserInterface } from '../../daemon/host/models/onnx-interface.js';
import {
  LARGEST_OWN_BYTES,
  readOwnNetwork,
  readWhole,
  stageOwnNetwork,
} from '../../daemon/host/models/own-recogniser.js';
import { openModelStore } from '../../daemon/host/models/store.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { recogniserId } from '../../daemon/kernel/ids.js';
import { addRecogniser, ownId, removeRecogniser, thresholdsOf } from '../../daemon/lab/own-recognisers.js';
import { describedInterface, preparations } from '../../daemon/vision/inference/preparation.js';
import { contractOfPack, isVersionOf } from '../../daemon/vision/inference/recogniser-contract.js';
import { matchPolicy } from '../../daemon/vision/operating-point.js';
import { chooseRecogniser, recogniserInUse } from '../../daemon/vision/recogniser-in-use.js';
import {
  enrolPersons,
  temporaryDirectory as galleryDirectory,
  galleryOptions,
} from '../support/gallery-fixture.js';
import { untrainedNetwork } from '../support/own-networks.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

type Dims = readonly (number | string)[];

/** A graph of one node with these inputs and outputs. */
function graphOf(inputs: readonly Dims[], outputs: readonly Dims[]): Uint8Array {
  const graph = new GraphBuilder('made-up');
  const names = inputs.map((dims, index) => graph.input(`in${index}`, dims));
  for (const [index, dims] of outputs.entries())
    graph.output(graph.node('Flatten', [names[0] ?? 'none'], { output: `out${index}` }), dims);
  return graph.encode();
}

/** A field of a protobuf message that holds bytes. */
function field(id: number, bytes: Uint8Array): Uint8Array {
  const head: number[] = [];
  for (const value of [(id << 3) | 2, bytes.length]) {
    let rest = value;
    for (; rest > 127; rest >>>= 7) head.push((rest & 127) | 128);
    head.push(rest);
  }
  return Buffer.concat([Uint8Array.from(head), bytes]);
}

/** A good graph to which `more` was added: a later `graph` field is merged into the first. */
const goodGraphWith = (more: Uint8Array): Uint8Array =>
  Buffer.concat([graphOf([['n', 3, 112, 112]], [['n', 512]]), field(7, more)]);

const unfit = (pattern: RegExp) => (error: unknown) => {
  assert.ok(isRollcallError(error, 'own-network-unfit'), String(error));
  assert.match(error.message, pattern);
  assert.ok(error.remedy);
  return true;
};

describe('the interface of a network', () => {
  test('is read for one face and for any number of faces, in both layouts', () => {
    for (const [input, output, layout, dimensions] of [
      [['None', 3, 112, 112], [1, 512], 'NCHW', 512],
      [[1, 3, 112, 112], [1, 64], 'NCHW', 64],
      [[1, 112, 112, 3], ['n', 1024], 'NHWC', 1024],
      [['n', 112, 112, 3], ['n', 128], 'NHWC', 128],
    ] as const) {
      const found = readRecogniserInterface(graphOf([input], [output]));
      assert.deepEqual(found, { input: { name: 'in0', layout }, output: { name: 'out0', dimensions } });
    }
  });

  test('refuses what is no recogniser of aligned faces', () => {
    const face = [1, 3, 112, 112];
    for (const [bytes, reason] of [
      [graphOf([[1, 3, 160, 160]], [[1, 512]]), /its input has the shape 1x3x160x160/],
      [graphOf([[2, 3, 112, 112]], [[2, 512]]), /its input has the shape 2x3x112x112/],
      [graphOf([['n', 3, 'height', 'width']], [[1, 512]]), /shape \?x3x\?x\?/],
      [graphOf([face, face], [[1, 512]]), /2 inputs/],
      [
        graphOf(
          [face],
          [
            [1, 512],
            [1, 1],
          ],
        ),
        /2 outputs/,
      ],
      [graphOf([face], [[1, 32]]), /its output has the shape 1x32/],
      [graphOf([face], [[1, 2048]]), /its output has the shape 1x2048/],
      [graphOf([face], [[1, 512, 1, 1]]), /its output has the shape 1x512x1x1/],
      [graphOf([face], [[]]), /its output has the shape of a single number/],
      [Buffer.from('PK\u0003\u0004 no network'), /not an ONNX|is not an ONNX/],
      [new Uint8Array(), /not an ONNX file/],
    ] as const)
      assert.throws(() => readRecogniserInterface(bytes), unfit(reason));
  });

  test('refuses weights in other files, wherever the graph names them', () => {
    const external = field(13, field(1, Buffer.from('location')));
    const node = (attribute: Uint8Array) => field(1, field(5, attribute));
    for (const more of [field(5, external), node(field(5, external)), node(field(10, external))])
      assert.throws(() => readRecogniserInterface(goodGraphWith(more)), unfit(/in other files/));
    const byLocation = field(5, Uint8Array.from([14 << 3, 1]));
    assert.throws(() => readRecogniserInterface(goodGraphWith(byLocation)), unfit(/in other files/));
  });

  test('refuses loops, functions, sparse weights and operators of others', () => {
    const node = (attribute: Uint8Array) => field(1, field(5, attribute));
    const inner = Buffer.from([8, 1]);
    assert.throws(() => readRecogniserInterface(goodGraphWith(node(field(6, inner)))), unfit(/loops/));
    assert.throws(() => readRecogniserInterface(goodGraphWith(node(field(11, inner)))), unfit(/loops/));
    assert.throws(() => readRecogniserInterface(goodGraphWith(node(field(22, inner)))), unfit(/sparse/));
    assert.throws(() => readRecogniserInterface(goodGraphWith(field(15, inner))), unfit(/sparse/));
    const foreign = field(1, field(7, Buffer.from('com.example')));
    assert.throws(() => readRecogniserInterface(goodGraphWith(foreign)), unfit(/not part of ONNX/));
    const functions = Buffer.concat([graphOf([[1, 3, 112, 112]], [[1, 512]]), field(25, inner)]);
    assert.throws(() => readRecogniserInterface(functions), unfit(/functions/));
    assert.equal(readRecogniserInterface(goodGraphWith(node(inner))).output.dimensions, 512);
  });
});

/** A description as `add-recogniser` writes it. */
function packFor(id: string, sha256: string, sizeBytes: number): ModelPack {
  const [preparation] = preparations;
  assert.ok(preparation);
  const found = readRecogniserInterface(untrainedNetwork());
  const point = { scale: 'cosine', origin: 'made up' };
  return {
    ...{ id, role: 'recogniser', title: 'made up', source: { kind: 'own' }, file: `${id}.onnx` },
    ...{ sha256, sizeBytes, licence: { name: 'none', origin: 'none' } },
    ...describedInterface(found, preparation),
    thresholds: [
      { name: 'threshold', value: 0.4, ...point },
      { name: 'margin', value: 0.05, ...point },
    ],
  };
}

/** A directory of models with the network `own-site`. */
async function installed(directory: string): Promise<string> {
  const importDir = join(directory, 'imported');
  const bytes = untrainedNetwork();
  await using staged = await stageOwnNetwork(importDir, 'own-site', bytes);
  await staged.install(packFor('own-site', staged.sha256, bytes.length));
  return importDir;
}

const code = (expected: string) => (error: unknown) => isRollcallError(error, expected);

describe('a network that is to be added', () => {
  test('is refused if others may change it, if it is too large, and if it is no file', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'network.onnx');
    await writeFile(path, 'x');
    for (const mode of [0o664, 0o646, 0o666]) {
      await chmod(path, mode);
      await assert.rejects(readWhole(path), (error) => {
        assert.ok(isRollcallError(error, 'own-file-exposed'));
        assert.match(error.remedy ?? '', /chmod go-w/);
        return true;
      });
    }
    await chmod(path, 0o644);
    assert.equal(String(await readWhole(path)), 'x');
    await truncate(path, LARGEST_OWN_BYTES + 1);
    await assert.rejects(readWhole(path), /is larger than 600 MB/);
    await assert.rejects(readWhole(directory.path), code('own-file-unusable'));
    await assert.rejects(readWhole(join(directory.path, 'missing')), code('pack-unreadable'));
  });

  test('leaves nothing behind unless it is installed', async () => {
    await using directory = await temporaryDirectory();
    const importDir = join(directory.path, 'imported');
    {
      await using staged = await stageOwnNetwork(importDir, 'own-site', untrainedNetwork());
      assert.equal((await readdir(importDir)).length, 1);
      assert.equal((await stat(staged.path)).mode & 0o777, 0o644);
      const other = packFor('own-site', staged.sha256, 1);
      await assert.rejects(staged.install({ ...other, source: { kind: 'npm' } as never }));
    }
    assert.deepEqual(await readdir(importDir), []);
  });

  test('has a name that fits into the configuration and into file names', () => {
    assert.deepEqual(
      [ownId('site'), ownId('own-site'), ownId('r50-v2')],
      ['own-site', 'own-site', 'own-r50-v2'],
    );
    for (const name of ['', 'Site', '../x', 'a b', 'a/b', '-a', 'a'.repeat(37)])
      assert.throws(() => ownId(name), code('own-network-name'), name);
  });
});

describe('a network that was added', () => {
  test('is listed, is chosen like any other, and brings its operating point', async () => {
    await using directory = await temporaryDirectory();
    const store = await openModelStore({ importDir: await installed(directory.path) });
    const status = (await store.list()).find(({ pack }) => pack.id === 'own-site');
    assert.equal(status?.state, 'ready');
    for (const file of ['own-site.onnx', 'own-site.json'])
      assert.equal((await stat(join(directory.path, 'imported', file))).mode & 0o777, 0o644);
    const used = recogniserInUse(store, 'own-site');
    assert.equal(used.dimensions, 128);
    assert.match(used.id, /^own-site-[0-9a-f]{16}$/);
    const loaded = parseConfig('site: { id: office, timeZone: UTC }\nvision: { recogniser: own-site }\n');
    assert.ok(loaded.ok);
    assert.deepEqual(matchPolicy(loaded.config, used.pack), {
      threshold: 0.4,
      margin: 0.05,
      minimumProbes: 2,
    });
    for (const gallery of [{ made: used.id }, { made: recogniserId('dlib-resnet-v1'), readyFor: used.id }])
      assert.equal((await chooseRecogniser(store, 'auto', gallery)).name, 'own-site');
    assert.equal((await chooseRecogniser(store, 'own-site')).reason, 'configured');
  });

  test('gets another id if the network, its preparation or its operating point changes', () => {
    const pack = packFor('own-site', 'a'.repeat(64), 1);
    const changes: readonly Partial<ModelPack>[] = [
      { sha256: 'b'.repeat(64) },
      { input: { ...pack.input, colours: 'BGR' } },
      { input: { ...pack.input, std: [128, 128, 128] } },
      { thresholds: pack.thresholds.map((point) => ({ ...point, value: 0.01 })) },
    ];
    const ids = [pack, ...changes.map((change) => ({ ...pack, ...change }))].map(
      (each) => contractOfPack(each).id,
    );
    assert.equal(new Set(ids).size, ids.length);
    for (const id of ids) assert.ok(isVersionOf(id, 'own-site'));
    assert.equal(contractOfPack({ ...pack, title: 'another title' }).id, ids[0]);
    assert.ok(!isVersionOf(contractOfPack({ ...pack, id: 'own-site-b' }).id, 'own-site'));
  });

  test('is refused by the configuration if its name could be a path', () => {
    for (const name of ['own-', 'own-../x', 'own-A', 'mine']) {
      const loaded = parseConfig(`site: { id: office, timeZone: UTC }\nvision: { recogniser: "${name}" }\n`);
      assert.ok(!loaded.ok, name);
      assert.match(loaded.problems[0]?.message ?? '', /or own-NAME for an added network$/);
    }
  });

  test('is not loaded once its file was altered or others may change it', async () => {
    await using directory = await temporaryDirectory();
    const importDir = await installed(directory.path);
    const store = await openModelStore({ importDir });
    const pack = store.pack('own-site');
    const path = join(importDir, 'own-site.onnx');
    assert.equal((await readOwnNetwork(path, pack)).length, pack.sizeBytes);
    const bytes = await readFile(path);
    bytes[1000] = (bytes[1000] ?? 0) ^ 1;
    await writeFile(path, bytes);
    await assert.rejects(readOwnNetwork(path, pack), code('pack-damaged'));
    await assert.rejects(store.path('own-site'), code('pack-damaged'));
    await chmod(path, 0o666);
    await assert.rejects(readOwnNetwork(path, pack), code('own-file-exposed'));
  });

  test('cannot be used with a description that is damaged, exposed or about something else', async () => {
    await using directory = await temporaryDirectory();
    const importDir = await installed(directory.path);
    const description = join(importDir, 'own-site.json');
    const text = await readFile(description, 'utf8');
    const reasonAfter = async (change: () => Promise<unknown>): Promise<string> => {
      await change();
      const store = await openModelStore({ importDir });
      const [unusable] = store.unusableOwn;
      assert.deepEqual([store.own.length, unusable?.id], [0, 'own-site']);
      assert.throws(() => store.pack('own-site'), code('own-network-unusable'));
      return `${unusable?.reason}`;
    };
    const changed = (change: Partial<ModelPack>) => () =>
      writeFile(description, JSON.stringify({ ...JSON.parse(text), ...change }));
    await reasonAfter(() => writeFile(description, '{'));
    for (const change of [
      { id: 'own-other', file: 'own-other.onnx' },
      { file: 'own-other.onnx' },
      { thresholds: [] },
      { role: 'detector' },
      { source: { kind: 'import', publisher: 'x', page: 'https://example.com' } },
    ] satisfies readonly Partial<ModelPack>[])
      await reasonAfter(changed(change));
    await writeFile(description, text);
    assert.match(
      await reasonAfter(() => chmod(description, 0o664)),
      /other users may change .*own-site\.json/,
    );
    await chmod(description, 0o644);
    assert.match(await reasonAfter(() => chmod(importDir, 0o777)), /other users may change .*imported/);
    await chmod(importDir, 0o755);
    assert.equal((await openModelStore({ importDir })).own.length, 1);
  });

  test('is found by doctor when it is missing or altered, with cause and remedy', async () => {
    await using directory = await temporaryDirectory();
    const importDir = await installed(directory.path);
    const path = join(directory.path, 'rollcall.yaml');
    const settings = `site: { id: site, timeZone: UTC }\ndataDir: ${directory.path}/data\nsecretsDir: ${directory.path}/secrets\ncontrol: { socketPath: ${directory.path}/run/control.sock }\nmodels: { dir: ${directory.path} }\nvision: { recogniser: own-site }\n`;
    await writeFile(path, settings);
    const finding = async () => {
      const findings = await examineBox(path, { unitDirectories: [] });
      return findings.find(({ check }) => check === 'model own-site');
    };
    assert.equal((await finding())?.outcome, 'ok');
    await writeFile(join(importDir, 'own-site.onnx'), untrainedNetwork(2));
    const altered = await finding();
    assert.deepEqual(
      [altered?.outcome, altered?.message],
      ['failed', `${importDir}/own-site.onnx is damaged`],
    );
    assert.match(altered?.remedy ?? '', /who changed it.*models remove own-site/);
    await removeRecogniser('site', await openModelStore({ importDir }), undefined);
    const missing = await finding();
    assert.match(missing?.message ?? '', /its description is missing/);
    assert.match(missing?.remedy ?? '', /add-recogniser/);
    await mkdir(importDir, { recursive: true });
    await writeFile(join(importDir, 'own-site.json'), 'no description');
    assert.equal((await finding())?.outcome, 'failed');
  });
});

describe('the photos that prove a network', () => {
  test('are three each of 20 people, before the network is looked at', async () => {
    await using directory = await temporaryDirectory();
    const [known, file] = [join(directory.path, 'known'), join(directory.path, 'network.onnx')];
    // A network that others may change is refused without being read.
    await writeFile(file, untrainedNetwork());
    await chmod(file, 0o666);
    const store = await openModelStore({ importDir: join(directory.path, 'imported') });
    const added = () =>
      addRecogniser({ file, name: 'site', known, store, config: undefined, onProgress: () => undefined });
    for (let person = 1; person <= 20; person += 1) {
      const folder = join(known, `person ${person}`);
      await mkdir(folder, { recursive: true });
      for (const photo of ['a.jpg', 'b.jpg']) await writeFile(join(folder, photo), '');
      if (person > 1) await writeFile(join(folder, 'c.jpg'), '');
    }
    await assert.rejects(added(), { code: 'too-few-photographs', message: / has 19 people with 3 / });
    await writeFile(join(known, 'person 1', 'c.jpg'), '');
    await assert.rejects(added(), { code: 'own-file-exposed' });
  });
});

describe('the preparations that are tried with a network', () => {
  /** What black, medium grey and white become, of each colour in the order of the network. */
  const prepared = (title: string): readonly (readonly number[])[] => {
    const found = preparations.find((each) => each.title === title);
    assert.ok(found, title);
    const { mean, std } = found;
    const rounded = (value: number): number => Math.round(value * 10_000) / 10_000 + 0;
    return [0, 1, 2].map((at) =>
      [0, 127.5, 255].map((value) => rounded((value - (mean[at] ?? 0)) / (std[at] ?? 0))),
    );
  };
  const grey = (...values: readonly number[]) => [values, values, values];

  test('give the numbers that their titles say', () => {
    assert.equal(preparations.length, 10);
    for (const colours of ['RGB', 'BGR']) {
      assert.deepEqual(prepared(`${colours}, (x - 127.5) / 127.5`), grey(-1, 0, 1));
      assert.deepEqual(prepared(`${colours}, (x - 127.5) / 128`), grey(-0.9961, 0, 0.9961));
      assert.deepEqual(prepared(`${colours}, 0 to 255`), grey(0, 127.5, 255));
      assert.deepEqual(prepared(`${colours}, x / 255`), grey(0, 0.5, 1));
    }
    // As torchvision publishes them, for values from 0 to 1: means 0.485, 0.456, 0.406; deviations 0.229, 0.224, 0.225.
    const red = [-2.1179, 0.0655, 2.2489];
    const green = [-2.0357, 0.1964, 2.4286];
    const blue = [-1.8044, 0.4178, 2.64];
    assert.deepEqual(prepared('RGB, mean and deviation of ImageNet'), [red, green, blue]);
    assert.deepEqual(prepared('BGR, mean and deviation of ImageNet'), [blue, green, red]);
  });
});

describe('removing a network', () => {
  const config = (more: object) => configSchema.parse({ site: { id: 'office', timeZone: 'UTC' }, ...more });

  test('is refused while the configuration names it or the gallery holds its templates', async (t) => {
    const directory = galleryDirectory(t);
    const importDir = await installed(directory);
    const store = await openModelStore({ importDir });
    const recogniser = contractOfPack(store.pack('own-site')).id;
    const inUse = code('own-network-in-use');
    const named = config({ vision: { recogniser: 'own-site' } });
    await assert.rejects(removeRecogniser('site', store, named), inUse);
    const options = galleryOptions(directory, { recogniser });
    await enrolPersons(options, 1);
    const automatic = config({ gallery: { path: options.path } });
    await assert.rejects(removeRecogniser('own-site', store, automatic), inUse);
    const other = config({ gallery: { path: join(directory, 'no-gallery.db') } });
    assert.equal(await removeRecogniser('own-site', store, other), 'own-site');
    assert.deepEqual(
      (await readdir(importDir)).filter((name) => name.startsWith('own-')),
      [],
    );
    await assert.rejects(removeRecogniser('own-site', store, other), code('pack-unknown'));
    for (const name of ['mobilefacenet', '../x'])
      await assert.rejects(removeRecogniser(name, store, other), isRollcallError);
  });

  test('also removes one whose description cannot be used', async () => {
    await using directory = await temporaryDirectory();
    const importDir = await installed(directory.path);
    await writeFile(join(importDir, 'own-site.json'), '{}');
    const store = await openModelStore({ importDir });
    assert.equal(store.unusableOwn.length, 1);
    await removeRecogniser('site', store, undefined);
    assert.equal(store.unusableOwn.length, 0);
  });
});

test('the thresholds of an own recogniser say how they were measured, and on how much', () => {
  const samples = (count: number) => ({ samples: Array.from({ length: count }, () => ({})) });
  const point = {
    ...{ threshold: 0.42, people: 3, matedSearches: 40, nonMatedSearches: 50 },
    rates: { fpir: 0.0123, fnir: 0.25 },
  };
  const separation = { decidability: 3.456, equalErrorRate: 0.031, genuine: 7, impostor: 20 };
  const chosen = { sampled: [samples(4), samples(5)], separation };
  const [threshold, margin] = thresholdsOf(
    ...([point, 0.01, chosen] as unknown as Parameters<typeof thresholdsOf>),
  );
  assert.deepEqual(
    [threshold?.name, threshold?.value, margin?.name, margin?.value],
    ['threshold', 0.42, 'margin', 0.05],
  );
  const [measured, ...figures] = (threshold?.origin ?? '').split('; ');
  assert.match(
    measured ?? '',
    /^measured on \d{4}-\d\d-\d\d for an FPIR of 0\.01 with 9 photos of 3 people$/,
  );
  assert.deepEqual(figures, [
    'FPIR 1.2 % in 50 searches of people who were left out',
    'FNIR 25.0 % in 40 searches of enrolled people',
    'decidability 3.46, equal error rate 3.1 % in 27 comparisons',
  ]);
});
