import { spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { operational } from '../../daemon/kernel/errors.js';
import type { Point } from '../../daemon/kernel/faces/geometry.js';
import type { Rgb24Picture } from '../../daemon/kernel/faces/picture.js';
import type { Random } from '../../daemon/kernel/random.js';
import { closeOf } from '../child-end.js';
import type { FaceShape, LidRims } from '../virtual-camera/face-shape.js';
import {
  drawHeld,
  type Hold,
  type Lids,
  type PhotoEye,
  type PhotographedFace,
  type Puppet,
  puppetWarp,
  type Warp,
} from './held-picture.kernel.js';

/** One way of attacking with a photograph: how it is held and how its lids are drawn at each time. */
export interface StillAttack {
  readonly species: string;
  readonly name: string;
  readonly hold: (s: number) => Hold;
  readonly lids: (s: number) => Lids;
  /** How a program moves the face at each time. Default: it does not. */
  readonly puppet?: (s: number) => Puppet;
}

const at: Hold = { x: 0, y: 0, scale: 1, rollDeg: 0, yawDeg: 0, pitchDeg: 0, bend: 0 };
const wave = (s: number, hz: number, phase = 0): number => Math.sin(2 * Math.PI * (hz * s + phase));
const open: Lids = { left: 0, right: 0, kind: 'soft' };

const matteNames = [
  'fixed',
  'hand',
  'shift',
  'approach',
  'recede',
  'pulse',
  'roll',
  'yaw',
  'pitch',
  'yaw-far',
  'pitch-far',
  'shake',
  'bend',
  'bend-turn',
] as const;
/** Glossy photographs below a lamp, whose reflection wanders over the face. */
const glossyNames = ['glare', 'glare-wide'] as const;
/** The same, and nothing of the photograph is left beside the face. */
const cutOutNames = ['cut-out-glare', 'cut-out-glare-wide'] as const;
/** A sheet with a fold through the nose, of 45 degrees all the time, or opened and closed. */
const foldedNames = ['fold', 'fold-open'] as const;
/** A sheet with a fold beside the nose, across the mouth, or aslant, opened and closed. */
const foldedAsideNames = ['fold-aside', 'fold-across', 'fold-aslant'] as const;
/** A sheet that two hands bend and twist in a rhythm, as fast as a person speaks or slower. */
const twistedNames = ['twist', 'twist-quick'] as const;
/** A photograph that is cut along the mouth; a finger behind it makes the chin speak, regularly or now and then. */
const flapNames = ['jaw', 'jaw-rare'] as const;
/** A sheet that is rolled up from below and let go, up to the mouth or slowly over the whole face. */
const rolledNames = ['rolled', 'rolled-far'] as const;
type HoldName =
  | (typeof matteNames | typeof glossyNames | typeof cutOutNames | typeof foldedNames)[number]
  | (typeof foldedAsideNames | typeof twistedNames | typeof flapNames | typeof rolledNames)[number];

/** Ways to hold a photograph, by name. */
const holds: Readonly<Record<HoldName, (s: number) => Hold>> = {
  fixed: () => at,
  hand: (s) => ({
    ...at,
    x: 0.04 * wave(s, 0.4) + 0.01 * wave(s, 2.1),
    y: 0.03 * wave(s, 0.3, 0.2) + 0.01 * wave(s, 2.6),
    rollDeg: 1.2 * wave(s, 0.5) + 0.4 * wave(s, 1.9),
    yawDeg: 1.5 * wave(s, 0.25),
  }),
  shift: (s) => ({ ...at, x: 0.5 * wave(s, 0.2) }),
  approach: (s) => ({ ...at, scale: 0.8 * 1.08 ** s }),
  recede: (s) => ({ ...at, scale: 1.4 * 0.93 ** s }),
  pulse: (s) => ({ ...at, scale: 1 + 0.12 * wave(s, 0.5) }),
  roll: (s) => ({ ...at, rollDeg: 18 * wave(s, 0.3) }),
  yaw: (s) => ({ ...at, yawDeg: 28 * wave(s, 0.25) }),
  pitch: (s) => ({ ...at, pitchDeg: 24 * wave(s, 0.25) }),
  'yaw-far': (s) => ({ ...at, yawDeg: 42 * wave(s, 0.3) }),
  'pitch-far': (s) => ({ ...at, pitchDeg: 38 * wave(s, 0.3) }),
  shake: (s) => ({ ...at, x: 0.05 * wave(s, 3.1), y: 0.04 * wave(s, 4.2), rollDeg: 3 * wave(s, 2.7) }),
  bend: (s) => ({ ...at, bend: 0.45 + 0.4 * wave(s, 0.4) }),
  'bend-turn': (s) => ({
    ...at,
    bend: 0.5 * wave(s, 0.3),
    yawDeg: 12 * wave(s, 0.5),
    x: 0.05 * wave(s, 0.7),
  }),
  glare: (s) => ({
    ...holds.hand(s),
    glare: { x: 0.3 * wave(s, 0.31), y: 0.1 + 0.15 * wave(s, 0.23, 0.3), size: 0.08, brightness: 110 },
  }),
  'glare-wide': (s) => ({
    ...holds.hand(s),
    glare: { x: 0.4 * wave(s, 0.27), y: 0.1 + 0.2 * wave(s, 0.19, 0.3), size: 0.22, brightness: 80 },
  }),
  fold: (s) => ({ ...holds.hand(s), yawDeg: 8 * wave(s, 0.3), foldDeg: 45 }),
  'fold-open': (s) => ({ ...holds.hand(s), foldDeg: 25 + 20 * wave(s, 0.35) }),
  'fold-aside': (s) => ({ ...holds['fold-open'](s), crease: { off: 0.22, angleDeg: 0 } }),
  'fold-across': (s) => ({ ...holds['fold-open'](s), crease: { off: 0.3, angleDeg: 90 } }),
  'fold-aslant': (s) => ({ ...holds['fold-open'](s), crease: { off: 0.1, angleDeg: 35 } }),
  twist: (s) => ({ ...holds.hand(s), bend: 0.3 + 0.25 * wave(s, 0.6), twist: 0.6 * wave(s, 0.45, 0.2) }),
  'twist-quick': (s) => ({
    ...holds.hand(s),
    bend: 0.25 + 0.2 * wave(s, 1.6),
    twist: 0.5 * wave(s, 1.9, 0.1),
  }),
  jaw: (s) => ({ ...holds.hand(s), jaw: 0.035 * (1 + wave(s, 1.7)) * (1 + 0.6 * wave(s, 0.43)) }),
  'jaw-rare': (s) => ({ ...holds.hand(s), jaw: 0.1 * Math.max(0, wave(s, 0.3, 0.1)) ** 4 }),
  rolled: (s) => ({ ...holds.hand(s), roll: { curvature: 1.1, from: 0.35 - 0.25 * wave(s, 0.7) } }),
  'rolled-far': (s) => ({ ...holds.hand(s), roll: { curvature: 0.8, from: 0.1 - 0.5 * wave(s, 0.3) } }),
  'cut-out-glare': (s) => ({ ...holds.glare(s), isCutOut: true }),
  'cut-out-glare-wide': (s) => ({ ...holds['glare-wide'](s), isCutOut: true }),
};

/** The course of a closure: seconds of closing, closed, and opening. */
type Course = readonly [number, number, number];
const courses = {
  snap: [0.01, 0.2, 0.01],
  quick: [0.08, 0.05, 0.14],
  slow: [0.15, 0.12, 0.25],
  long: [0.06, 0.4, 0.1],
} as const satisfies Readonly<Record<string, Course>>;

/** Closures begin at these times, seconds: irregular, as people blink. */
const beginsS = [1.4, 3.6, 5.1, 7.9, 9.2, 11.8, 13.5];

function lidsBy(course: Course, kind: Lids['kind'], eyes: 'both' | 'one' = 'both'): (s: number) => Lids {
  const [closing, closed, opening] = course;
  return (s) => {
    const begin = beginsS.findLast((each) => each <= s);
    const t = s - (begin ?? s);
    const share =
      begin === undefined
        ? 0
        : t < closing
          ? t / closing
          : t < closing + closed
            ? 1
            : Math.max(0, 1 - (t - closing - closed) / opening);
    const eased = share * share * (3 - 2 * share);
    return { left: eased, right: eyes === 'both' ? eased : 0, kind };
  };
}

const attack = (species: string, hold: HoldName, lids: StillAttack['lids'], how = ''): StillAttack => ({
  species,
  name: how === '' ? hold : `${how}, ${hold}`,
  hold: holds[hold],
  lids,
});

/** A photograph in a hand whose lids are not drawn. */
export const heldByHand: StillAttack = attack('still', 'hand', () => open);
/** The same with lids that are. */
export const heldWithLids: StillAttack = attack('drawn-lids', 'hand', lidsBy(courses.quick, 'soft'));

/** A face that a program moves by a field of its own: as if it spoke, smiled now and then, or did all at once. */
const puppets: Readonly<Record<string, (s: number) => Puppet>> = {
  speaks: (s) => ({ jaw: speech(s), smile: 0, brows: 0 }),
  smiles: (s) => ({ jaw: 0, smile: 0.08 * (1 + wave(s, 0.35)), brows: 0 }),
  'speaks and frowns': (s) => ({
    jaw: speech(s),
    smile: 0.04 * (1 + wave(s, 0.6, 0.3)),
    brows: 0.05 * (1 + wave(s, 0.45, 0.6)),
  }),
};
const speech = (s: number): number => 0.05 * (1 + wave(s, 2.3)) * (1 + 0.6 * wave(s, 0.41));

/** Every attack with one photograph. */
export const stillAttacks: readonly StillAttack[] = [
  ...matteNames.map((hold) => attack('still', hold, () => open)),
  ...Object.entries(courses).flatMap(([name, course]) => [
    attack('drawn-lids', 'hand', lidsBy(course, 'soft'), `${name} soft`),
    attack('drawn-lids', 'fixed', lidsBy(course, 'hard'), `${name} hard`),
  ]),
  attack('drawn-lids', 'hand', lidsBy(courses.quick, 'soft', 'one'), 'one eye'),
  ...matteNames
    .filter((hold) => hold !== 'hand' && hold !== 'fixed')
    .map((hold) => attack('drawn-lids-moved', hold, lidsBy(courses.quick, 'soft'), 'quick soft')),
  attack('creased', 'hand', lidsBy(courses.quick, 'crease'), 'quick'),
  attack('creased', 'hand', lidsBy(courses.slow, 'crease'), 'slow'),
  attack('creased', 'bend', lidsBy(courses.slow, 'crease'), 'slow'),
  ...foldedNames.map((hold) => attack('folded', hold, lidsBy(courses.quick, 'soft'), 'quick soft')),
  ...glossyNames.map((hold) => attack('glossy', hold, lidsBy(courses.quick, 'soft'), 'quick soft')),
  ...cutOutNames.map((hold) => attack('glossy-cut-out', hold, lidsBy(courses.quick, 'soft'), 'quick soft')),
  ...foldedAsideNames.map((hold) =>
    attack('folded-aside', hold, lidsBy(courses.quick, 'soft'), 'quick soft'),
  ),
  ...twistedNames.map((hold) => attack('twisted', hold, lidsBy(courses.quick, 'soft'), 'quick soft')),
  ...flapNames.map((hold) => attack('puppet', hold, lidsBy(courses.quick, 'soft'), 'quick soft')),
  ...rolledNames.map((hold) => attack('rolled', hold, lidsBy(courses.quick, 'soft'), 'quick soft')),
  ...Object.entries(puppets).map(([name, puppet]) => ({
    ...attack('moved-by-program', 'hand', lidsBy(courses.quick, 'soft'), name),
    puppet,
  })),
];

/**
 * A glossy photograph with drawn lids below a lamp of random shape, brightness and course: a spot or a tube that wanders over the face
 * at a speed of its own, in a hand that moves as fast as it likes.
 */
export function belowAnyLamp(random: Random, nth: number): StillAttack {
  const between = (low: number, high: number): number => low + (high - low) * random.unit();
  const lamp = {
    size: between(0.05, 0.3),
    brightness: between(50, 150),
    length: random.unit() < 0.5 ? 1 : between(2, 6),
    angleDeg: between(-90, 90),
  };
  const [handSpeed, reachX, reachY] = [between(0.5, 2), between(0.15, 0.5), between(0.1, 0.4)];
  const [hzX, hzY, phaseX, phaseY] = [between(0.1, 0.8), between(0.1, 0.8), random.unit(), random.unit()];
  const names = Object.keys(courses) as (keyof typeof courses)[];
  const course = names[Math.floor(random.unit() * names.length)] ?? 'quick';
  const isCutOut = nth % 2 === 1;
  return {
    species: isCutOut ? 'any-lamp-cut-out' : 'any-lamp',
    name: `${course} soft, lamp ${nth + 1}`,
    hold: (s) => ({
      ...holds.hand(s * handSpeed),
      isCutOut,
      glare: { ...lamp, x: reachX * wave(s, hzX, phaseX), y: 0.1 + reachY * wave(s, hzY, phaseY) },
    }),
    lids: lidsBy(courses[course], 'soft'),
  };
}

export function photographedFace(photo: Rgb24Picture, { box, eyes }: FaceShape): PhotographedFace {
  return { photo, box, eyes: [eyeOf(eyes[0]), eyeOf(eyes[1])] };
}

function eyeOf({ upper }: LidRims): PhotoEye {
  const [first, last] = [upper[0] as Point, upper.at(-1) as Point];
  const width = Math.hypot(last.x - first.x, last.y - first.y);
  return {
    centre: { x: (first.x + last.x) / 2, y: (first.y + last.y) / 2 },
    along: { x: (last.x - first.x) / width, y: (last.y - first.y) / width },
    halfPx: width / 2,
  };
}

export const frameSize = { widthPx: 640, heightPx: 480 };

/** How a camera sees a scene. */
interface CameraLight {
  /** The brightness is multiplied by this, 0..1. */
  readonly gain: number;
  /** Strength of the noise of FFmpeg's filter `noise`, 0..100. */
  readonly noise: number;
  /** Constant rate factor of H.264, 0..51. */
  readonly crf: number;
}

const goodLight: CameraLight = { gain: 1, noise: 5, crf: 20 };

const filterOf = ({ gain, noise }: CameraLight): string => {
  const dimmed = `lutrgb=r=val*${gain}:g=val*${gain}:b=val*${gain},`;
  return `${gain === 1 ? '' : dimmed}noise=alls=${noise}:allf=t`;
};

const encoding = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'];

/** Encodes raw frames of `frameSize` as a camera would. Throws `encoder-failed`. */
export async function encodeClip(
  path: string,
  fps: number,
  frames: Iterable<Uint8Array>,
  light: CameraLight = goodLight,
): Promise<void> {
  const { widthPx, heightPx } = frameSize;
  await ffmpeg(
    [
      ...['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${widthPx}x${heightPx}`, '-r', String(fps)],
      ...['-i', 'pipe:0', '-vf', filterOf(light), ...encoding, '-crf', String(light.crf), path],
    ],
    frames,
  );
}

/** Ways of replaying a recording of a person, as filters of FFmpeg. Each corner of a display that is tilted comes and goes. */
export const replays: Readonly<Record<string, string>> = {
  mirrored: 'hflip',
  quicker: 'setpts=PTS/1.4',
  slower: 'setpts=1.4*PTS',
  noisy: 'noise=alls=30:allf=t',
  tilted: [
    "perspective=x0='W*0.05*(1+sin(on/11))':y0='H*0.04*(1+sin(on/11))'",
    "x2='W*0.05*(1+sin(on/11))':y2='H-H*0.04*(1+sin(on/11))'",
    "x1='W-W*0.04*(1+sin(on/17))':y1=0:x3='W-W*0.04*(1+sin(on/17))':y3=H:sense=destination:eval=frame",
  ].join(':'),
};

/** Encodes a recording as a camera would that sees it replayed. Throws `encoder-failed`. */
export const encodeReplay = (path: string, recording: string, filter: string): Promise<void> =>
  ffmpeg(['-i', recording, '-an', '-vf', filter, ...encoding, '-crf', String(goodLight.crf), path], []);

/** Throws `encoder-failed`. */
export async function ffmpeg(options: readonly string[], input: Iterable<Uint8Array>): Promise<void> {
  const child = spawn('ffmpeg', ['-v', 'error', '-y', ...options], { stdio: ['pipe', 'ignore', 'inherit'] });
  const ended = closeOf(child);
  const fed = pipeline(Readable.from(input, { objectMode: false }), child.stdin);
  const [written] = await Promise.allSettled([fed, ended]);
  if (written.status === 'rejected' || child.exitCode !== 0) {
    throw operational('encoder-failed', 'ffmpeg could not write the clip or the frame', {
      remedy: 'Check that ffmpeg is installed with libx264 and that the disk has room.',
    });
  }
}

/** The frames of one attack with a photograph. */
export function* stillFrames(
  face: PhotographedFace,
  { hold, lids, puppet }: StillAttack,
  {
    seconds,
    fps,
    faceWidthPx,
    warpAt,
  }: { seconds: number; fps: number; faceWidthPx: number; warpAt?: (s: number) => Warp },
): Generator<Uint8Array> {
  for (let frame = 0; frame < seconds * fps; frame++) {
    const s = frame / fps;
    const to: Rgb24Picture = {
      format: 'rgb24',
      ...frameSize,
      data: new Uint8Array(3 * frameSize.widthPx * frameSize.heightPx),
    };
    const warp = warpAt?.(s) ?? (puppet && puppetWarp(face, puppet(s)));
    drawHeld(to, {
      face,
      hold: hold(s),
      lids: lids(s),
      faceWidthPx,
      ...(warp === undefined ? {} : { warp }),
    });
    yield to.data;
  }
}
