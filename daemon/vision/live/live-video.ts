import type { LiveVideoPart } from '../../contract/live.js';
import { messageOf, operational } from '../../kernel/errors.js';
import { copyCamera } from '../ingest/camera-copy.js';
import type { CameraSourceOptions } from '../ingest/camera-source-options.js';
import { type CopiedCodec, copiedCodecs } from '../ingest/ffmpeg-arguments.js';
import { Mp4Fragments, type VideoPiece } from '../ingest/mp4-fragments.js';
import { encodeLiveMessage } from './live-framing.js';
import type { Viewer } from './live-pictures.js';

/**
 * The video of one camera as it sends it, for its viewers: one more stream from the camera as long as there are any, which is not
 * decoded. A viewer begins with the next key frame. One that takes no more is ended: parts cannot be left out.
 */
export class LiveVideo implements AsyncDisposable {
  readonly #options: CameraSourceOptions;
  readonly #codecNow: () => string | undefined;
  #copy: VideoCopy | undefined;
  /** The copies that still have a stream of the camera. */
  #ending: Promise<void> = Promise.resolve();
  #isClosed = false;

  /** `codecNow`: of the stream that is analysed, as FFmpeg names it; undefined while there is none. */
  constructor(options: CameraSourceOptions, codecNow: () => string | undefined) {
    this.#options = options;
    this.#codecNow = codecNow;
  }

  /** The viewer gets the video from now on, or is ended where there is none for browsers. Returns how to end that. */
  add(viewer: Viewer): () => void {
    const codec = copiedCodecs.find((each) => each === this.#codecNow());
    if (this.#isClosed || codec === undefined) {
      viewer.end();
      return () => undefined;
    }
    this.#copy ??= this.#begin(codec);
    return this.#copy.add(viewer);
  }

  #begin(codec: CopiedCodec): VideoCopy {
    const copy = new VideoCopy(this.#options, codec, () => {
      if (this.#copy === copy) this.#copy = undefined;
    });
    // A camera may have room for one more stream only.
    this.#ending = this.#ending.then(() => copy.run());
    return copy;
  }

  /** Ends all viewers, and the stream. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#copy?.end();
    await this.#ending;
  }
}

/** One stream of the camera, from its first viewer to its last. */
class VideoCopy {
  readonly #options: CameraSourceOptions;
  readonly #codec: CopiedCodec;
  readonly #onEnd: () => void;
  readonly #over = new AbortController();
  /** The viewers, and whether each has begun. */
  readonly #viewers = new Map<Viewer, { hasBegun: boolean }>();
  readonly #fragments = new Mp4Fragments();
  #start: Buffer | undefined;

  /** `onEnd`: it takes no more viewers. */
  constructor(options: CameraSourceOptions, codec: CopiedCodec, onEnd: () => void) {
    this.#options = options;
    this.#codec = codec;
    this.#onEnd = onEnd;
  }

  add(viewer: Viewer): () => void {
    this.#viewers.set(viewer, { hasBegun: false });
    return () => this.#leave(viewer);
  }

  /** Never rejects. */
  async run(): Promise<void> {
    const { signal } = this.#over;
    if (!signal.aborted) {
      const codec = this.#codec;
      await copyCamera(this.#options, { codec, signal, onBytes: (chunk) => this.#pass(chunk) });
    }
    this.end();
  }

  end(): void {
    this.#onEnd();
    this.#over.abort();
    for (const viewer of [...this.#viewers.keys()]) {
      this.#viewers.delete(viewer);
      viewer.end();
    }
  }

  #leave(viewer: Viewer): void {
    if (this.#viewers.delete(viewer) && this.#viewers.size === 0) this.end();
  }

  #pass(chunk: Buffer): void {
    try {
      for (const piece of this.#fragments.push(chunk)) this.#send(piece);
    } catch (error) {
      this.#options.logger.warn('the video of a camera was not passed on', { reason: messageOf(error) });
      this.end();
    }
  }

  #send(piece: VideoPiece): void {
    const { cameraId } = this.#options;
    if (piece.kind === 'start') {
      if (piece.mediaType === undefined) throw notForBrowsers();
      this.#start = encodeLiveMessage({ cameraId, mediaType: piece.mediaType }, piece.bytes);
      return;
    }
    const start = this.#start;
    if (start === undefined) return;
    const about: LiveVideoPart = { cameraId };
    const part = encodeLiveMessage(about, piece.bytes);
    for (const [viewer, progress] of this.#viewers) {
      if (!progress.hasBegun && !piece.isKey) continue;
      const hasTaken = (progress.hasBegun || viewer.take(start)) && viewer.take(part);
      progress.hasBegun = true;
      if (hasTaken) continue;
      viewer.end();
      this.#leave(viewer);
    }
  }
}

function notForBrowsers() {
  return operational(
    'video-unusable',
    'the video of the camera cannot be passed on: its codec is neither H.264 nor H.265',
  );
}
