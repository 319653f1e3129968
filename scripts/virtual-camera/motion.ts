import type { HeadTurn } from '../../daemon/kernel/liveness/rigid-head.js';
import type { Random } from '../../daemon/kernel/random.js';
import type { ScriptedGesture, Waypoint } from './scenario.js';

/** Where the face is in one frame. */
export interface FacePose {
  /** Centre in shares of the picture's size. */
  readonly x: number;
  readonly y: number;
  readonly faceWidthPx: number;
  /** Positive clockwise as seen in the picture. */
  readonly rollDeg: number;
}

/** The unrest of a standing person: a few slow waves whose phases are drawn once. */
export interface Sway {
  at(timeS: number): { readonly x: number; readonly y: number; readonly rollDeg: number };
}

const WAVES_HZ = [0.23, 0.61, 1.37];
const SHIFT_SHARE = 0.003;
const ROLL_DEG = 0.8;

export function drawSway(random: Random): Sway {
  const phases = WAVES_HZ.map(() => [random.unit(), random.unit(), random.unit()] as const);
  return {
    at(timeS) {
      let [x, y, rollDeg] = [0, 0, 0];
      phases.forEach(([phaseX, phaseY, phaseRoll], index) => {
        const hz = WAVES_HZ[index] ?? 1;
        const weight = 1 / (index + 1);
        const wave = (phase: number): number => weight * Math.sin(2 * Math.PI * (hz * timeS + phase));
        x += SHIFT_SHARE * wave(phaseX);
        y += SHIFT_SHARE * wave(phaseY);
        rollDeg += ROLL_DEG * wave(phaseRoll);
      });
      return { x, y, rollDeg };
    },
  };
}

/** The pose at `timeS` on a path with eased movement between its waypoints; still before the first and after the last. */
export function poseAt(path: readonly Waypoint[], sway: Sway, timeS: number): FacePose {
  const next = path.findIndex((point) => point.atS > timeS);
  const to = path[next === -1 ? path.length - 1 : next];
  const from = next > 0 ? path[next - 1] : to;
  if (from === undefined || to === undefined) return { x: 0.5, y: 0.5, faceWidthPx: 200, rollDeg: 0 };
  const span = to.atS - from.atS;
  const share = span > 0 ? smoothStep((timeS - from.atS) / span) : 0;
  const unrest = sway.at(timeS);
  return {
    x: from.x + (to.x - from.x) * share + unrest.x,
    y: from.y + (to.y - from.y) * share + unrest.y,
    faceWidthPx: from.faceWidthPx * (to.faceWidthPx / from.faceWidthPx) ** share,
    rollDeg: unrest.rollDeg,
  };
}

/** What people do when they are asked to, degrees and seconds, where a scenario says nothing else. */
const USUAL = {
  'turn-left': { degrees: 30, movesS: 0.45, staysS: 0.4 },
  'turn-right': { degrees: 30, movesS: 0.45, staysS: 0.4 },
  'look-up': { degrees: 20, movesS: 0.4, staysS: 0.4 },
  nod: { degrees: 16, movesS: 0.3, staysS: 0.05 },
} as const;

/** A gesture with everything that its script leaves to the usual. */
export function wholeGesture(gesture: ScriptedGesture): Required<ScriptedGesture> {
  const { degrees, movesS, staysS } = { ...USUAL[gesture.kind], ...gesture };
  return { ...gesture, degrees, movesS, staysS };
}

/** Where the head points at `timeS`; gestures add up. */
export function turnAt(gestures: readonly ScriptedGesture[], timeS: number): HeadTurn {
  let [yawDeg, pitchDeg] = [0, 0];
  for (const gesture of gestures) {
    const { kind, atS, degrees, movesS, staysS } = wholeGesture(gesture);
    const share = smoothStep((timeS - atS) / movesS) - smoothStep((timeS - atS - movesS - staysS) / movesS);
    if (kind === 'turn-left') yawDeg += degrees * share;
    else if (kind === 'turn-right') yawDeg -= degrees * share;
    else pitchDeg += (kind === 'nod' ? -degrees : degrees) * share;
  }
  return { yawDeg, pitchDeg };
}

/** How far and how often a living head turns while its person stands there: too little for a gesture. */
const LOOK_YAW_DEG = 8;
const LOOK_PITCH_DEG = 2;
const LOOK_HZ = 0.36;

/** Where the head of a person points who looks around; straight ahead at the beginning. */
export function lookAround(timeS: number): HeadTurn {
  const wave = (hz: number): number => Math.sin(2 * Math.PI * hz * timeS);
  return { yawDeg: LOOK_YAW_DEG * wave(LOOK_HZ), pitchDeg: LOOK_PITCH_DEG * wave(LOOK_HZ / 2) };
}

/** 0 to 1 with level ends; the argument is clamped. */
export function smoothStep(share: number): number {
  const clamped = Math.min(1, Math.max(0, share));
  return clamped * clamped * (3 - 2 * clamped);
}
