import type { Box } from '../../daemon/kernel/faces/geometry.js';
import type { Picture, Yuv420Picture } from '../../daemon/kernel/faces/picture.js';
import { type ChallengeAction, challengeActions } from '../../daemon/kernel/liveness/challenge.js';
import type { HeadTurn } from '../../daemon/kernel/liveness/rigid-head.js';
import { percentile } from '../../daemon/kernel/percentile.js';
import type { Random } from '../../daemon/kernel/random.js';
import type { FaceAnalyser, FaceRegion } from '../../daemon/vision/face-analyser.js';
import type { AssessedView } from '../../daemon/vision/tracked-face.js';
import { corridor } from '../virtual-camera/backdrop.js';
import { closureAt } from '../virtual-camera/blink-script.js';
import { layOver } from '../virtual-camera/compose.kernel.js';
import type { FaceShapeFinder } from '../virtual-camera/face-shape.js';
import { turnAt } from '../virtual-camera/motion.js';
import { openPortrait, type Portrait, readPhoto } from '../virtual-camera/portrait.js';
import type { ScriptedBlink, ScriptedGesture } from '../virtual-camera/scenario.js';

/** The picture in which a subject stands, and about where the face is in it, pixels. */
export const pictureSize = { widthPx: 640, heightPx: 480 } as const;
const faceWidthPx = 170;
export const faceBox: Box = { x: 235, y: 155, width: faceWidthPx, height: faceWidthPx };
/** Further turned away than this in the photograph, a face is no frontal portrait, degrees. */
const largestAsideDeg = 15;

/** What a subject does without a break: an action, one blink, or nothing. */
export type Doing = ChallengeAction | 'blink' | 'rest';

/** A piece of a subject's life; it begins and ends with the head at rest. */
interface Segment {
  readonly seconds: number;
  readonly gestures: readonly ScriptedGesture[];
  readonly blinks: readonly ScriptedBlink[];
}

/** A person who does what a script says, drawn from a photograph. */
export class Subject {
  readonly #portrait: Portrait;
  readonly #segments: Readonly<Record<Doing, Segment>>;
  readonly #backdrop: Uint8Array;
  readonly #frame: Uint8Array;

  private constructor(portrait: Portrait, random: Random, backdrop: Uint8Array) {
    this.#portrait = portrait;
    this.#segments = drawSegments(random);
    this.#backdrop = backdrop;
    this.#frame = backdrop.slice();
  }

  /**
   * The face at `place`, or the surest one where no place is given. Undefined where the photograph shows no face, or one that looks
   * aside.
   */
  static async open(
    photo: string,
    place: Box | undefined,
    analyser: FaceAnalyser,
    finder: FaceShapeFinder,
    random: Random,
  ): Promise<Subject | undefined> {
    const picture = await readPhoto(photo);
    const box = place ?? (await analyser.detect(picture, { smallestFacePx: 40 }))[0]?.box;
    const region = box && (await regionAt(analyser, picture, box));
    const [landmarks] = region === undefined ? [] : await analyser.locate(picture, [region]);
    if (landmarks === undefined || Math.abs(landmarks.pose.yawDeg) > largestAsideDeg) return undefined;
    const path = [{ atS: 0, x: 0.5, y: 0.5, faceWidthPx }];
    const scene = { kind: 'face', photo, face: landmarks.box, seconds: 1, blinks: 'never', path } as const;
    const portrait = await openPortrait(scene, finder);
    return new Subject(portrait, random, await corridor(pictureSize.widthPx, pictureSize.heightPx));
  }

  seconds(doing: Doing): number {
    return this.#segments[doing].seconds;
  }

  /** The picture `atS` after the subject began to do this. Overwritten by the next call. */
  draw(doing: Doing, atS: number): Yuv420Picture {
    const { gestures, blinks } = this.#segments[doing];
    const turn = unrest(turnAt(gestures, atS), atS);
    this.#frame.set(this.#backdrop);
    const frame = { ...pictureSize, data: this.#frame };
    const cutout = this.#portrait.shown(closureAt(blinks, atS), turn);
    const place = { x: 0.5, y: 0.5, faceWidthPx, rollDeg: 0 };
    layOver(frame, cutout, this.#portrait.placedAt(place, frame));
    return { format: 'yuv420p', range: 'limited', ...frame };
  }

  /** What the networks see of everything that the subject can do, frame by frame. Undefined where they lose the face. */
  async analysed(
    analyser: FaceAnalyser,
    fps: number,
  ): Promise<ReadonlyMap<Doing, readonly AssessedView[]> | undefined> {
    const seen = new Map<Doing, readonly AssessedView[]>();
    for (const doing of ['rest', 'blink', ...challengeActions] as const) {
      let region: FaceRegion = faceBox;
      const faces: AssessedView[] = [];
      for (let frame = 0; frame < this.seconds(doing) * fps; frame++) {
        const picture = this.draw(doing, frame / fps);
        // As for a track: the first look settles the region.
        if (frame === 0) region = (await regionAt(analyser, picture, region)) ?? region;
        const [landmarks] = await analyser.locate(picture, [region]);
        if (landmarks === undefined) return undefined;
        region = { ...landmarks.box, rollDeg: landmarks.pose.rollDeg };
        const texture = analyser.texture(picture, landmarks);
        const surroundings = analyser.surroundings(picture, landmarks);
        const quality = analyser.assess(picture, landmarks, { smallestFacePx: 40 });
        faces.push({ landmarks, quality, texture: () => texture, surroundings: () => surroundings });
      }
      seen.set(doing, faces);
    }
    return seen;
  }
}

/** Eyes that were drawn as shut measure at most this part of their openness at rest. */
const shutUnder = 0.8;

/** False where the drawn lids hardly move, as those of eyes that look down: this subject cannot blink. */
export function canBlink(observed: ReadonlyMap<Doing, readonly AssessedView[]>): boolean {
  const openness = (doing: Doing): readonly number[] =>
    (observed.get(doing) ?? []).map(
      ({ landmarks }) => landmarks.leftEye.openness + landmarks.rightEye.openness,
    );
  const usual = percentile(openness('rest'), 0.5) ?? 0;
  return Math.min(...openness('blink')) <= shutUnder * usual;
}

async function regionAt(
  analyser: FaceAnalyser,
  picture: Picture,
  region: FaceRegion,
): Promise<FaceRegion | undefined> {
  const [landmarks] = await analyser.locate(picture, [region]);
  return landmarks && { ...landmarks.box, rollDeg: landmarks.pose.rollDeg };
}

/** How far and how fast this person moves, degrees and seconds; the angles are those that are drawn. */
function drawSegments(random: Random): Readonly<Record<Doing, Segment>> {
  const between = (least: number, most: number): number => least + (most - least) * random.unit();
  const gesture = (kind: ScriptedGesture['kind'], least: number, most: number, staysS: number): Segment => {
    const movesS = between(0.3, 0.55);
    return {
      seconds: 2 * movesS + staysS + 0.3,
      gestures: [{ atS: 0, kind, degrees: between(least, most), movesS, staysS }],
      blinks: [],
    };
  };
  const blinks = (...atS: readonly number[]): Segment => ({
    seconds: (atS.at(-1) ?? 0) + 0.4,
    gestures: [],
    blinks: atS.map((at) => ({ atS: at, durationS: between(0.24, 0.3) })),
  });
  return {
    rest: { seconds: 2, gestures: [], blinks: [] },
    blink: blinks(0.2),
    'turn-left': gesture('turn-left', 30, 42, between(0.2, 0.6)),
    'turn-right': gesture('turn-right', 30, 42, between(0.2, 0.6)),
    'look-up': gesture('look-up', 20, 28, between(0.2, 0.6)),
    nod: gesture('nod', 16, 24, 0.05),
    'blink-twice': blinks(0.2, 0.2 + between(0.38, 0.55)),
  };
}

/** No head is quite still. Comes back to where it was every two seconds. */
function unrest({ yawDeg, pitchDeg }: HeadTurn, atS: number): HeadTurn {
  const wave = (hz: number): number => Math.sin(2 * Math.PI * hz * atS);
  return { yawDeg: yawDeg + 0.8 * wave(0.5) + 0.3 * wave(1.5), pitchDeg: pitchDeg + 0.6 * wave(1) };
}

/** What somebody does next, asked in every frame in which nothing else goes on. */
export interface Behaviour {
  /** `prompt`: what the screen shows and since when; undefined while it shows nothing. Times in seconds. */
  next(
    nowS: number,
    prompt: { readonly action: ChallengeAction; readonly sinceS: number } | undefined,
  ): Doing;
}

const reactionS = { least: 0.3, most: 1.2 };
const blinkEveryS = { least: 2.5, most: 5 };

/** Does what is asked after a human reaction time, as long as `isWilling` says so, and blinks now and then. */
export function asked(random: Random, isWilling: (promptNumber: number) => boolean): Behaviour {
  const draw = ({ least, most }: typeof reactionS): number => least + (most - least) * random.unit();
  let nextBlinkS = draw(blinkEveryS);
  let answered = Number.NEGATIVE_INFINITY;
  let prompts = 0;
  let answer: { readonly sinceS: number; readonly atS: number; readonly isDone: boolean } | undefined;
  return {
    next(nowS, prompt) {
      if (prompt !== undefined && prompt.sinceS !== answer?.sinceS) {
        answer = { sinceS: prompt.sinceS, atS: prompt.sinceS + draw(reactionS), isDone: !isWilling(prompts) };
        prompts += 1;
      }
      if (prompt !== undefined && answer !== undefined && !answer.isDone && nowS >= answer.atS) {
        answer = { ...answer, isDone: true };
        answered = nowS;
        return prompt.action;
      }
      if (nowS < nextBlinkS || nowS - answered < 1) return 'rest';
      nextBlinkS = nowS + draw(blinkEveryS);
      return 'blink';
    },
  };
}

/** A recording of somebody who turns, looks up, nods and blinks at times and in an order of its own. */
export function replaying(random: Random): Behaviour {
  let nextS = 1.5 * random.unit();
  return {
    next(nowS) {
      if (nowS < nextS) return 'rest';
      nextS = nowS + 1 + 2.5 * random.unit();
      return challengeActions[Math.floor(random.unit() * challengeActions.length)] ?? 'nod';
    },
  };
}
