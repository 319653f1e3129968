import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { convertFaceLandmarker } from '../../daemon/host/models/convert/face-landmarker.js';
import { MESH_POINTS, meshBox, meshPoint } from '../../daemon/kernel/faces/face-mesh.js';
import { FaceMeshNetwork, faceLandmarkerContract } from '../../daemon/vision/inference/face-mesh-network.js';
import { type LoadedNetwork, openNetwork } from '../../daemon/vision/inference/network.js';
import { startBrowser, withoutChromium } from '../support/browser.js';
import { portrait, toPicture } from '../support/inference.js';
import { sharedFile } from '../support/shared-media.js';

const bundle = sharedFile('models/face_landmarker.task');

/** What MediaPipe's library finds in a photograph: points in parts of its width and height, and blendshapes. */
interface LibraryFace {
  readonly points: readonly { readonly x: number; readonly y: number }[];
  readonly blinks: readonly [left: number, right: number];
}

/** Serves the library, the bundle and the photograph to the page, without a network. */
async function openLibrary(browser: Browser): Promise<Page> {
  const library = dirname(createRequire(import.meta.url).resolve('@mediapipe/tasks-vision'));
  const page = await browser.newPage();
  await page.route('http://localhost/**', async (route) => {
    const name = new URL(route.request().url()).pathname;
    if (name === '/') await route.fulfill({ contentType: 'text/html', body: libraryPage });
    else if (name === '/face_landmarker.task') await route.fulfill({ path: bundle.path });
    else await route.fulfill({ path: join(library, name) });
  });
  await page.goto('http://localhost/');
  return page;
}

/** From the second frame on, the library crops around the points of the frame before, as rollcall does. */
const libraryPage = `<!doctype html><script type="module">
  import { FaceLandmarker, FilesetResolver } from '/vision_bundle.mjs';
  globalThis.faceIn = async (source) => {
    const landmarker = await FaceLandmarker.createFromOptions(await FilesetResolver.forVisionTasks('/wasm'), {
      baseOptions: { modelAssetPath: '/face_landmarker.task', delegate: 'CPU' },
      outputFaceBlendshapes: true,
      runningMode: 'VIDEO',
    });
    const image = await createImageBitmap(await (await fetch(source)).blob());
    for (const atMs of [0, 33, 66]) landmarker.detectForVideo(image, atMs);
    const { faceLandmarks, faceBlendshapes } = landmarker.detectForVideo(image, 100);
    const blinks = ['eyeBlinkLeft', 'eyeBlinkRight'].map(
      (name) => faceBlendshapes[0].categories.find(({ categoryName }) => categoryName === name).score,
    );
    return { points: faceLandmarks[0].map(({ x, y }) => ({ x, y })), blinks };
  };
</script>`;

function libraryFace(page: Page, png: Buffer): Promise<LibraryFace> {
  return page.evaluate<LibraryFace>(`faceIn('data:image/png;base64,${png.toString('base64')}')`);
}

describe('the converted Face Landmarker', { skip: bundle.skip || withoutChromium }, () => {
  let directory: string;
  let browser: Browser;
  let page: Page;
  let network: LoadedNetwork;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rollcall-landmarker-'));
    const path = join(directory, 'face-landmarker.onnx');
    await writeFile(path, await convertFaceLandmarker(await readFile(bundle.path)));
    network = await openNetwork({ name: basename(path), path, provider: 'cpu', threads: 1 });
    browser = await startBrowser();
    page = await openLibrary(browser);
  });
  after(async () => {
    await browser?.close();
    await network?.[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  for (const name of ['a', 'b', 'c'] as const) {
    test(`finds the points and the closure of the eyes of portrait ${name} as MediaPipe's library does`, async (t) => {
      const picture = await toPicture(portrait(name));
      const expected = await libraryFace(page, await portrait(name).png().toBuffer());
      const mesh = new FaceMeshNetwork(network, faceLandmarkerContract);
      const points = expected.points.map(({ x, y }) => ({ x: x * picture.widthPx, y: y * picture.heightPx }));
      const box = meshBox(Float32Array.from(points.slice(0, MESH_POINTS).flatMap(({ x, y }) => [x, y, 0])));
      const [outer, other] = [points[33], points[263]];
      assert.ok(outer !== undefined && other !== undefined);
      const rollDeg = (Math.atan2(other.y - outer.y, other.x - outer.x) * 180) / Math.PI;
      const [found] = await mesh.locate(picture, [{ ...box, rollDeg }]);
      assert.ok(found?.closures !== undefined);
      assert.ok(found.presence > 0.9, `presence ${found.presence}`);
      const errors = Array.from({ length: MESH_POINTS }, (_, index) => {
        const { x, y } = meshPoint(found.mesh, index);
        return Math.hypot(x - (points[index]?.x ?? 0), y - (points[index]?.y ?? 0)) / box.width;
      });
      const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
      const { left, right } = found.closures;
      const apart = [left - expected.blinks[0], right - expected.blinks[1]].map(Math.abs);
      t.diagnostic(
        `points apart by ${(100 * mean).toFixed(2)} % of the width on average, ${(100 * Math.max(...errors)).toFixed(2)} % at most; closures by ${Math.max(...apart).toFixed(3)}`,
      );
      assert.ok(mean < 0.005, `${mean}`);
      assert.ok(Math.max(...apart) < 0.05, `${apart}`);
    });
  }
});
