import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { maximumClipFiles } from '../../daemon/contract/liveness.js';
import { isDeviceService } from '../../daemon/contract/vision/vision-answers.js';
import { mostUnreadBytes } from '../../daemon/contract/vision/vision-channel.js';
import { orderLimits, orderSchema } from '../../daemon/contract/vision/vision-orders.js';
import {
  answerTo,
  largestPictureOf,
  readReport,
  reportLimits,
  reportSchema,
  stageBoundsS,
} from '../../daemon/contract/vision/vision-reports.js';
import { newKeyPair, sealTo } from '../../daemon/host/sealed-box.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { largestBestShotBytes } from '../../daemon/kernel/faces/best-shot.js';
import { largestClipFrameBytes, mostClipFrames } from '../../daemon/kernel/passages/clip.js';
import { cameraPlan } from '../support/camera-plan.js';

type Shape = Readonly<Record<string, unknown>>;
/** A number that the schema takes, one that it refuses, and the message that has it. */
type Bound = readonly [what: string, taken: number, refused: number, message: (value: number) => Shape];

const times = <T>(count: number, each: T): readonly T[] => Array.from({ length: count }, () => each);
const letters = (count: number): string => 'x'.repeat(count);

const problem = { code: 'c', message: 'm', remedy: 'r' };
const quality = { score: 0.5, reasons: [] };
const face = { number: 1, place: 'left', box: { x: 0, y: 0, width: 9, height: 9 } };
/** 1024 values of 4 bytes, in base64. */
const longestEmbedding = 5464;

const answer =
  (type: string, result: Shape) =>
  (changes: Shape): Shape => ({ type, request: 1, result: { ...result, ...changes } });

const photo = answer('photo', { outcome: 'ok', embeddingBase64: '', recogniser: 'r', quality });
const picked = answer('photo', { outcome: 'refused', ...problem });
const faces = answer('faces', { outcome: 'ok', recogniser: 'r', faceCount: 1, faces: [] });
const main = {
  ...{ face, quality, yawDeg: 0, pitchDeg: 0, openness: 1, meanLuma: 100, lumaAround: 100 },
};
const guided = answer('guided', { outcome: 'ok', recogniser: 'r', widthPx: 9, heightPx: 9, faceCount: 1 });
const lookingAs = (changes: Shape): Shape => guided({ main: { ...main, ...changes } });
const cut = answer('clip-cut', { outcome: 'ok', sizes: [1] });
const tested = answer('camera-test', {
  ...{ outcome: 'ok', firstFrameMs: 1, measuredFps: 1, decodingCores: null, framesAnalysed: 0 },
  ...{ problems: [], faces: [] },
  stream: { codec: 'h264', widthPx: 1, heightPx: 1, fps: null, decoder: 'software' },
});
const evidence = { blinks: [], unboundBlinks: [], gestures: [], observedS: 0, frameCount: 0 };
const clip = answer('clip', {
  ...{ outcome: 'ok', durationS: 1, faceWidthPx: 1, faceCount: 1, recogniser: 'r', probes: [] },
  liveness: { verdict: 'undetermined', reason: 'observed-too-briefly', evidence },
});
const input = { name: 'in', layout: 'NCHW' };
const output = { name: 'out', dimensions: 128 };
const network = answer('own-network', { outcome: 'ok', input, output });
const tried = answer('own-network-tried', { refusal: null, embeddings: [] });
const discovered = answer('discovered', { devices: [], isCutShort: false });
const device = (changes: Shape): Shape =>
  discovered({ devices: [{ address: '192.0.2.1', services: [], ...changes }] });

const clipFrame = { capturedAtMs: 1, bytes: 1 };
const taken = (frames: readonly Shape[]): Shape => answer('clip-taken', { outcome: 'ok' })({ frames });

const view = { quality, widthPx: 9, sharpness: 0, yawDeg: 0, meanLuma: 0 };
const seen = {
  ...{ trackId: 't', number: 1, view, openness: [] },
  liveness: { verdict: 'live', reason: 'blinked', blinkCount: 1, observedS: 1 },
};
const inSight = (all: readonly Shape[]): Shape => ({
  ...{ type: 'faces-in-sight', cameraId: 'door', capturedAtMs: 1, faces: all },
});
const viewedAs = (changes: Shape): Shape => inSight([{ ...seen, view: { ...view, ...changes } }]);
const counting = (changes: Shape): Shape => ({
  ...{ type: 'progress', processorMs: 1 },
  cameras: [{ id: 'door', counters: {}, stageTimes: {}, ...changes }],
});
const failing = (changes: Shape): Shape => ({ type: 'failed', ...problem, ...changes });

const ofReports: readonly Bound[] = [
  ['letters of a text', 2000, 2001, (count) => failing({ message: letters(count) })],
  ['a request', 0, -1, (request) => ({ type: 'camera-closed', request })],
  [
    'letters of an embedding',
    longestEmbedding,
    longestEmbedding + 1,
    (count) => photo({ embeddingBase64: letters(count) }),
  ],
  [
    'warnings of a photo',
    2,
    3,
    (count) => photo({ quality: { ...quality, warnings: times(count, 'cut-off') } }),
  ],
  ['faces of a photo', 0, -1, (faceCount) => photo({ taken: { face, faceCount } })],
  ['the number of a face', 1, 0, (number) => photo({ taken: { face: { ...face, number }, faceCount: 2 } })],
  ['the place of a face', 0, -1, (x) => picked({ faces: [{ ...face, box: { ...face.box, x } }] })],
  [
    'the side of a face',
    1e6,
    1e6 + 1,
    (width) => picked({ faces: [{ ...face, box: { ...face.box, width } }] }),
  ],
  ['faces to pick from', 200, 201, (count) => picked({ faces: times(count, face) })],
  ['faces of a picture', 16, 17, (count) => faces({ faces: times(count, { face, quality }) })],
  ['degrees', 180, 180.1, (yawDeg) => lookingAs({ yawDeg })],
  ['negative degrees', -180, -180.1, (pitchDeg) => lookingAs({ pitchDeg })],
  ['openness', 100, 100.1, (openness) => lookingAs({ openness })],
  ['negative openness', 0, -0.1, (openness) => lookingAs({ openness })],
  ['brightness', 255, 255.1, (meanLuma) => lookingAs({ meanLuma })],
  ['negative brightness', 0, -0.1, (lumaAround) => lookingAs({ lumaAround })],
  ['pictures of a clip', 10, 11, (count) => cut({ sizes: times(count, 1) })],
  ['pictures of a clip, at least', 1, 0, (count) => cut({ sizes: times(count, 1) })],
  ['the size of a picture of a clip', 1, 0, (size) => cut({ sizes: [size] })],
  ['frames for a clip', mostClipFrames, mostClipFrames + 1, (count) => taken(times(count, clipFrame))],
  ['frames for a clip, at least', 1, 0, (count) => taken(times(count, clipFrame))],
  [
    'the size of a frame',
    largestClipFrameBytes,
    largestClipFrameBytes + 1,
    (bytes) => taken([{ ...clipFrame, bytes }]),
  ],
  ['problems of a camera', 10, 11, (count) => tested({ problems: times(count, problem) })],
  [
    'faces of a camera test',
    200,
    201,
    (count) => tested({ faces: times(count, { widthPx: 9, score: 1, quality: null }) }),
  ],
  ['the length of a clip', 1e6, 1e6 + 1, (durationS) => clip({ durationS })],
  ['the negative length of a clip', 0, -1, (durationS) => clip({ durationS })],
  [
    'probes of a clip',
    24,
    25,
    (count) => clip({ probes: times(count, { capturedAtMs: 1, embeddingBase64: '', quality: 1 }) }),
  ],
  ['letters of an input', 200, 201, (count) => network({ input: { ...input, name: letters(count) } })],
  [
    'letters of an output, at least',
    1,
    0,
    (count) => network({ output: { ...output, name: letters(count) } }),
  ],
  ['values of an own network', 1024, 1025, (dimensions) => network({ output: { ...output, dimensions } })],
  [
    'values of an own network, at least',
    64,
    63,
    (dimensions) => network({ output: { ...output, dimensions } }),
  ],
  ['embeddings of a trial', 10, 11, (count) => tried({ embeddings: times(count, null) })],
  [
    'devices',
    64,
    65,
    (count) => discovered({ devices: times(count, { address: '192.0.2.1', services: [] }) }),
  ],
  ['letters of a device', 100, 101, (count) => device({ name: letters(count) })],
  ['services of a device', 4, 5, (count) => device({ services: times(count, 'http://192.0.2.1/') })],
  [
    'letters of a service',
    200,
    201,
    (count) => device({ services: [`http://192.0.2.1/${letters(count - 17)}`] }),
  ],
  ['faces in sight', 32, 33, (count) => inSight(times(count, seen))],
  ['the number of a face in sight', 1, 0, (number) => inSight([{ ...seen, number }])],
  ['values of the eyes', 16, 17, (count) => inSight([{ ...seen, openness: times(count, null) }])],
  ['the openness of eyes in sight', 100, 100.1, (openness) => inSight([{ ...seen, openness: [openness] }])],
  [
    'the negative openness of eyes in sight',
    0,
    -0.1,
    (openness) => inSight([{ ...seen, openness: [openness] }]),
  ],
  ['the sharpness of a view', 1e6, 1e6 + 1, (sharpness) => viewedAs({ sharpness })],
  ['the negative sharpness of a view', 0, -1, (sharpness) => viewedAs({ sharpness })],
  ['the degrees of a view', 180, 181, (yawDeg) => viewedAs({ yawDeg })],
  ['the negative degrees of a view', -180, -181, (yawDeg) => viewedAs({ yawDeg })],
  ['the brightness of a view', 255, 256, (meanLuma) => viewedAs({ meanLuma })],
  ['the negative brightness of a view', 0, -1, (meanLuma) => viewedAs({ meanLuma })],
  [
    'the time that a face was observed',
    1e9,
    1e9 + 1,
    (observedS) => inSight([{ ...seen, liveness: { ...seen.liveness, observedS } }]),
  ],
  [
    'the negative time that a face was observed',
    0,
    -1,
    (observedS) => inSight([{ ...seen, liveness: { ...seen.liveness, observedS } }]),
  ],
  [
    'cameras of a progress',
    32,
    33,
    (count) => ({
      type: 'progress',
      processorMs: 1,
      cameras: times(count, { id: 'c', counters: {}, stageTimes: {} }),
    }),
  ],
  [
    'counters',
    100,
    101,
    (count) =>
      counting({ counters: Object.fromEntries(Array.from({ length: count }, (_, at) => [`c${at}`, 1])) }),
  ],
  ['letters of a counter', 64, 65, (count) => counting({ counters: { [letters(count)]: 1 } })],
  ['a count', 1e15, 1.1e15, (value) => counting({ counters: { analysed: value } })],
  ['a negative count', -1e15, -1.1e15, (value) => counting({ counters: { analysed: value } })],
  [
    'steps of a stage',
    stageBoundsS.length + 1,
    stageBoundsS.length,
    (count) => counting({ stageTimes: { detect: times(count, 1) } }),
  ],
];

const plan = {
  ...{ cameras: [cameraPlan('rtsp://192.0.2.1/')], modelsDirectory: null, provider: 'cpu', detector: 'auto' },
  ...{
    landmarks: 'facemesh',
    recogniser: 'sface',
    threshold: null,
    passivePad: 'none',
    workers: 1,
    threads: 1,
    catchUps: 1,
  },
  ...{ liveness: { attackAfterS: 7, minimumBlinks: 1 }, takesBestShots: true },
};
const start = (changes: Shape): Shape => ({ type: 'start', plan: { ...plan, ...changes } });
const clipOf = (changes: Shape): Shape => ({
  ...{ type: 'analyse-clip', request: 1, sizes: [1], fps: 15, isEmbedded: false, ...changes },
});
const snapshot = (sealTo: string): Shape => ({
  ...{ type: 'take-snapshot', request: 1, cameraId: 'door', sealTo, isMarked: false },
});
const opened = (changes: Shape): Shape => ({
  ...{ type: 'open-view', request: 1, view: 1, cameraId: 'door', kind: 'pictures' },
  ...{ ticket: letters(43), socketPath: '/s', ...changes },
});
const trial = (preparations: readonly number[]): Shape => ({
  ...{ type: 'try-own-network', request: 1, preparations },
});

/** The longest path of a Unix socket has 107 bytes (unix(7)), and 32 bytes have 43 letters in base64url. */
const ofOrders: readonly Bound[] = [
  ['workers', 0, -1, (workers) => start({ workers })],
  ['threads', 1, 0, (threads) => start({ threads })],
  ['decoders that catch up', 1, 0, (catchUps) => start({ catchUps })],
  ['blinks', 1, 0, (minimumBlinks) => start({ liveness: { attackAfterS: 7, minimumBlinks } })],
  [
    'letters of the path for lines',
    107,
    108,
    (count) => ({ ...start({}), lines: { socketPath: letters(count), token: '' } }),
  ],
  [
    'the face to take',
    1,
    0,
    (faceNumber) => ({ type: 'analyse-photo', request: 1, photograph: 'new', faceNumber }),
  ],
  ['files of a clip', maximumClipFiles, maximumClipFiles + 1, (count) => clipOf({ sizes: times(count, 1) })],
  ['files of a clip, at least', 1, 0, (count) => clipOf({ sizes: times(count, 1) })],
  ['the size of a file', 1, 0, (size) => clipOf({ sizes: [size] })],
  ['the frame rate of a clip', 60, 60.1, (fps) => clipOf({ fps })],
  ['the frame rate of a clip, at least', 1, 0.9, (fps) => clipOf({ fps })],
  ['letters of a key to seal to', 43, 44, (count) => snapshot(letters(count))],
  ['letters of a key to seal to, at least', 43, 42, (count) => snapshot(letters(count))],
  ['letters of a ticket', 43, 44, (count) => opened({ ticket: letters(count) })],
  ['letters of a ticket, at least', 43, 42, (count) => opened({ ticket: letters(count) })],
  ['letters of the path for a view', 107, 108, (count) => opened({ socketPath: letters(count) })],
  ['a preparation', 9, 10, (number) => trial([number])],
  ['the first preparation', 0, -1, (number) => trial([number])],
  ['preparations', 1, 0, (count) => trial(times(count, 0))],
];

describe('a message between the core and a vision process', () => {
  for (const [from, bounds, schema] of [
    ['a vision process', ofReports, reportSchema],
    ['the core', ofOrders, orderSchema],
  ] as const) {
    test(`of ${from} has no longer lists and texts and no greater numbers than allowed`, () => {
      for (const [what, taken, refused, message] of bounds) {
        const isTaken = (value: number): boolean => schema.safeParse(message(value)).success;
        assert.deepEqual([isTaken(taken), isTaken(refused)], [true, false], what);
      }
    });
  }

  test('has a limited size, which grows while the core waits for a picture', () => {
    const mebibyte = 1024 * 1024;
    assert.deepEqual(
      [orderLimits.bodyBytes, orderLimits.attachmentBytes(), mostUnreadBytes],
      [32 * mebibyte, 32 * mebibyte, 4 * mebibyte],
    );
    const { publicKey } = newKeyPair();
    const sealed = sealTo(publicKey, new Uint8Array(mebibyte));
    const [usual, whileAsked] = [reportLimits(() => 0), reportLimits(() => largestPictureOf('snapshot'))];
    assert.deepEqual([usual.bodyBytes, whileAsked.bodyBytes], [64 * 1024, 64 * 1024]);
    assert.deepEqual(
      [usual.attachmentBytes(), whileAsked.attachmentBytes()],
      [largestBestShotBytes, sealed?.length],
    );
  });
});

describe('a report', () => {
  const refusalOf = (message: Shape, attachmentBytes: number): string => {
    try {
      readReport(message, new Uint8Array(attachmentBytes));
    } catch (error) {
      if (isRollcallError(error, 'wire-violation')) return error.message;
      throw error;
    }
    return 'none';
  };

  test('has a picture where it says so, and only there', () => {
    const withPicture = [
      photo({}),
      cut({}),
      answer('snapshot', { outcome: 'ok', widthPx: 1, heightPx: 1, takenAtMs: 1 })({}),
    ];
    const without = [picked({}), faces({}), tried({}), failing({}), { type: 'camera-closed', request: 1 }];
    for (const message of withPicture) {
      assert.equal(readReport(message, new Uint8Array(1)).type, message['type']);
      assert.match(refusalOf(message, 0), /lacks its picture/);
    }
    for (const message of without) {
      assert.equal(readReport(message, new Uint8Array()).type, message['type']);
      assert.match(refusalOf(message, 1), /unexpected/);
    }
    const asked = Object.entries(answerTo).filter(([, type]) => largestPictureOf(type) > 0);
    assert.deepEqual(
      asked.map(([order]) => order),
      ['analyse-photo', 'cut-clip', 'take-snapshot', 'take-clip'],
    );
  });

  test('is refused with a short reason, without what a terminal would obey', () => {
    assert.match(refusalOf(failing({ message: 1 }), 0), /: message: /);
    const hostile = `\u001b[31m${letters(500)}`;
    for (const message of [viewedAs({ [hostile]: 1 }), counting({ counters: { [hostile]: 1 } })]) {
      const refusal = refusalOf(message, 0);
      assert.ok(refusal.length < 360 && !refusal.includes('\u001b'), refusal);
    }
  });

  test('names the state of a camera as technicians know it', () => {
    const isTaken = (state: Shape): boolean =>
      reportSchema.safeParse({ type: 'camera', cameraId: 'door', state }).success;
    const stream = { codec: 'h264', widthPx: 1, heightPx: 1, fps: null, decoder: 'software' };
    const damaged = (code: string) => ({ state: 'streaming', stream, damage: { ...problem, code } });
    assert.deepEqual(
      [{ state: 'connecting' }, { state: 'failed', ...problem, nextTryMs: 1 }, damaged('pictures-black')].map(
        isTaken,
      ),
      [true, true, true],
    );
    assert.deepEqual([{ state: 'failed', nextTryMs: 1 }, damaged('black')].map(isTaken), [false, false]);
  });
});

test('a service of a device is an address of the web, in plain letters and without a login', () => {
  for (const [text, isOne] of [
    ['http://192.0.2.1/onvif', true],
    ['https://camera.example/', true],
    ['ftp://192.0.2.1/', false],
    ['http://user@192.0.2.1/', false],
    ['http://:secret@192.0.2.1/', false],
    ['http://192.0.2.1/ä', false],
    ['http://192.0.2.1/a b', false],
    ['192.0.2.1', false],
  ] as const) {
    assert.equal(isDeviceService(text), isOne, text);
  }
});
