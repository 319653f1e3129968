import sharp from 'sharp';
import type { LiveFace, LivePicture } from '../../contract/live.js';
import type { Clock } from '../../kernel/clock.js';
import { messageOf } from '../../kernel/errors.js';
import type { Box } from '../../kernel/faces/geometry.js';
import type { Frame, Picture, Rgb24Picture } from '../../kernel/faces/picture.js';
import type { Logger } from '../../kernel/logger.js';
import { encodeLiveMessage } from './live-framing.js';
import { measuresOf, type SeenFace } from './seen-faces.js';
import { SmallRgb } from './small-rgb.js';

/** Wider pictures are made smaller: the cost of a picture is that of its pixels, and a page shows it about so wide. */
const mostWidthPx = 960;
const jpegQuality = 75;
/** Time between two pictures on average, milliseconds. */
const everyMs = 100;

/** Gets the messages of a camera. */
export interface Viewer {
  /** False if the viewer has not taken the message before: it gets none of this picture. */
  take(message: Buffer): boolean;
  /** The camera is closed. */
  end(): void;
}

/**
 * The analysed pictures of one camera for its viewers. Each picture is encoded once for all of them, and none without a viewer. The analysis waits for nothing here: a picture that comes while another is being encoded is left out.
 */
export class LivePictures implements Disposable {
  readonly #cameraId: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #viewers = new Set<Viewer>();
  /** Only while there are viewers. */
  #small: SmallRgb | undefined;
  #dueMs = Number.NEGATIVE_INFINITY;
  #isEncoding = false;
  #encoded = 0;
  #dropped = 0;

  constructor(cameraId: string, { clock, logger }: { readonly clock: Clock; readonly logger: Logger }) {
    this.#cameraId = cameraId;
    this.#clock = clock;
    this.#logger = logger;
  }

  get viewerCount(): number {
    return this.#viewers.size;
  }

  counters(): Readonly<Record<string, number>> {
    return { livePictures: this.#encoded, livePicturesDropped: this.#dropped };
  }

  /** The viewer gets the pictures from now on. Returns how to end that. */
  add(viewer: Viewer): () => void {
    this.#viewers.add(viewer);
    return () => {
      this.#viewers.delete(viewer);
      if (this.#viewers.size === 0) this.#small = undefined;
    };
  }

  /** Takes an analysed frame; `faces` gives its faces. Copies its pixels before it returns. */
  offer(frame: Frame, faces: () => readonly SeenFace[]): void {
    const { capturedAtMs: atMs } = frame;
    const isWanted = this.#viewers.size > 0 && !this.#isEncoding && atMs >= this.#dueMs;
    if (isWanted) {
      this.#dueMs = Math.max(this.#dueMs + everyMs, atMs);
      void this.#send(frame, faces());
    }
  }

  /** Ends all viewers. */
  [Symbol.dispose](): void {
    for (const viewer of this.#viewers) viewer.end();
    this.#viewers.clear();
  }

  /** Never rejects. */
  async #send({ capturedAtMs: atMs, picture }: Frame, faces: readonly SeenFace[]): Promise<void> {
    this.#isEncoding = true;
    try {
      const { widthPx: width, heightPx: height, data } = this.#copyOf(picture);
      const factor = picture.widthPx / width;
      const about: LivePicture = {
        cameraId: this.#cameraId,
        capturedAt: new Date(this.#clock.wallMs() - (this.#clock.monotonicMs() - atMs)).toISOString(),
        sequence: this.#encoded,
        ...{ widthPx: width, heightPx: height },
        faces: faces.map((face) => describeFace(face, factor)),
      };
      const jpeg = await sharp(data, { raw: { width, height, channels: 3 } })
        .jpeg({ quality: jpegQuality, optimiseCoding: false })
        .toBuffer();
      this.#encoded += 1;
      const message = encodeLiveMessage(about, jpeg);
      for (const viewer of this.#viewers) if (!viewer.take(message)) this.#dropped += 1;
    } catch (error) {
      this.#logger.warn('a live picture could not be encoded', { reason: messageOf(error) });
    } finally {
      this.#isEncoding = false;
    }
  }

  /** The pixels to encode. The owner of the frame may overwrite its own meanwhile. */
  #copyOf(picture: Picture): Rgb24Picture {
    if (picture.format === 'rgb24') return { ...picture, data: picture.data.slice() };
    this.#small ??= new SmallRgb();
    return this.#small.of(picture, mostWidthPx);
  }
}

function scaled({ x, y, width, height }: Box, factor: number): Box {
  const round = (value: number): number => Math.round((value * 10) / factor) / 10;
  return { x: round(x), y: round(y), width: round(width), height: round(height) };
}

function describeFace({ face: { track }, number, view }: SeenFace, factor: number): LiveFace {
  const about = { track: track.id, number, box: scaled(track.motion.box, factor) };
  if (view === undefined) return { ...about, quality: null, measures: null, eyes: null };
  const { quality, ...measures } = measuresOf(view);
  const { eyes } = view;
  return {
    ...about,
    ...{ quality, measures },
    eyes: { left: eyes.left ?? null, right: eyes.right ?? null },
  };
}
