import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import sharp from 'sharp';
import { GraphBuilder } from '../../daemon/host/models/convert/graph-builder.js';
import { type ModelStore, openModelStore } from '../../daemon/host/models/store.js';
import { programRoot } from '../../daemon/host/program-files.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { intersectionOverUnion } from '../../daemon/kernel/faces/geometry.js';
import { openNetwork } from '../../daemon/vision/inference/network.js';
import { Recogniser } from '../../daemon/vision/inference/recogniser.js';
import { contractOf } from '../../daemon/vision/inference/recogniser-contract.js';
import { openTestAnalyser, portrait, toPicture } from '../support/inference.js';
import { listenOnLoopback } from '../support/listening.js';
import { sharedFile } from '../support/shared-media.js';
import { samplePhoto } from '../support/tensor-pictures.js';
import { makeCertificate, withoutOpenssl } from '../support/test-certificate.js';

const packs = sharedFile('models');
const stills = sharedFile('media/attack/stills');

let importDir: string;

before(async () => {
  importDir = await mkdtemp(join(tmpdir(), 'rollcall-packs-'));
});
after(async () => {
  await rm(importDir, { recursive: true });
});

/** Where the networks of the ArcFace family have the points in a crop of 112 x 112, as published. */
const template = [
  { x: 38.2946, y: 51.6963 },
  { x: 73.5318, y: 51.5014 },
  { x: 56.0252, y: 71.7366 },
  { x: 41.5493, y: 92.3655 },
  { x: 70.7299, y: 92.2041 },
] as const;

/**
 * A network with the interface of a recogniser that gives back its input: the means of 28 x 28 samples, plane by plane, then a 1
 * that tells their scale, then zeros.
 */
function showingNetwork(dims: number, output: string): Uint8Array {
  const graph = new GraphBuilder('showing');
  const image = graph.input('data', [1, 3, 112, 112]);
  const window = { attributes: { kernel_shape: [28, 28], strides: [28, 28] } };
  const means = graph.node('Reshape', [graph.node('AveragePool', [image], window), graph.integers([1, 48])]);
  const rest = new Float32Array(dims - 48);
  rest[0] = 1;
  const tail = graph.floats([1, rest.length], rest);
  graph.output(graph.node('Concat', [means, tail], { attributes: { axis: 1 }, output }), [1, dims]);
  return graph.encode();
}

/** A level of a band, 28 pixels high, in the picture of the contract's test. */
const bandLevel = (channel: number, band: number): number => 40 + 60 * channel + 10 * band;

describe('the contract of the recognisers that are downloaded', () => {
  for (const [name, { dims, output, scaled }] of Object.entries({
    sface: { dims: 128, output: 'fc1', scaled: (level: number) => level },
    auraface: { dims: 512, output: '1333', scaled: (level: number) => (level - 127.5) / 127.5 },
  })) {
    test(`${name} gets the aligned face in its order and scale, black outside the picture`, async () => {
      const path = join(importDir, `${name}.onnx`);
      await writeFile(path, showingNetwork(dims, output));
      await using network = await openNetwork({ name, path, provider: 'cpu', threads: 1 });
      const recogniser = new Recogniser(network, contractOf(name as 'sface' | 'auraface'));
      const [left, top, widthPx, heightPx] = [40, 20, 200, 104];
      const data = new Uint8Array(3 * widthPx * heightPx);
      for (let i = 0; i < data.length; i++) {
        const band = Math.floor((Math.floor(i / 3 / widthPx) - top) / 28);
        data[i] = bandLevel(i % 3, band);
      }
      const [a, b, c, d, e] = template.map(({ x, y }) => ({ x: x + left, y: y + top }));
      assert.ok(a && b && c && d && e);
      const points = { arcFacePoints: [a, b, c, d, e], fivePoints: [a, b, c, d, e] } as const;
      const embedding = await recogniser.embed({ format: 'rgb24', widthPx, heightPx, data }, points);
      assert.equal(embedding.length, dims);
      const one = embedding[48] ?? 0;
      for (const channel of [0, 1, 2]) {
        for (const band of [0, 1, 2, 3]) {
          // The picture ends where the last band begins: the rest of the crop is black.
          const expected = scaled(band === 3 ? 0 : bandLevel(channel, band));
          for (const column of [0, 1, 2, 3]) {
            const shown = (embedding[16 * channel + 4 * band + column] ?? 0) / one;
            assert.ok(
              Math.abs(shown - expected) < 1e-3 * Math.abs(expected) + 1e-3,
              `${channel} ${band}: ${shown}`,
            );
          }
        }
      }
    });
  }

  test('comes from its publisher over TLS, also interrupted and redirected, and makes templates', {
    skip: withoutOpenssl,
  }, async (t) => {
    const file = Buffer.from(showingNetwork(128, 'fc1'));
    const certificate = makeCertificate('localhost');
    const half = Math.floor(file.length / 2);
    const asked: string[] = [];
    let held: ServerResponse | undefined;
    const server = createServer(
      { cert: certificate.certificate, key: certificate.key },
      (request, response) => {
        const { range } = request.headers;
        asked.push(`${request.url} ${range ?? 'whole'}`);
        if (request.url === '/sface.onnx') return response.writeHead(302, { location: '/store' }).end();
        const from = range === undefined ? 0 : half;
        const place = { 'content-range': `bytes ${from}-${file.length - 1}/${file.length}` };
        response.writeHead(range === undefined ? 200 : 206, {
          'content-length': String(file.length - from),
          ...(range === undefined ? {} : place),
        });
        if (range !== undefined) return response.end(file.subarray(from));
        held = response;
        return response.write(file.subarray(0, half));
      },
    );
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    const port = await listenOnLoopback(server);
    const rootDir = await mkdtemp(join(importDir, 'root-'));
    const own = await openModelStore();
    const packs = own.manifest.packs.map((pack) =>
      pack.id === 'sface'
        ? {
            ...pack,
            sizeBytes: file.length,
            sha256: createHash('sha256').update(file).digest('hex'),
            source: { ...pack.source, url: `https://localhost:${port}/sface.onnx` },
          }
        : pack,
    );
    await mkdir(join(rootDir, 'models'));
    await writeFile(join(rootDir, 'models', 'manifest.json'), JSON.stringify({ format: 1, packs }));
    await symlink(join(programRoot(), 'models', 'build'), join(rootDir, 'models', 'build'));
    const models = await openModelStore({ rootDir });
    // This process does not trust the server.
    await assert.rejects(models.fetch('sface'), (error) => isRollcallError(error, 'publisher-unreachable'));
    assert.deepEqual(asked, []);
    const trusted = join(rootDir, 'authority.pem');
    await writeFile(trusted, certificate.certificate);
    const store = JSON.stringify(new URL('../../daemon/host/models/store.ts', import.meta.url).href);
    const script = `const { openModelStore } = await import(${store});
      const onProgress = ({ receivedBytes }) => console.log('received', receivedBytes);
      await (await openModelStore({ rootDir: process.argv[1] })).fetch('sface', { onProgress });`;
    const fetching = spawn(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', script, rootDir],
      { env: { ...process.env, NODE_EXTRA_CA_CERTS: trusted }, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const ended = once(fetching, 'exit');
    // Broken off after the first half was read: unread bytes of a broken connection are lost.
    for await (const line of createInterface({ input: fetching.stdout }))
      if (line === `received ${half}`) held?.destroy();
    assert.deepEqual(await ended, [0, null]);
    const rest = `bytes=${half}-`;
    assert.deepEqual(asked, ['/sface.onnx whole', '/store whole', `/sface.onnx ${rest}`, `/store ${rest}`]);
    await using analyser = await openTestAnalyser({ models, recogniser: 'sface' });
    const picture = await toPicture(portrait('a'));
    const [found] = await analyser.detect(picture, { smallestFacePx: 100 });
    assert.ok(found);
    const [landmarks] = await analyser.locate(picture, [found.box]);
    assert.ok(landmarks);
    const embedding = await analyser.embed(picture, landmarks);
    assert.deepEqual([analyser.recogniser, embedding.length], ['sface-2021dec-v2', 128]);
    assert.ok(Math.abs(Math.hypot(...embedding) - 1) < 1e-5);
  });
});

/** A store that holds the base packs and the named files, imported as a user would. */
async function storeWith(...files: readonly string[]): Promise<ModelStore> {
  const store = await openModelStore({ importDir: await mkdtemp(join(importDir, 'store-')) });
  for (const file of files) await store.import(join(packs.path, file));
  return store;
}

const YUNETS = {
  'of any size': 'yunet_n_dynamic.onnx',
  'of 640 x 640': 'face_detection_yunet_2023mar.onnx',
} as const;

describe('YuNet', { skip: packs.skip }, () => {
  for (const [size, file] of Object.entries(YUNETS)) {
    test(`${size} finds the faces that the embedded detector finds, in the same places`, async () => {
      await using yunet = await openTestAnalyser({ models: await storeWith(file), detector: 'yunet' });
      await using embedded = await openTestAnalyser();
      let more = 0;
      for (const number of [1, 3, 5, 6]) {
        const picture = await toPicture(sharp(samplePhoto(`sample${number}.jpg`)));
        const found = await yunet.detect(picture, { smallestFacePx: 80 });
        const expected = await embedded.detect(picture, { smallestFacePx: 80 });
        for (const { box } of expected) {
          const overlaps = found.map((detection) => intersectionOverUnion(detection.box, box));
          assert.ok(Math.max(...overlaps) > 0.45, `nothing at ${JSON.stringify(box)}`);
        }
        more += found.length - expected.length;
      }
      // It finds one more: a face at the edge of a photograph.
      assert.ok(more <= 1, `${more} more`);
    });
  }

  test('configured but not installed gives an error that says how to install it', async () => {
    const opening = openTestAnalyser({ models: await storeWith(), detector: 'yunet' });
    await assert.rejects(opening, (error) => {
      assert.ok(isRollcallError(error, 'pack-absent'));
      assert.match(error.remedy ?? '', /rollcall models/);
      return true;
    });
  });
});

describe('MiniFASNet', { skip: packs.skip || stills.skip }, () => {
  test("distinguishes its makers' live picture from their attacks and from a printed face", async () => {
    const models = await storeWith('2.7_80x80_MiniFASNetV2.onnx', '4_0_0_80x80_MiniFASNetV1SE.onnx');
    await using analyser = await openTestAnalyser({ models, passivePad: 'minifasnet' });
    const score = async (still: string) => {
      const picture = await toPicture(sharp(join(stills.path, still)).rotate());
      const [face] = await analyser.detect(picture, { smallestFacePx: 100 });
      assert.ok(face);
      return analyser.passivePad(picture, face.box);
    };
    assert.ok(((await score('minivision_image_T1.jpg')) ?? 0) > 0.9);
    for (const attack of ['minivision_image_F1.jpg', 'minivision_image_F2.jpg', 'roynozoa_spoof_print.jpg']) {
      assert.ok(((await score(attack)) ?? 1) < 0.5, attack);
    }
  });

  test('configured but not installed gives an error that names the pack', async () => {
    const opening = openTestAnalyser({ models: await storeWith(), passivePad: 'minifasnet' });
    await assert.rejects(opening, (error) => {
      assert.ok(isRollcallError(error, 'pack-absent'));
      assert.match(error.message, /minifasnet/);
      return true;
    });
  });
});
