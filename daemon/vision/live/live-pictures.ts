import sharp from 'sharp';
import type { Clock } from '../../base/clock.js';
import { messageOf } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type { LiveFace, LivePicture } from '../../contract/live.js';
import type { Box } from '../../domain/faces/geometry.js';
import type { Frame, Picture } from '../../domain/faces/picture.js';
import type { TrackId } from '../../domain/ids.js';
import type { TrackedView } from '../stage-event.js';
import type { TrackedFace } from '../tracked-face.js';
import { encodeLiveMessage } from './live-message.js';
import { smallRgb } from './small-rgb.kernel.js';

/** Wider pictures are made smaller by whole factors, until they are not wider than this. */
const mostWidthPx = 1280;
const jpegQuality = 75;
/** Time between two pictures on average, milliseconds. */
const everyMs = 100;
/** A crowd that no camera shows: the rest of its faces has no boxes. */
const mostFaces = 200;

/** Gets the messages of a camera. */
export interface Viewer {
  /** False if the viewer has not taken the message before: it gets none of this picture. */
  take(message: Buffer): boolean;
  /** The camera is closed. */
  end(): void;
}

/** What is known about a face besides its track. */
type View = Pick<TrackedView, 'quality' | 'eyes'>;

/**
 * The analysed pictures of one camera for its viewers. Each picture is encoded once for all of them, and none without a viewer. The analysis waits for nothing here: a picture that comes while another is being encoded is left out.
 */
export class LivePictures implements Disposable {
  readonly #cameraId: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #viewers = new Set<Viewer>();
  /** The views of the frame that is being analysed. */
  readonly #views = new Map<TrackId, View>();
  #numbers: ReadonlyMap<TrackId, number> = new Map();
  #lastNumber = 0;
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

  /** Takes what one frame showed of one face. The frame itself follows. */
  see({ trackId, quality, eyes }: TrackedView): void {
    if (this.#viewers.size > 0) this.#views.set(trackId, { quality, eyes });
  }

  /** Takes an analysed frame and the faces that the camera follows. Copies its pixels before it returns. */
  offer(frame: Frame, faces: readonly TrackedFace[]): void {
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
        faces: this.#describe(faces, atMs, factor),
      };
      void this.#send(about, pixels);
    }
    this.#views.clear();
  }

  /** Ends all viewers. */
  [Symbol.dispose](): void {
    for (const viewer of this.#viewers) viewer.end();
    this.#viewers.clear();
  }

  #describe(faces: readonly TrackedFace[], atMs: number, factor: number): readonly LiveFace[] {
    const seen = faces.filter(({ track }) => track.lastSeenMs === atMs).slice(0, mostFaces);
    this.#numbers = new Map(
      seen.map(({ track: { id } }) => [id, this.#numbers.get(id) ?? this.#nextNumber()]),
    );
    return seen.map(({ track: { id, motion } }) => {
      const view = this.#views.get(id);
      return {
        track: id,
        number: this.#numbers.get(id) ?? 0,
        box: scaled(motion.box, factor),
        quality: view === undefined ? null : qualityOf(view),
        eyes: view === undefined ? null : { left: view.eyes.left ?? null, right: view.eyes.right ?? null },
      };
    });
  }

  #nextNumber(): number {
    this.#lastNumber += 1;
    return this.#lastNumber;
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

function qualityOf({ quality: { score, reasons } }: View): NonNullable<LiveFace['quality']> {
  return { score, reasons: [...reasons] };
}
