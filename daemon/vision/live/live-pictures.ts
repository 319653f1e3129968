import sharp from 'sharp';
import type { Clock } from '../../base/clock.js';
import { messageOf } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type { LiveFace, LivePicture } from '../../contract/live.js';
import type { Box } from '../../domain/faces/geometry.js';
import type { Frame, Picture } from '../../domain/faces/picture.js';
import { encodeLiveMessage } from './live-message.js';
import { measuresOf, type SeenFace } from './seen-faces.js';
import { smallRgb } from './small-rgb.kernel.js';

/** Wider pictures are made smaller by whole factors, until they are not wider than this. */
const mostWidthPx = 1280;
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
  #dueMs = Number.NEGATIVE_INFINITY;
  #isEncoding = false;
  #encoded = 0;
  #dropped = 0;

  constructor(cameraId: string, { clock, logger }: { readonly clock: Clock; readonly logger: Logger }) {
    this.#cameraId = cameraId;
    this.#clock = clock;
    this.#logger = logger;
  }

  counters(): Readonly<Record<string, number>> {
    return { livePictures: this.#encoded, livePicturesDropped: this.#dropped };
  }

  /** The viewer gets the pictures from now on. Returns how to end that. */
  add(viewer: Viewer): () => void {
    this.#viewers.add(viewer);
    return () => {
      this.#viewers.delete(viewer);
    };
  }

  /** Takes an analysed frame; `faces` gives its faces. Copies its pixels before it returns. */
  offer(frame: Frame, faces: () => readonly SeenFace[]): void {
    const { capturedAtMs: atMs, picture } = frame;
    const isWanted = this.#viewers.size > 0 && !this.#isEncoding && atMs >= this.#dueMs;
    if (isWanted) {
      this.#dueMs = Math.max(this.#dueMs + everyMs, atMs);
      const { pixels, factor } = smaller(picture);
      this.#isEncoding = true;
      const about: LivePicture = {
        cameraId: this.#cameraId,
        capturedAt: new Date(this.#clock.wallMs() - (this.#clock.monotonicMs() - atMs)).toISOString(),
        sequence: this.#encoded,
        ...{ widthPx: pixels.widthPx, heightPx: pixels.heightPx },
        faces: faces().map((face) => describeFace(face, factor)),
      };
      void this.#send(about, pixels);
    }
  }

  /** Ends all viewers. */
  [Symbol.dispose](): void {
    for (const viewer of this.#viewers) viewer.end();
    this.#viewers.clear();
  }

  async #send(about: LivePicture, { widthPx: width, heightPx: height, data }: Pixels): Promise<void> {
    try {
      const jpeg = await sharp(data, { raw: { width, height, channels: 3 } })
        .jpeg({ quality: jpegQuality })
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
}

type Pixels = Pick<Picture, 'widthPx' | 'heightPx' | 'data'>;

/** A copy of the pixels, because the owner of the frame may overwrite them while they are encoded. */
function smaller(picture: Picture): { readonly pixels: Pixels; readonly factor: number } {
  const factor = Math.ceil(picture.widthPx / mostWidthPx);
  if (picture.format === 'rgb24') return { pixels: { ...picture, data: picture.data.slice() }, factor: 1 };
  return { pixels: smallRgb(picture, factor), factor };
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
