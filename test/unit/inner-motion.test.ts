import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Point } from '../../daemon/kernel/faces/geometry.js';
import {
  type InnerMotionSeen,
  innerMotionPolicy,
  nextInnerMotion,
  noInnerMotion,
  type SeenStep,
} from '../../daemon/kernel/liveness/inner-motion.js';
import type { FaceTexture } from '../../daemon/kernel/liveness/skin-shift.kernel.js';
import { faceShape, opening } from '../support/face-shapes.js';
import { faceTexture, textureOf, withOpenMouth } from '../support/face-textures.js';

/** Across, down, and away from the camera, in distances of the middles of the eyes; in the order of `FaceLandmarks.shape`. */
type Solid = readonly [across: number, down: number, deep: number];
const head: readonly Solid[] = [
  ...[-0.75, -0.25, 0.25, 0.75].map((x): Solid => [x, 0, 0]),
  ...[-0.8, -0.5, -0.2, 0.2, 0.5, 0.8].map((x): Solid => [x, -0.35, -0.05]),
  ...([
    [0, 0.6, -0.6],
    [0, 0.85, -0.35],
    [-0.2, 0.7, -0.25],
    [0.2, 0.7, -0.25],
    [0, 0, -0.2],
  ] as const),
  ...[-0.4, 0.4].map((x): Solid => [x, 1.2, 0]),
  ...[-0.15, 0, 0.15, 0].map((x, at): Solid => [x, 1.1 + 0.02 * at, -0.1]),
  ...[-0.15, 0, 0.15, 0].map((x, at): Solid => [x, 1.25 + 0.02 * at, -0.1]),
  ...([
    [0, 1.75, 0],
    [-0.8, 1.2, 0.4],
    [0.8, 1.2, 0.4],
    [-1.1, 0.1, 0.8],
    [1.1, 0.1, 0.8],
    [0, -0.9, 0.1],
    [-0.4, 1.65, 0.1],
    [0.4, 1.65, 0.1],
  ] as const),
];
/** The points of the lower lip and the chin, which sink as the mouth opens. */
const jaw = [21, 22, 23, 24, 25, 31, 32];

interface Shown {
  readonly yawDeg?: number;
  readonly pitchDeg?: number;
  readonly rollDeg?: number;
  readonly x?: number;
  readonly scale?: number;
  /** How far the mouth is open. */
  readonly open?: number;
  /** How far the lids are closed, 0..1, and whether all else is pulled along with them. */
  readonly closed?: number;
  readonly pulled?: number;
  readonly eyesPx?: number;
  /** `face`: there is no look; `eyes`: only the mesh is known. */
  readonly hidden?: 'face' | 'eyes';
}

/** A head, or a flat picture of it. */
function shapeOf(shown: Shown, isFlat: boolean): readonly Point[] {
  const {
    yawDeg = 0,
    pitchDeg = 0,
    rollDeg = 0,
    x = 300,
    scale = 1,
    open = 0,
    pulled = 0,
    eyesPx = 60,
  } = shown;
  const [yaw, pitch, roll] = [yawDeg, pitchDeg, rollDeg].map((deg) => (deg * Math.PI) / 180) as [
    number,
    number,
    number,
  ];
  return head.map(([across, down, deep], index) => {
    const z0 = isFlat ? 0 : deep;
    const y0 = down + (jaw.includes(index) ? open : 0) + (index < 10 ? pulled : 0);
    const x1 = across * Math.cos(yaw) - z0 * Math.sin(yaw);
    const z1 = across * Math.sin(yaw) + z0 * Math.cos(yaw);
    const y1 = y0 * Math.cos(pitch) + z1 * Math.sin(pitch);
    const [cos, sin] = [Math.cos(roll) * eyesPx * scale, Math.sin(roll) * eyesPx * scale];
    return { x: x + cos * x1 - sin * y1, y: 200 + sin * x1 + cos * y1 };
  });
}

const faceAtRest = faceShape({ x: 0, y: 0, eyesPx: 1 });
const otherSkin = { ...faceTexture(), luma: faceTexture().luma.toReversed() };
const evenSkin = { ...faceTexture(), luma: faceTexture().luma.map(() => 128) };

/** The skin of a face whose nose stands out of it, turned. */
function turnedSkin(yawDeg: number): FaceTexture {
  const noseBy = 0.6 * Math.sin((yawDeg * Math.PI) / 180);
  return textureOf(faceAtRest, faceAtRest, ({ x, y }) => ({
    x: x - noseBy * Math.exp(-(x ** 2 + (y - 0.6) ** 2) / 0.4 ** 2),
    y,
  }));
}

/** The skin beside the nose shifts sideways, although the mouth of the mesh opens. */
const shiftedElsewhere = textureOf(faceAtRest, faceAtRest, ({ x, y }) => ({
  x: x - 0.12 * Math.exp(-((x - 0.5) ** 2 + (y - 0.5) ** 2) / 0.3 ** 2),
  y,
}));

/** The mouth opens, but the nose shifts sideways, otherwise than the mesh does: as in a fold, the skin goes along with the mesh a little. */
const shiftedInPart = textureOf(faceAtRest, faceAtRest, (place) => {
  const { x, y } = withOpenMouth(0.09)(place);
  return { x: x - 0.36 * Math.exp(-(place.x ** 2 + (place.y - 0.5) ** 2) / 0.3 ** 2), y };
});

function skinAt(skin: Watched['skin'], s: number, { open, yawDeg = 0 }: Shown): FaceTexture {
  if (skin === 'is-even') return evenSkin;
  if (skin === 'turns') return turnedSkin(yawDeg);
  if (skin === 'is-replaced' && s >= 1.19) return otherSkin;
  const isAtRest = open === undefined ? s % 1 < 0.5 : open <= 0.01;
  if (skin === 'stays' || isAtRest) return faceTexture();
  if (skin === 'shifts-in-part') return shiftedInPart;
  return skin === 'shifts-elsewhere' ? shiftedElsewhere : faceTexture(0.08);
}

interface Watched {
  readonly isFlat?: boolean;
  readonly skin?:
    | 'shifts'
    | 'stays'
    | 'is-even'
    | 'turns'
    | 'shifts-elsewhere'
    | 'shifts-in-part'
    | 'is-replaced';
  readonly fps?: number;
  readonly seconds?: number;
}

/** What is seen of a face over so many seconds, step by step, and why. */
function steps(
  shownAt: (s: number) => Shown,
  { isFlat = false, skin = 'shifts', fps = 15, seconds = 8 }: Watched = {},
): readonly SeenStep[] {
  let state = noInnerMotion;
  const seen: SeenStep[] = [];
  for (let frame = 0; frame < seconds * fps; frame++) {
    const s = frame / fps;
    const shown = shownAt(s);
    const { yawDeg = 0, pitchDeg = 0, rollDeg = 0, closed = 0, hidden } = shown;
    if (hidden === 'face') continue;
    const openness = 0.3 * (1 - 0.8 * closed);
    const landmarks = {
      shape: shapeOf(shown, isFlat),
      pose: { yawDeg, pitchDeg, rollDeg },
      // Apart from what the test is about, the skin shifts as the mouth does, or all the time.
      texture: hidden === undefined ? skinAt(skin, s, shown) : undefined,
    };
    const seenEyes = { left: openness, right: openness, areLidsRaised: openness >= 0.2 };
    const eyes =
      hidden === undefined ? seenEyes : { areLidsRaised: false, left: undefined, right: undefined };
    const sample = { ...eyes, atMs: s * 1000, framing: 'whole', sharpness: 1 } as const;
    const next = nextInnerMotion(state, sample, landmarks);
    state = next.state;
    if (next.step !== undefined) seen.push(next.step);
  }
  return seen;
}

const watch = (...args: Parameters<typeof steps>): readonly InnerMotionSeen[] =>
  steps(...args).map(({ seen }) => seen);

/** Whether a face is seen to move in itself. */
const moves = (...args: Parameters<typeof watch>): boolean => watch(...args).includes('moved');

const wave = (s: number, hz = 0.3): number => Math.sin(2 * Math.PI * hz * s);
/** Closed for a quarter of a second, every two seconds. */
const lidsAt = (s: number): number => (s % 2 > 1.5 && s % 2 < 1.75 ? 1 : 0);

describe('the movement of a face in itself', () => {
  const sheets: Readonly<Record<string, (s: number) => Shown>> = {
    'that is held still': () => ({}),
    'that is shifted': (s) => ({ x: 300 + 40 * wave(s) }),
    'that comes nearer': (s) => ({ scale: 1.08 ** s }),
    'that is rolled': (s) => ({ rollDeg: 20 * wave(s) }),
    'that is turned a little': (s) => ({ yawDeg: 8 * wave(s), pitchDeg: 5 * wave(s, 0.2) }),
    'that is turned far': (s) => ({ yawDeg: 35 * wave(s) }),
    'that is tilted far': (s) => ({ pitchDeg: 30 * wave(s) }),
  };
  for (const [name, shownAt] of Object.entries(sheets)) {
    for (const fps of [10, 15, 30]) {
      test(`is not seen in a picture ${name} at ${fps} frames a second, whose lids close`, () => {
        const drawn = (s: number): Shown => ({ ...shownAt(s), closed: lidsAt(s) });
        assert.equal(moves(drawn, { isFlat: true, fps }), false);
      });
    }
  }

  test('is not seen in a mesh that lags behind a picture that comes and goes, or that is rolled quickly', () => {
    const lag = (s: number): Shown => ({ open: 0.02 * Math.cos(Math.PI * s) });
    assert.equal(moves(lag), true, 'as much is seen in a face that does neither');
    const comes = (s: number): Shown => ({ ...lag(s), scale: 1 + 0.12 * Math.sin(Math.PI * s) });
    assert.equal(moves(comes, { isFlat: true }), false);
    const rolls = (s: number): Shown => ({ ...lag(s), rollDeg: 12 * Math.sin(Math.PI * s) });
    assert.equal(moves(rolls, { isFlat: true }), false);
  });

  test('is not seen in what closing lids pull along', () => {
    assert.equal(
      moves((s) => ({ closed: lidsAt(s), pulled: 0.08 * lidsAt(s) })),
      false,
    );
    assert.equal(
      moves((s) => ({ pulled: opening(s, 1, 0.08) }), { fps: 30 }),
      true,
      'while the eyes are open',
    );
  });

  test('is seen when the mouth moves, at every rate', () => {
    for (const fps of [10, 15, 30])
      assert.equal(
        moves((s) => ({ open: opening(s) }), { fps }),
        true,
      );
  });

  describe('is not seen in two photographs of one face that are exchanged', () => {
    /** Which photograph is shown: its mouth is open or closed. */
    const shownAt = (s: number, everyS: number): number => (s % (2 * everyS) < everyS ? 0 : 0.06);
    const exchanges: Readonly<Record<string, (s: number) => Shown>> = {
      'every second': (s) => ({ open: shownAt(s, 1) }),
      'every 2.3 s': (s) => ({ open: shownAt(s, 2.3) }),
      'every third of a second': (s) => ({ open: shownAt(s, 0.35) }),
      once: (s) => ({ open: shownAt(s, 4) }),
      'in a hand': (s) => ({ open: shownAt(s, 1), x: 300 + 40 * wave(s), rollDeg: 3 * wave(s, 0.5) }),
      'while the lids are closed': (s) => ({ open: s % 4 < 1.6 ? 0 : 0.06, closed: lidsAt(s) }),
      'out of sight': (s) => ({ open: shownAt(s, 1), ...(s % 1 < 0.3 ? { hidden: 'face' } : {}) }),
      'while they are turned away': (s) => ({
        ...{ open: shownAt(s, 1), yawDeg: s % 1 < 0.2 ? 45 : 0 },
        ...(s % 1 < 0.2 ? { hidden: 'eyes' } : {}),
      }),
      'and found by the mesh in two looks': (s) => ({
        open: shownAt(s, 1) + (shownAt(s - 0.03, 1) - shownAt(s, 1)) / 5,
      }),
    };
    for (const [name, exchanged] of Object.entries(exchanges)) {
      test(name, () => {
        for (const fps of [10, 15, 25, 30])
          assert.equal(moves(exchanged, { fps, seconds: 5 }), false, `${fps} a second`);
      });
    }
  });

  test('is not seen in a mesh that trembles while the skin stays as it is', () => {
    const trembles = (s: number): Shown => ({ open: opening(s) });
    for (const fps of [10, 15, 30]) assert.equal(moves(trembles, { skin: 'stays', fps }), false);
  });

  test('is not seen in skin that shifts where the mesh does not', () => {
    const speaks = (s: number): Shown => ({ open: opening(s, 1) });
    assert.equal(moves(speaks), true);
    assert.equal(moves(speaks, { skin: 'shifts-elsewhere' }), false);
  });

  test('is not seen in skin that goes along with the mesh only a little, as that of a sheet that is folded', () => {
    const speaks = (s: number): Shown => ({ open: opening(s, 1) });
    const skins = steps(speaks, { skin: 'shifts-in-part' }).flatMap((step) => step.skin ?? []);
    const best = Math.max(...skins.map(({ agreement }) => agreement));
    assert.ok(best > 0.1 && best < innerMotionPolicy.skinAgreement, String(best));
    assert.equal(moves(speaks, { skin: 'shifts-in-part' }), false);
  });

  test('is not seen in a picture whose mesh trembles, although another face has just spoken in its place', () => {
    const speaks = (s: number): Shown => ({ open: opening(s, 0.8) });
    assert.equal(moves(speaks, { skin: 'is-replaced' }), false);
    assert.equal(moves(speaks), true, 'where that face stays');
  });

  test('is unclear where the mesh moves, but the skin shows no details', () => {
    const speaks = (s: number): Shown => ({ open: opening(s) });
    for (const fps of [10, 15, 30]) {
      const seen = watch(speaks, { skin: 'is-even', fps });
      assert.equal(seen.includes('moved'), false);
      assert.equal(seen.includes('unclear'), true);
    }
  });

  test('is unclear in a face that is small, turned, or rolled, and not taken for stillness', () => {
    const unclear: Readonly<Record<string, (s: number) => Shown>> = {
      small: () => ({ eyesPx: 39 }),
      turned: () => ({ yawDeg: 22 }),
      rolled: (s) => ({ rollDeg: 20 * wave(s, 0.6) }),
    };
    for (const [name, shownAt] of Object.entries(unclear)) {
      const seen = watch(shownAt, { skin: 'stays' });
      const count = (of: InnerMotionSeen): number => seen.filter((each) => each === of).length;
      assert.equal(count('moved'), 0, name);
      assert.ok(count('unclear') > count('still'), `${name}: ${seen.join(' ')}`);
    }
    for (const eyesPx of [60, 41])
      assert.deepEqual([...new Set(watch(() => ({ eyesPx }), { skin: 'stays' }))], ['still'], 'seen well');
  });

  test('names the comparison that came nearest to a movement, and why it was none', () => {
    const speaks = (s: number): Shown => ({ open: opening(s, 1) });
    const skinsOf = (skin: NonNullable<Watched['skin']>) =>
      steps(speaks, { skin }).flatMap((step) => step.skin ?? []);
    const [moved, elsewhere] = [skinsOf('shifts'), skinsOf('shifts-elsewhere')];
    const { skinShift: shift, skinAgreement: agreement } = innerMotionPolicy;
    assert.ok(moved.some((skin) => skin.shift >= shift && skin.agreement >= agreement));
    assert.ok(elsewhere.some((skin) => skin.shift >= shift));
    assert.ok(elsewhere.every((skin) => skin.agreement < agreement));
    assert.deepEqual(
      steps(() => ({}), { skin: 'stays' }).flatMap((step) => step.skin ?? []),
      [],
      'a mesh at rest',
    );
  });

  test('is seen when a head turns by a few degrees, but not by two', () => {
    assert.equal(
      moves((s) => ({ yawDeg: 5 * wave(s) }), { skin: 'turns' }),
      true,
    );
    assert.equal(
      moves((s) => ({ yawDeg: wave(s) }), { skin: 'turns' }),
      false,
    );
  });

  test('must be greater in a smaller face, whose mesh is noisier', () => {
    const open = (eyesPx: number) => (s: number) => ({ eyesPx, open: opening(s, 2, 0.02) });
    assert.equal(moves(open(60)), true);
    assert.equal(moves(open(20)), false);
  });

  test('must be great while a face is turned far, as a picture that is turned also changes', () => {
    const turning = (open: number) => (s: number) => ({
      ...{ yawDeg: 35 * wave(s, 0.6), open: opening(s, 2, open) },
    });
    assert.equal(moves(turning(0.06), { isFlat: true }), false);
    assert.equal(moves(turning(0.4), { isFlat: true }), true);
  });

  test('is not seen in a face that is turned to its side or rolled meanwhile', () => {
    const speaking = (s: number): Shown => ({ open: opening(s) });
    assert.equal(
      moves((s) => ({ ...speaking(s), yawDeg: 19 })),
      true,
    );
    assert.equal(
      moves((s) => ({ ...speaking(s), yawDeg: 22 })),
      false,
    );
    const rolling = (deg: number) => (s: number) => ({
      open: opening(s, 2, 0.03),
      rollDeg: deg * opening(s, 2, 1),
    });
    assert.equal(moves(rolling(7)), true);
    assert.equal(moves(rolling(9)), false);
  });

  test('is not told across more than four seconds, in which light and camera may change', () => {
    assert.equal(
      moves((s) => ({ open: 0.003 * s }), { seconds: 30 }),
      false,
    );
  });

  test('compares nothing where an eye or a part of the face is not seen', () => {
    const pose = { yawDeg: 0, pitchDeg: 0, rollDeg: 0 };
    const shown = { shape: shapeOf({}, false), pose, texture: faceTexture() };
    const sample = { atMs: 0, left: 0.3, right: 0.3, areLidsRaised: true, sharpness: 1 } as const;
    for (const unseen of [
      { ...sample, left: undefined, framing: 'whole' } as const,
      { ...sample, framing: 'too-close' } as const,
    ]) {
      const { state, step } = nextInnerMotion(noInnerMotion, unseen, shown);
      assert.equal(step, undefined);
      assert.deepEqual({ ...state, way: [] }, noInnerMotion);
    }
  });
});
