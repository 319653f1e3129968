import { GraphBuilder } from './graph-builder.js';
import type { Value } from './network-value.js';
import { readTflite, unsupportedTflite } from './tflite-file.js';
import { Operator } from './tflite-nodes.js';
import { TflitePictures } from './tflite-pictures.js';
import { TfliteRows } from './tflite-rows.js';

/** Side of the crop, pixels. */
const CROP_PX = 256;
const POINTS = 478;

/**
 * The points from which the blendshapes are computed, in the order of the network's input. From MediaPipe's
 * tasks/cc/vision/face_landmarker/face_blendshapes_graph.cc (Apache-2.0).
 */
const BLENDSHAPE_POINTS: readonly number[] = [
  ...[0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65, 66],
  ...[67, 70, 78, 80, 81, 82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136, 144, 145],
  ...[146, 148, 149, 150, 152, 153, 154, 155, 157, 158, 159, 160, 161, 162, 163, 168, 172, 173, 176, 178],
  ...[181, 185, 191, 195, 197, 234, 246, 249, 251, 263, 267, 269, 270, 276, 282, 283, 284, 285, 288, 291],
  ...[293, 295, 296, 297, 300, 308, 310, 311, 312, 314, 317, 318, 321, 323, 324, 332, 334, 336, 338, 356],
  ...[361, 362, 365, 373, 374, 375, 377, 378, 379, 380, 381, 382, 384, 385, 386, 387, 388, 389, 390, 397],
  ...[398, 400, 402, 405, 409, 415, 454, 466, 468, 469, 470, 471, 472, 473, 474, 475, 476, 477],
];
/** `eyeBlinkLeft` and `eyeBlinkRight` among the 52 blendshapes, in the order of the same file. */
const BLINK_SCORES: readonly number[] = [9, 10];

/**
 * MediaPipe's Face Landmarker, from the bundle of its publisher: a zip of three TFLite networks, of which the mesh and the blendshapes
 * are converted into one graph. Input: `image` [N,3,256,256], RGB 0..255. Outputs: `landmarks` [N,478,3] in pixels of the crop,
 * `presence` [N,1] in 0..1, and `blinks` [N,2]: how far the left and the right eye of the subject are closed, 0..1. Throws
 * `network-unsupported`.
 */
export async function convertFaceLandmarker(bundle: Uint8Array): Promise<Uint8Array> {
  // Loaded here alone: a process that reads converted networks needs no archives.
  const { Uint8ArrayReader, Uint8ArrayWriter, ZipReader } = await import(
    '@zip.js/zip.js/lib/zip-core-custom.js'
  );
  const archive = new ZipReader(new Uint8ArrayReader(bundle), { useWebWorkers: false });
  const entries = await archive.getEntries();
  const networkOf = async (name: string) => {
    const entry = entries.find(({ filename }) => filename === name);
    if (entry === undefined || entry.directory) throw unsupportedTflite(`the bundle holds no ${name}`);
    return readTflite(await entry.getData(new Uint8ArrayWriter()));
  };
  const graph = new GraphBuilder('face-landmarker');
  const shape = [3, CROP_PX, CROP_PX];
  const image: Value = { name: graph.input('image', ['batch', ...shape]), shape };
  const mesh = new TflitePictures(graph, await networkOf('face_landmarks_detector.tflite'), image, 1 / 255);
  const landmarks = graph.node('Reshape', [mesh.output('Identity').name, graph.integers([0, POINTS, 3])], {
    output: 'landmarks',
  });
  graph.output('landmarks', ['batch', POINTS, 3]);
  const presence = graph.node('Sigmoid', [mesh.output('Identity_1').name]);
  graph.node('Reshape', [presence, graph.integers([0, 1])], { output: 'presence' });
  graph.output('presence', ['batch', 1]);
  const points = picked(graph, landmarks, BLENDSHAPE_POINTS, 1);
  const rows: Value = { name: picked(graph, points, [0, 1], 2), shape: [BLENDSHAPE_POINTS.length, 2] };
  const blendshapes = new TfliteRows(graph, await networkOf('face_blendshapes.tflite'), rows);
  const scores = graph.node('Reshape', [blendshapes.lastOf(Operator.logistic).name, graph.integers([0, -1])]);
  picked(graph, scores, BLINK_SCORES, 1, 'blinks');
  graph.output('blinks', ['batch', BLINK_SCORES.length]);
  return graph.encode();
}

function picked(
  graph: GraphBuilder,
  from: string,
  places: readonly number[],
  axis: number,
  output?: string,
): string {
  return graph.node('Gather', [from, graph.integers(places)], {
    attributes: { axis },
    ...(output === undefined ? {} : { output }),
  });
}
