import { systemClock as clock } from '../../daemon/host/system-clock.js';
import type { Frame } from '../../daemon/kernel/faces/picture.js';
import { cameraId } from '../../daemon/kernel/ids.js';
import { silentLogger as logger } from '../../daemon/kernel/logger.js';
import type { CameraAddress } from '../../daemon/vision/ingest/camera-address.js';
import type { FfmpegBinary } from '../../daemon/vision/ingest/ffmpeg-binary.js';
import { inspectCamera } from '../../daemon/vision/ingest/inspect-camera.js';
import { countedPictures, numberIn } from './counted-clip.js';
import { maxAnalysisWidthPx, type Shape } from './shape.js';

/** The first frames arrive in a burst, from which the time of the others is learned, milliseconds. */
const settlingMs = 500;
/** A time may differ from that of the pictures by this much, milliseconds: less than the shortest blink, and more than a busy machine is late. */
const toleranceMs = 50;

interface SeenPicture {
  readonly number: number | undefined;
  readonly capturedAtMs: number;
  readonly size: string;
}

/** `works`, or a code of `rollcall camera test`, or what is wrong with the frames. */
export interface TrialResult {
  readonly verdict: string;
  /** What the technician reads, or figures. */
  readonly detail: string;
  readonly hasStreamed: boolean;
}

interface TrialOptions {
  readonly ffmpeg: FfmpegBinary;
  /** Pictures are torn on the way. */
  readonly isLossy?: boolean | undefined;
  /** How long it is watched after its first frame, milliseconds. */
  readonly observeMs?: number | undefined;
  /** What else it may come to than `works`. Default: nothing. */
  readonly expected?: RegExp | undefined;
}

/** Other programs on the machine delay frames; what a server does wrong, it does each time. */
const mostTries = 3;

/** Opens a stream as `rollcall camera test` does, and compares its frames with what the server sends. */
export async function tryStream(
  address: CameraAddress,
  shape: Shape,
  options: TrialOptions,
): Promise<TrialResult> {
  for (let tries = 1; ; tries += 1) {
    const result = await tryOnce(address, shape, options);
    const isExpected = result.verdict === 'works' || options.expected?.test(result.verdict) === true;
    if (tries === mostTries || isExpected || !result.hasStreamed) return result;
  }
}

async function tryOnce(
  address: CameraAddress,
  shape: Shape,
  { ffmpeg, isLossy = false, observeMs = 3000 }: TrialOptions,
): Promise<TrialResult> {
  const pictures: SeenPicture[] = [];
  const onFrame = (frame: Frame): void => {
    const { capturedAtMs, picture } = frame;
    const size = `${picture.widthPx}x${picture.heightPx}`;
    pictures.push({ number: numberIn(picture), capturedAtMs, size });
    frame.release();
  };
  const inspection = await inspectCamera({
    ...{ cameraId: cameraId('trial'), address, ffmpeg, clock, logger },
    ...{ onFrame, observeMs, maxAnalysisWidthPx },
    ...{ hwaccel: 'none', stallAfterS: 5, firstFrameWithinS: 20, signal: new AbortController().signal },
  });
  if (inspection.outcome === 'failed') {
    const { code, message, remedy } = inspection.failure;
    return { verdict: code, detail: `${message} ${remedy}`, hasStreamed: false };
  }
  const { stream, measuredFps, problems } = inspection;
  const codes = problems
    .map(({ code }) => code)
    .sort()
    .join(', ');
  const expectedCodes = [...(shape.problems ?? [])].sort().join(', ');
  const faults = [
    ...(stream.codec === shape.codec ? [] : [`codec ${stream.codec}`]),
    ...(`${stream.widthPx}x${stream.heightPx}` === `${shape.widthPx}x${shape.heightPx}`
      ? []
      : [`stream of ${stream.widthPx}x${stream.heightPx}`]),
    ...(shape.isIrregular || isLossy || Math.abs(measuredFps / shape.fps - 1) < 0.1
      ? []
      : [`rate ${measuredFps.toFixed(1)}`]),
    ...(codes === expectedCodes ? [] : [codes || `not reported: ${expectedCodes}`]),
    ...faultsOf(pictures, shape, isLossy),
  ];
  const figures = `${pictures.length} frames, ${measuredFps.toFixed(1)} fps, first after ${(inspection.firstFrameMs / 1000).toFixed(1)} s`;
  return { verdict: faults.length === 0 ? 'works' : faults.join('; '), detail: figures, hasStreamed: true };
}

/** What is wrong with size, orientation, order and times of the frames. */
function faultsOf(pictures: readonly SeenPicture[], shape: Shape, isLossy: boolean): string[] {
  const { widthPx, heightPx, fps, analysed = [widthPx, heightPx] } = shape;
  const sizes = [...new Set(pictures.map(({ size }) => size))];
  const unread = pictures.filter(({ number }) => number === undefined).length;
  const isOfSize = sizes.length === 1 && sizes[0] === analysed.join('x');
  // Lost packets tear pictures, numbers included.
  if (isLossy) return isOfSize ? [] : [`frames of ${sizes.join(', ')}`];
  const [first] = pictures;
  const settled = pictures.filter(
    ({ capturedAtMs }) => capturedAtMs >= (first?.capturedAtMs ?? 0) + settlingMs,
  );
  let offMs = 0;
  let unordered = 0;
  for (const [index, picture] of settled.slice(1).entries()) {
    const before = settled[index];
    if (before?.number === undefined || picture.number === undefined) continue;
    const step = picture.number - before.number;
    // The clip begins again.
    if (step < -countedPictures / 20) continue;
    if (step <= 0) unordered += 1;
    const differenceMs = picture.capturedAtMs - before.capturedAtMs - (step * 1000) / fps;
    offMs = Math.max(offMs, Math.abs(differenceMs));
  }
  return [
    ...(isOfSize ? [] : [`frames of ${sizes.join(', ')}`]),
    ...(unread === 0 ? [] : [`${unread} of ${pictures.length} frames show something else`]),
    ...(unordered === 0 ? [] : [`${unordered} frames out of order`]),
    ...(offMs <= toleranceMs ? [] : [`times off by ${Math.round(offMs)} ms`]),
  ];
}
