import type { CameraState } from '../../daemon/contract/vision/vision-reports.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import type { Frame } from '../../daemon/kernel/faces/picture.js';
import { cameraId } from '../../daemon/kernel/ids.js';
import type { Logger } from '../../daemon/kernel/logger.js';
import { ffmpegCameraSource } from '../../daemon/vision/ingest/camera-opening.js';
import {
  type CameraCounters,
  type CameraRunner,
  startCameraRunner,
} from '../../daemon/vision/ingest/camera-runner.js';
import type { CameraSourceOptions } from '../../daemon/vision/ingest/camera-source-options.js';
import { detectFfmpeg, type FfmpegBinary } from '../../daemon/vision/ingest/ffmpeg-binary.js';
import { patienceMs } from './until.js';

export interface SeenFrame {
  readonly sequence: number;
  readonly capturedAtMs: number;
  readonly widthPx: number;
  readonly heightPx: number;
}

/** A camera pulled as the daemon pulls it, for tests that check its states. */
export interface WatchedCamera extends AsyncDisposable {
  readonly runner: CameraRunner;
  readonly states: readonly CameraState[];
  readonly frames: readonly SeenFrame[];
  /** Every line that was logged, with its fields, as text. */
  readonly log: readonly string[];
  readonly counters: CameraCounters;
  /** See `RatedSource`. */
  ask(fps: number): void;
  /** Resolves when `fact` holds, checked at every change of the camera. */
  waitFor(what: string, fact: () => boolean): Promise<void>;
  /** Resolves when the camera has failed with `code` since the call. */
  failure(code: string): Promise<CameraState>;
  /** Resolves when so many more frames have come. */
  moreFrames(count: number): Promise<void>;
}

let ffmpeg: Promise<FfmpegBinary> | undefined;

/** The FFmpeg of this machine. */
export function installedFfmpeg(): Promise<FfmpegBinary> {
  ffmpeg ??= detectFfmpeg();
  return ffmpeg;
}

export type WatchedOptions = Partial<CameraSourceOptions> & {
  readonly url: string;
  /** Takes the frame over. Default: it is released at once. */
  onFrame?(frame: Frame): void;
};

/** Options of a source for `url`, on the real clock, with long time limits, because a busy machine may pause. */
export async function sourceOptions(options: WatchedOptions, log: Logger): Promise<CameraSourceOptions> {
  return {
    cameraId: cameraId('door'),
    address: { url: options.url, credential: null, transport: 'tcp' },
    ffmpeg: await installedFfmpeg(),
    clock: systemClock,
    logger: log,
    framesPerS: 15,
    maxAnalysisWidthPx: 1920,
    hwaccel: 'none',
    stallAfterS: 10,
    firstFrameWithinS: 20,
    ...options,
  };
}

/** Starts pulling a camera; its retries do not wait, so that tests do not either. */
export async function watchCamera(options: WatchedOptions): Promise<WatchedCamera> {
  const states: CameraState[] = [];
  const frames: SeenFrame[] = [];
  const log: string[] = [];
  const waiting = new Set<() => void>();
  const happened = (): void => {
    for (const look of [...waiting]) look();
  };
  const logger = recordingLogger(log);
  const onFrame = options.onFrame ?? ((frame: Frame) => frame.release());
  const source = ffmpegCameraSource(await sourceOptions(options, logger));
  const runner = startCameraRunner({
    source,
    clock: systemClock,
    random: { unit: () => 0 },
    logger,
    onFrame(frame) {
      const { sequence, capturedAtMs, picture } = frame;
      frames.push({ sequence, capturedAtMs, widthPx: picture.widthPx, heightPx: picture.heightPx });
      onFrame(frame);
      happened();
    },
    onState(state) {
      states.push(state);
      happened();
    },
  });
  const waitFor = (what: string, fact: () => boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        waiting.delete(look);
        reject(new Error(`in vain waited for ${what}; the last states: ${JSON.stringify(states.slice(-3))}`));
      }, patienceMs);
      const look = (): void => {
        if (!fact()) return;
        clearTimeout(late);
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  return {
    runner,
    states,
    frames,
    log,
    get counters() {
      return runner.counters;
    },
    ask: (fps) => source.ask(fps),
    waitFor,
    async failure(code) {
      const from = states.length;
      const found = (): CameraState | undefined =>
        states.slice(from).find((state) => state.state === 'failed' && state.code === code);
      await waitFor(`the failure ${code}`, () => found() !== undefined);
      return found() ?? runner.state;
    },
    async moreFrames(count) {
      const wanted = frames.length + count;
      await waitFor(`${count} more frames`, () => frames.length >= wanted);
    },
    [Symbol.asyncDispose]: () => runner[Symbol.asyncDispose](),
  };
}

function recordingLogger(lines: string[]): Logger {
  const record =
    (level: string) =>
    (message: string, fields?: Readonly<Record<string, unknown>>): void => {
      lines.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`);
    };
  const logger: Logger = {
    debug: record('debug'),
    info: record('info'),
    warn: record('warn'),
    error: record('error'),
    child: () => logger,
  };
  return logger;
}
