import { badInput } from '../base/errors.js';
import type { Frame } from '../domain/faces/picture.js';
import { ClipMemory } from './clip-memory.js';
import { openClip } from './ingest/clip-source.js';
import { type ClipReplayOptions, openClipSession } from './replay-clip.js';
import type { CameraSession } from './session.js';
import type { StageEvent } from './stage-event.js';

/** How a clip is cut. All times in milliseconds. */
export interface Cutting {
  /** The part of the clip that counts, from its first frame; absent: all of it. */
  readonly fromMs?: number;
  readonly untilMs?: number;
  /** A piece of each length starts at the beginning, and the next one where it ends. */
  readonly lengthsMs: readonly number[];
  /** A clip that is shorter is played again from its beginning until it has lasted so long; absent: it is not. */
  readonly loopMs?: number;
  /** Which looks at a frame are answered from memory, see `ClipMemory`; `none`: the networks run for every look of every piece. */
  readonly memory: 'near' | 'none';
}

/** A piece of a clip as a camera would have seen it that saw nothing before and nothing after. */
export interface ClipPiece {
  /** Undefined for the whole of the clip, looped if it was. */
  readonly lengthMs: number | undefined;
  /** Since the first frame that counts. */
  readonly startMs: number;
  /** Longer than the clip itself: what it shows was shown before in the same piece. */
  readonly isLooped: boolean;
  readonly events: readonly StageEvent[];
}

/** A rate for what has no second frame, milliseconds between frames: 25 a second. */
const lonelyFrameMs = 40;
/** Time stamps are rounded, milliseconds. */
const jitterMs = 1;

/**
 * Runs the stages of a camera on every piece of a clip, each from a state that knows nothing. The clip is decoded once for
 * each time that it is played. Pieces come as they end. Throws what `openClip` throws.
 */
export function cutClip(
  options: Omit<ClipReplayOptions, 'speed' | 'takeShot'>,
  cutting: Cutting,
): AsyncGenerator<ClipPiece, void, void> {
  const { path, camera, ffmpeg, clock } = options;
  const { id: cameraId, maxAnalysisWidthPx } = camera;
  const play = () => openClip({ path, cameraId, ffmpeg, clock, maxAnalysisWidthPx });
  return cutFrames(cutting.loopMs === undefined ? play : keepFrames(play), options, cutting);
}

/** A clip that is played from its first frame. */
type Played = AsyncIterable<Frame> & AsyncDisposable;

/** Clips of some seconds are kept decoded, larger ones are decoded again each time, bytes. */
const mostKeptBytes = 128 * 2 ** 20;

/** Plays a clip again from memory, if it was played to its end and is not too large. */
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

/** As `cutClip`, on frames from `play`, which gives the same frames each time. */
export async function* cutFrames(
  play: () => Promise<Played>,
  options: Parameters<typeof openClipSession>[0],
  cutting: Cutting,
): AsyncGenerator<ClipPiece, void, void> {
  const memory = cutting.memory === 'near' ? new ClipMemory(options.analyser, 'near') : undefined;
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
      throw badInput('part-empty', 'no frame of the clip lies in the part that is asked for', {
        remedy: 'correct from and until in the truth file',
      });
    }
    const onceMs = lastMs + (count > 1 ? lastMs / (count - 1) : lonelyFrameMs);
    playedMs += onceMs;
    yield* cutter.played(playedMs, offsetMs === 0 ? loopMs : undefined);
  } while (cutter.isHungry);
}

/** One piece while its frames are analysed. */
interface OpenPiece {
  readonly lengthMs: number | undefined;
  readonly startMs: number;
  readonly endMs: number;
  readonly session: CameraSession;
  readonly events: StageEvent[];
}

/** Feeds frames to the pieces that they belong to, and begins and ends these. */
class Cutter {
  readonly #options: Parameters<typeof openClipSession>[0];
  readonly #complete = new Set<number | undefined>();
  #open: readonly OpenPiece[] = [];
  /** How long the clip itself is; undefined while it is played for the first time. */
  #onceMs: number | undefined;

  constructor(options: Parameters<typeof openClipSession>[0], lengthsMs: readonly number[]) {
    this.#options = options;
    this.#open = [this.#begin(undefined, 0), ...lengthsMs.map((lengthMs) => this.#begin(lengthMs, 0))];
  }

  /** Whether a piece waits for more frames. */
  get isHungry(): boolean {
    return this.#open.length > 0;
  }

  async take(frame: Frame): Promise<readonly ClipPiece[]> {
    const ended = this.#endedBy(frame.capturedAtMs);
    for (const { session } of this.#open) await session.analyse(frame);
    return ended;
  }

  /**
   * The clip was played to its end, at `playedMs`. The first time `loopMs` says how long it is to be played: pieces that fit
   * into that and whose length the clip itself did not fill stay open.
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
    const session = openClipSession(this.#options, (event) => events.push(event));
    const endMs = lengthMs === undefined ? Number.POSITIVE_INFINITY : startMs + lengthMs;
    return { lengthMs, startMs, endMs, session, events };
  }

  #endedBy(nowMs: number): readonly ClipPiece[] {
    const isOver = ({ endMs }: OpenPiece): boolean => endMs <= nowMs + jitterMs;
    const over = this.#open.filter(isOver);
    const next =
      this.#onceMs === undefined
        ? over.flatMap(({ lengthMs, endMs }) => (lengthMs === undefined ? [] : this.#begin(lengthMs, endMs)))
        : [];
    this.#open = [...this.#open.filter((piece) => !isOver(piece)), ...next];
    return over.map(({ lengthMs, startMs, endMs, session, events }) => {
      session.end();
      this.#complete.add(lengthMs);
      const isLooped = this.#onceMs !== undefined && endMs > this.#onceMs + jitterMs;
      return { lengthMs, startMs, isLooped, events };
    });
  }
}
