import { readFileSync, rmSync } from 'node:fs';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import type { Frame } from '../../daemon/kernel/faces/picture.js';
import { cameraId } from '../../daemon/kernel/ids.js';
import { silentLogger as logger } from '../../daemon/kernel/logger.js';
import type { CameraAddress } from '../../daemon/vision/ingest/camera-address.js';
import type { FfmpegBinary } from '../../daemon/vision/ingest/ffmpeg-binary.js';
import { parseLogLine } from '../../daemon/vision/ingest/ffmpeg-log.js';
import { inspectCamera } from '../../daemon/vision/ingest/inspect-camera.js';
import { numberIn } from './counted-clip.js';
import { correctedMs, pictureFaults, type SeenPicture } from './seen-pictures.js';
import { maxAnalysisWidthPx, type Shape } from './shape.js';

/** `works`, or a code of `rollcall camera test`, or what is wrong with the frames. */
export interface TrialResult {
  readonly verdict: string;
  /** What the technician reads, or figures. */
  readonly detail: string;
}

interface TrialOptions {
  readonly ffmpeg: FfmpegBinary;
  /** A file that FFmpeg can write its report to. */
  readonly reportFile: string;
  /** Pictures are torn on the way. */
  readonly isLossy?: boolean | undefined;
  /** The time stamps jump once. */
  readonly isJumping?: boolean | undefined;
  /** How long it is watched after its first frame, milliseconds. */
  readonly observeMs?: number | undefined;
}

/** The verdict where the machine lost what was sent, or was too slow to tell. */
const tooBusy = 'not judged: the machine was too busy';
const mostTries = 5;
/** The first frames arrive in a burst, and do not count for the rate, milliseconds. */
const settlingMs = 500;
/** Times of capture that are corrected by more afterwards, milliseconds, change that rate. */
const leastCorrectedMs = 50;

/** Of `rollcall camera test`, where frames arrive too slowly: servers here have no network in between, and wait for the processor only. */
const slowCodes: readonly string[] = ['box-busy', 'box-too-slow', 'network-too-slow'];

/** Opens a stream as `rollcall camera test` does, and compares its frames with what the server sends. */
export async function tryStream(
  address: CameraAddress,
  shape: Shape,
  options: TrialOptions,
): Promise<TrialResult> {
  for (let tries = 1; ; tries += 1) {
    const result = await tryOnce(address, shape, options);
    if (tries === mostTries || result.verdict !== tooBusy) return result;
    process.stderr.write(`  again: ${result.detail}\n`);
  }
}

async function tryOnce(
  address: CameraAddress,
  shape: Shape,
  { ffmpeg, reportFile, isLossy = false, isJumping = false, observeMs = 3000 }: TrialOptions,
): Promise<TrialResult> {
  const seen: (Omit<SeenPicture, 'stampMs'> & { readonly sequence: number })[] = [];
  const onFrame = (frame: Frame): void => {
    const { capturedAtMs, picture, sequence } = frame;
    const size = `${picture.widthPx}x${picture.heightPx}`;
    const arrivedAtMs = clock.monotonicMs();
    seen.push({ number: numberIn(picture), sequence, capturedAtMs, arrivedAtMs, size });
    frame.release();
  };
  const lostBefore = lostDatagrams();
  // FFmpeg also writes there what it logs.
  process.env['FFREPORT'] = `file=${reportFile}:level=32`;
  const inspection = await inspectCamera({
    ...{ cameraId: cameraId('trial'), address, ffmpeg, clock, logger },
    ...{ onFrame, observeMs, maxAnalysisWidthPx },
    // Longer than a busy machine takes.
    ...{ hwaccel: 'none', stallAfterS: 20, firstFrameWithinS: 60, signal: new AbortController().signal },
  }).finally(() => delete process.env['FFREPORT']);
  if (inspection.outcome === 'failed') {
    const { code, message, remedy } = inspection.failure;
    return { verdict: code, detail: `${message} ${remedy}` };
  }
  const stamps = stampsIn(reportFile);
  const pictures = seen.map((picture) => ({ ...picture, stampMs: stamps[picture.sequence] ?? Number.NaN }));
  const { stream, measuredFps, firstFrameMs } = inspection;
  const codes = inspection.problems.map(({ code }) => code);
  const lost = lostDatagrams() - lostBefore;
  const settledAtMs = (pictures[0]?.arrivedAtMs ?? 0) + settlingMs;
  const corrected = correctedMs(pictures.filter(({ arrivedAtMs }) => arrivedAtMs >= settledAtMs));
  // Numbers and time stamps show what rate was sent. What the box measures is right where it had no times to correct meanwhile.
  const isRateOff = corrected <= leastCorrectedMs && Math.abs(measuredFps / shape.fps - 1) >= 0.1;
  const { problems: expected = [] } = shape;
  const faults = [
    ...(stream.codec === shape.codec ? [] : [`codec ${stream.codec}`]),
    ...(stream.widthPx === shape.widthPx && stream.heightPx === shape.heightPx
      ? []
      : [`stream of ${stream.widthPx}x${stream.heightPx}`]),
    ...codes.filter((code) => !expected.includes(code) && !slowCodes.includes(code)),
    ...(isRateOff && !shape.isIrregular && !isLossy ? [`rate ${measuredFps.toFixed(1)}`] : []),
    ...pictureFaults(pictures, shape, { isLossy, isJumping }),
  ];
  const unreported = expected.filter((code) => !codes.includes(code)).map((code) => `not reported: ${code}`);
  const detail = [
    ...faults,
    ...unreported,
    `${pictures.length} frames, ${measuredFps.toFixed(1)} fps, first after ${(firstFrameMs / 1000).toFixed(1)} s`,
    `times corrected by ${corrected.toFixed(0)} ms, ${lost} datagrams lost, reported: ${codes.join(' ') || 'nothing'}`,
  ].join('; ');
  // What a slow camera is called depends on when its frames arrive.
  const isSlow = codes.some((code) => slowCodes.includes(code));
  const ofStream = lost > 0 ? [] : [...faults, ...(isSlow ? [] : unreported)];
  if (ofStream.length > 0) return { verdict: ofStream.join('; '), detail };
  // Half a second of pictures, at least two steps.
  const isEnough = pictures.length >= 2 + shape.fps / 2;
  return { verdict: isEnough && faults.length + unreported.length === 0 ? 'works' : tooBusy, detail };
}

/** The time stamps of all pictures that FFmpeg showed, milliseconds, in order. Removes its report. */
function stampsIn(reportFile: string): readonly number[] {
  let unitS = Number.NaN;
  const stamps: number[] = [];
  for (const text of readFileSync(reportFile, 'utf8').split('\n')) {
    const line = parseLogLine(text);
    if (line.kind === 'time-base') unitS = line.unitS;
    if (line.kind === 'frame') stamps.push((line.pts ?? Number.NaN) * unitS * 1000);
  }
  rmSync(reportFile);
  return stamps;
}

/** Datagrams in this network that arrived and found no room, because their receiver had no time for them. */
function lostDatagrams(): number {
  const [names = '', values = ''] = readFileSync('/proc/net/snmp', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('Udp:'));
  const index = names.split(' ').indexOf('RcvbufErrors');
  const overIpv6 = /^Udp6RcvbufErrors\s+(\d+)$/m.exec(readFileSync('/proc/net/snmp6', 'utf8'))?.[1] ?? 0;
  return Number(values.split(' ')[index]) + Number(overIpv6);
}
