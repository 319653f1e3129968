import { badInput } from '../kernel/errors.js';
import type { Frame } from '../kernel/faces/picture.js';
import { CachingFaceAnalyser } from './caching-face-analyser.js';
import type { CameraPipeline } from './camera-pipeline.js';
import { openClip } from './ingest/clip-source.js';
import { type ClipReplayOptions, openClipPipeline } from './replay-clip.js';
import type { StageEvent } from './stage-event.js';

/** How a clip is cut. All times in milliseconds. */
export interface Cutting {
  /** The part of the clip to use, from its first frame on. Default: all of it. */
  readonly fromMs?: number;
  readonly untilMs?: number;
  /** For each length, pieces follow one another from the beginning of the clip. */
  readonly lengthsMs: readonly number[];
  /** A shorter clip is repeated until it has lasted this long. Default: no repetition. */
  readonly loopMs?: number;
  /** Which questions share results, see `CachingFaceAnalyser`; `none`: the networks answer every question of every piece. */
  readonly memory: 'near' | 'none';
}

/** The events of one piece of a clip. Each piece starts without any knowledge of the others. */
export interface ClipPiece {
  /** Undefined for the whole clip, repetitions included. */
  readonly lengthMs: number | undefined;
  /** Since the first used frame. */
  readonly startMs: number;
  /** The piece is longer than the clip: it shows the same frames more than once. */
  readonly isLooped: boolean;
  readonly events: readonly StageEvent[];
}

/** Duration of a clip with a single frame, milliseconds. */
const singleFrameMs = 40;
/** Rounding of time stamps, milliseconds. */
const jitterMs = 1;

/** Runs the stages of a camera on every piece of a clip. Yields pieces in the order of their ends. Throws what `openClip` throws. */
export function cutClip(
  options: Omit<ClipReplayOptions, 'speed' | 'takeShot'>,
  cutting: Cutting,
): AsyncGenerator<ClipPiece, void, void> {
  const { path, camera, ffmpeg, clock } = options;
  const { id: cameraId, maxAnalysisWidthPx } = camera;
  const play = () => openClip({ path, cameraId, ffmpeg, clock, maxAnalysisWidthPx });
  return cutFrames(cutting.loopMs === undefined ? play : keepFrames(play), options, cutting);
}

/** The frames of a clip, from the first on. */
type Played = AsyncIterable<Frame> & AsyncDisposable;

/** Most decoded frames that are kept for repetitions, bytes: enough for clips of a few seconds. */
const mostKeptBytes = 128 * 2 ** 20;

/** Plays a clip from memory after the first time. A clip that is too large is decoded again each time. */
function keepFrames(play: () => Promise<Played>): () => Promise<Played> {
  let kept: Frame[] = [];
  let isWhole = false;
  async function* keep(clip: Played): AsyncGenerator<Frame, void, void> {
    let bytes = 0;
    for await (const frame of clip) {
      bytes += frame.picture.data.byteLength;
      if (bytes > mostKeptBytes) kept = [];
      else {
        const picture = { ...frame.picture, data: frame.picture.data.slice() };
        kept.push({ ...frame, picture, release: () => undefined });
      }
      yield frame;
    }
    isWhole = bytes <= mostKeptBytes;
  }
  return async () => {
    if (isWhole) {
      return {
        async *[Symbol.asyncIterator]() {
          yield* kept;
        },
        [Symbol.asyncDispose]: () => Promise.resolve(),
      };
    }
    kept = [];
    const clip = await play();
    return {
      [Symbol.asyncIterator]: () => keep(clip),
      [Symbol.asyncDispose]: () => clip[Symbol.asyncDispose](),
    };
  };
}

/** Like `cutClip`, for frames from `play`, which must give the same frames each time. */
export async function* cutFrames(
  play: () => Promise<Played>,
  options: Parameters<typeof openClipPipeline>[0],
  cutting: Cutting,
): AsyncGenerator<ClipPiece, void, void> {
  const memory = cutting.memory === 'near' ? new CachingFaceAnalyser(options.analyser, 'near') : undefined;
  const cutter = new Cutter({ ...options, analyser: memory ?? options.analyser }, cutting.lengthsMs);
  const { fromMs = 0, untilMs = Number.POSITIVE_INFINITY, loopMs = 0 } = cutting;
  let playedMs = 0;
  do {
    const offsetMs = playedMs;
    let count = 0;
    let lastMs = 0;
    let firstMs: number | undefined;
    await using clip = await play();
    for await (const frame of clip) {
      try {
        if (frame.capturedAtMs < fromMs) continue;
        if (frame.capturedAtMs >= untilMs) break;
        firstMs ??= frame.capturedAtMs;
        lastMs = frame.capturedAtMs - firstMs;
        count += 1;
        memory?.show(frame.sequence);
        yield* await cutter.take({ ...frame, capturedAtMs: offsetMs + lastMs });
        if (loopMs === 0) memory?.forget();
      } finally {
        frame.release();
      }
    }
    if (count === 0) {
      throw badInput('part-empty', 'the clip has no frame between from and until', {
        remedy: 'Correct from and until in the truth file.',
      });
    }
    const onceMs = lastMs + (count > 1 ? lastMs / (count - 1) : singleFrameMs);
    playedMs += onceMs;
    yield* cutter.played(playedMs, offsetMs === 0 ? loopMs : undefined);
  } while (cutter.needsFrames);
}

/** A piece whose frames are being analysed. */
interface OpenPiece {
  readonly lengthMs: number | undefined;
  readonly startMs: number;
  readonly endMs: number;
  readonly pipeline: CameraPipeline;
  readonly events: StageEvent[];
}

/** Begins and ends pieces, and passes frames to all open pieces. */
class Cutter {
  readonly #options: Parameters<typeof openClipPipeline>[0];
  readonly #complete = new Set<number | undefined>();
  #open: readonly OpenPiece[] = [];
  /** Duration of the clip; undefined while it is played for the first time. */
  #onceMs: number | undefined;

  constructor(options: Parameters<typeof openClipPipeline>[0], lengthsMs: readonly number[]) {
    this.#options = options;
    this.#open = [this.#begin(undefined, 0), ...lengthsMs.map((lengthMs) => this.#begin(lengthMs, 0))];
  }

  /** Whether a piece is open and needs more frames. */
  get needsFrames(): boolean {
    return this.#open.length > 0;
  }

  async take(frame: Frame): Promise<readonly ClipPiece[]> {
    const ended = this.#endedBy(frame.capturedAtMs);
    for (const { pipeline } of this.#open) await pipeline.analyse(frame);
    return ended;
  }

  /**
   * The clip was played to its end, at `playedMs`. After the first time, `loopMs` is the duration to fill by repetition: a
   * piece stays open if it fits into that duration and the clip alone was too short for its length.
   */
  played(playedMs: number, loopMs: number | undefined): readonly ClipPiece[] {
    const ended = this.#endedBy(playedMs);
    if (loopMs === undefined) return ended;
    this.#onceMs = playedMs;
    const wholeMs = Math.max(playedMs, loopMs);
    this.#open = this.#open
      .filter(({ lengthMs }) => !this.#complete.has(lengthMs) && (lengthMs ?? 0) <= wholeMs)
      .map((piece) => (piece.lengthMs === undefined ? { ...piece, endMs: wholeMs } : piece));
    return [...ended, ...this.#endedBy(playedMs)];
  }

  #begin(lengthMs: number | undefined, startMs: number): OpenPiece {
    const events: StageEvent[] = [];
    const pipeline = openClipPipeline(this.#options, (event) => events.push(event));
    const endMs = lengthMs === undefined ? Number.POSITIVE_INFINITY : startMs + lengthMs;
    return { lengthMs, startMs, endMs, pipeline, events };
  }

  #endedBy(nowMs: number): readonly ClipPiece[] {
    const isOver = ({ endMs }: OpenPiece): boolean => endMs <= nowMs + jitterMs;
    const over = this.#open.filter(isOver);
    const next =
      this.#onceMs === undefined
        ? over.flatMap(({ lengthMs, endMs }) => (lengthMs === undefined ? [] : this.#begin(lengthMs, endMs)))
        : [];
    this.#open = [...this.#open.filter((piece) => !isOver(piece)), ...next];
    return over.map(({ lengthMs, startMs, endMs, pipeline, events }) => {
      pipeline.end();
      this.#complete.add(lengthMs);
      const isLooped = this.#onceMs !== undefined && endMs > this.#onceMs + jitterMs;
      return { lengthMs, startMs, isLooped, events };
    });
  }
}
