import type { Frame } from '../../kernel/faces/picture.js';
import type { TrackId } from '../../kernel/ids.js';
import type { TrackedView } from '../stage-event.js';
import type { TrackedFace } from '../tracked-face.js';
import type { Colour, Mark } from './draw-marks.kernel.js';

/** A crowd that no camera shows: the rest of its faces is left out. */
const mostFaces = 200;

/** A face in the frame that was analysed last. */
export interface SeenFace {
  readonly face: TrackedFace;
  /** A short number for the track. */
  readonly number: number;
  /** Undefined where no mesh fitted in this frame. */
  readonly view: SeenView | undefined;
}

type SeenView = Pick<TrackedView, 'quality' | 'eyes'> & { readonly yawDeg: number };

/** The faces of one camera as people are shown them: every picture and every list gives a face the same number. */
export class SeenFaces {
  readonly #views = new Map<TrackId, SeenView>();
  #numbers: ReadonlyMap<TrackId, number> = new Map();
  #lastNumber = 0;

  /** Takes what the frame that is being analysed showed of one face. */
  see({ trackId, quality, eyes, landmarks }: TrackedView): void {
    this.#views.set(trackId, { quality, eyes, yawDeg: landmarks.pose.yawDeg });
  }

  /** The faces in an analysed frame. A track gets its number when it is first asked for, and keeps it. */
  facesOf({ capturedAtMs: atMs }: Frame, faces: readonly TrackedFace[]): readonly SeenFace[] {
    this.#numbers = new Map(
      faces.map(({ track: { id } }) => [id, this.#numbers.get(id) ?? this.#nextNumber()]),
    );
    return faces
      .filter(({ track }) => track.lastSeenMs === atMs)
      .slice(0, mostFaces)
      .map((face) => {
        const { id } = face.track;
        return { face, number: this.#numbers.get(id) ?? 0, view: this.#views.get(id) };
      });
  }

  /** Forgets the views of the frame that was analysed. */
  endFrame(): void {
    this.#views.clear();
  }

  #nextNumber(): number {
    this.#lastNumber += 1;
    return this.#lastNumber;
  }
}

/** What was measured at a face, rounded to what people read. */
export function measuresOf({ quality, yawDeg }: SeenView) {
  const { score, reasons, widthPx, sharpness, meanLuma } = quality;
  return {
    quality: { score, reasons: [...reasons] },
    widthPx: Math.round(widthPx),
    sharpness: Math.round(sharpness * 1000) / 1000,
    yawDeg: Math.round(yawDeg),
    meanLuma: Math.round(meanLuma),
  };
}

const colours = {
  usable: [96, 224, 128],
  faulty: [255, 190, 64],
  attack: [255, 104, 96],
  unseen: [192, 192, 192],
} as const satisfies Record<string, Colour>;

/** The box of a face as it is drawn: its number and quality, and the faults of the view or the verdict on liveness. */
export function markOf({ face: { track, reported }, number, view }: SeenFace): Mark {
  const { box } = track.motion;
  if (view === undefined) return { box, lines: [`#${number}`, 'no landmarks'], colour: colours.unseen };
  const { score, reasons } = view.quality;
  const kind = reported.verdict === 'attack' ? 'attack' : reasons.length > 0 ? 'faulty' : 'usable';
  const said = kind === 'faulty' ? reasons : [reported.verdict];
  return { box, lines: [`#${number} ${score.toFixed(2)}`, ...said], colour: colours[kind] };
}
