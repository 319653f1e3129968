import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seededRandom } from '../../daemon/kernel/random.js';
import {
  cellColumns,
  cellCount,
  cellRows,
  type SceneChange,
  SceneMotion,
  settlingMs,
} from '../../daemon/kernel/tracks/scene-motion.kernel.js';

/** The brightness of a cell at a time, before noise. */
type Shown = (column: number, row: number, atS: number) => number;

const textureOf = (seed: number): Float32Array => {
  const random = seededRandom(seed);
  return Float32Array.from({ length: cellCount }, () => 30 + 150 * random.unit());
};
const wall = textureOf(1);
const clothes = textureOf(2);
const room: Shown = (column, row) => wall[row * cellColumns + column] ?? 0;

/** A person `columns` x `rows` cells large, whose left upper cell is at a place that may lie between cells. */
function personIn(scene: Shown, place: (atS: number) => number, columns: number, rows: number): Shown {
  return (column, row, atS) => {
    const left = place(atS);
    const covered = Math.min(column + 1, left + columns) - Math.max(column, left);
    const share = row >= 20 && row < 20 + rows ? Math.min(1, Math.max(0, covered)) : 0;
    const worn = clothes[(row - 20) * cellColumns + Math.max(0, Math.round(column - left))] ?? 0;
    return (1 - share) * scene(column, row, atS) + share * worn;
  };
}

interface Watched {
  readonly seconds: number;
  /** Standard deviation of the mean of a cell. */
  readonly noise?: number;
  readonly isIgnored?: Uint8Array;
}

/** What is seen in each of five frames a second. */
function watch(shown: Shown, { seconds, noise = 0.5, isIgnored }: Watched): SceneChange[] {
  const random = seededRandom(3);
  const motion = new SceneMotion(isIgnored);
  const cells = new Float32Array(cellCount);
  return Array.from({ length: seconds * 5 }, (_, frame) => {
    for (let at = 0; at < cellCount; at += 1) {
      const spread = random.unit() + random.unit() + random.unit() - 1.5;
      const seen = shown(at % cellColumns, Math.floor(at / cellColumns), frame / 5);
      cells[at] = Math.min(255, Math.max(0, seen + 2 * noise * spread));
    }
    return motion.observe(cells, frame * 200);
  });
}

/** The same after the noise of the scene is known. */
function settled(changes: readonly SceneChange[], afterS = settlingMs / 1000): readonly SceneChange[] {
  return changes.slice(afterS * 5);
}

function count(changes: readonly SceneChange[], change: SceneChange): number {
  return changes.filter((each) => each === change).length;
}

describe('motion in a scene', () => {
  test('counts as moving until the noise of the scene is known, then as still', () => {
    const changes = watch(room, { seconds: 10 });
    assert.equal(count(changes.slice(0, 15), 'moving'), 15);
    assert.equal(count(settled(changes), 'still'), 35);
  });

  for (const noise of [0.1, 1, 2, 4])
    test(`does not see motion in noise of ${noise} levels`, () => {
      const changes = settled(watch(room, { seconds: 40, noise }), 10);
      assert.ok(count(changes, 'moving') <= 2, `${count(changes, 'moving')} of ${changes.length}`);
    });

  test('does not see motion in flicker that brightens the whole picture', () => {
    const flicker: Shown = (column, row, atS) => room(column, row, atS) * (1 + 0.12 * Math.sin(11 * atS));
    const changes = watch(flicker, { seconds: 40 });
    assert.equal(count(settled(changes), 'moving'), 0);
    assert.ok(count(settled(changes, 10), 'relit') <= 2);
  });

  test('does not see motion in bands of light that roll through the picture', () => {
    const bands: Shown = (column, row, atS) =>
      room(column, row, atS) * (1 + 0.08 * Math.sin((9 * row) / cellRows + 6 * atS));
    assert.ok(count(settled(watch(bands, { seconds: 60 }), 15), 'moving') <= 5);
  });

  test('gets used to rain', () => {
    const random = seededRandom(7);
    const rain: Shown = (column, row, atS) => room(column, row, atS) + (random.unit() < 0.1 ? 4 : 0);
    const changes = watch(rain, { seconds: 60 });
    assert.ok(count(settled(changes, 20), 'moving') <= 10);
  });

  test('takes a lamp that is switched on or off for new light, once', () => {
    const lamp: Shown = (column, row, atS) =>
      room(column, row, atS) * (atS >= 6 && atS < 12 ? 1 : 0.4 + (0.1 * column) / cellColumns);
    const changes = settled(watch(lamp, { seconds: 20 }));
    assert.deepEqual([count(changes, 'moving'), count(changes, 'relit')], [0, 2]);
    assert.equal(changes[15], 'relit');
  });

  test('may see motion in headlights while they sweep the scene, but not afterwards', () => {
    const sweep: Shown = (column, row, atS) => {
      const [across, down] = [(column - 40 * (atS - 8)) / 20, (row - 27) / 15];
      return Math.min(255, room(column, row, atS) * (1 + Math.exp(-across * across - down * down)));
    };
    const changes = watch(sweep, { seconds: 30 });
    assert.equal(count(settled(changes, 16), 'moving'), 0);
  });

  for (const [columns, rows] of [
    [2, 2],
    [3, 8],
    [30, 34],
  ] as const)
    test(`sees a person of ${columns} x ${rows} cells who appears in noise`, () => {
      const shown = personIn(room, (atS) => (atS < 8 ? -99 : 40.5), columns, rows);
      for (const noise of [0.5, 2, 4]) {
        const changes = watch(shown, { seconds: 9, noise });
        assert.notEqual(changes[40], 'still', `noise of ${noise} levels`);
      }
    });

  test('sees a person who enters slowly', () => {
    const shown = personIn(room, (atS) => -4 + 0.3 * atS, 4, 10);
    const changes = watch(shown, { seconds: 40 });
    assert.ok(count(settled(changes, 6), 'moving') > 100);
  });

  test('sees a person behind bands, rain and noise', () => {
    const random = seededRandom(8);
    const weather: Shown = (column, row, atS) =>
      room(column, row, atS) * (1 + 0.08 * Math.sin((9 * row) / cellRows + 6 * atS)) +
      (random.unit() < 0.1 ? 4 : 0);
    const shown = personIn(weather, (atS) => (atS < 20 ? -99 : 30 + 2 * (atS - 20)), 2, 2);
    const changes = watch(shown, { seconds: 23, noise: 2 });
    assert.ok(count(settled(changes, 20), 'moving') >= 12);
  });

  test('is over when a person who stood still for seconds has left', () => {
    const leavesAtS = 20;
    const shown = personIn(
      room,
      (atS) => (atS < 12 ? -99 : atS < leavesAtS ? 40.5 : 40.5 + 60 * (atS - leavesAtS)),
      8,
      20,
    );
    for (const noise of [0.5, 2]) {
      const changes = watch(shown, { seconds: 30, noise });
      assert.equal(changes[5 * 12], 'moving', 'somebody came');
      assert.equal(count(settled(changes, leavesAtS + 1.2), 'moving'), 0, `noise of ${noise} levels`);
    }
  });

  test('is over when somebody large has left who made the whole picture brighter', () => {
    // In one light shirt, of which only the edges look different from their surroundings.
    const dark: Shown = (column, row, atS) => 0.3 * room(column, row, atS);
    const left = (atS: number): number => {
      if (atS < 20) return -99;
      const [comes, stays] = [-30 + 35 * (atS - 20), 40 + 4 * (atS - 22)];
      return atS < 22 ? comes : atS < 25 ? stays : 52 + 14 * (atS - 25);
    };
    const shown: Shown = (column, row, atS) => {
      const isCovered = column >= left(atS) && column < left(atS) + 14 && row >= 14 && row < 44;
      return isCovered ? 180 : dark(column, row, atS);
    };
    const changes = watch(shown, { seconds: 40 });
    assert.equal(count(changes.slice(5 * 21, 5 * 25), 'still'), 0);
    assert.equal(count(settled(changes), 'relit'), 0);
    assert.equal(count(settled(changes, 29.4), 'moving'), 0);
  });

  test('sees the next person where one stood a moment ago', () => {
    const shown: Shown = (column, row, atS) => {
      const first = personIn(room, () => (atS > 12 && atS < 18 ? 40.5 : -99), 8, 20);
      const next = personIn(first, () => (atS > 19 ? 42.5 : -99), 8, 20);
      return next(column, row, atS);
    };
    const changes = watch(shown, { seconds: 22 });
    assert.equal(changes[5 * 19 + 1], 'moving');
  });

  test('takes what stays where it was put for the background', () => {
    const shown: Shown = (column, row, atS) => {
      const chair = personIn(room, () => (atS > 8 ? 40 : -99), 4, 6);
      return personIn(chair, () => (atS > 40 && atS < 45 ? 38 : -99), 8, 20)(column, row, atS);
    };
    const changes = watch(shown, { seconds: 50 });
    assert.equal(changes[5 * 40 + 1], 'moving');
    assert.equal(count(settled(changes, 45.2), 'moving'), 0);
  });

  test('takes a person who stands still when the stream begins for a part of the scene', () => {
    const changes = watch(
      personIn(room, () => 40, 4, 10),
      { seconds: 8 },
    );
    assert.equal(count(settled(changes), 'still'), 25);
  });

  test('sees a person who comes through a place where leaves move all the time', () => {
    const leaves: Shown = (column, row, atS) =>
      room(column, row, atS) + (column > 30 && column < 60 ? 15 * Math.sin(7 * atS + column * row) : 0);
    const shown = personIn(leaves, (atS) => (atS < 40 ? -99 : 40), 2, 4);
    assert.equal(watch(shown, { seconds: 41 })[200], 'moving');
  });

  test('sees a person of little contrast after two minutes of people who passed', () => {
    const busyS = 120;
    const passing = (contrast: number, speed: number): Shown => {
      return (column, row, atS) => {
        const left = ((speed * atS) % (cellColumns + 30)) - 15;
        const isCovered = column >= left && column < left + 6 && row >= 20 && row < 40;
        return room(column, row, atS) + (isCovered ? contrast : 0);
      };
    };
    const [busy, faint] = [passing(40, 24), passing(12, 8)];
    const shown: Shown = (column, row, atS) => (atS < busyS ? busy : faint)(column, row, atS);
    const changes = settled(watch(shown, { seconds: busyS + 12 }), busyS + 4);
    assert.ok(count(changes, 'moving') >= 24, `${count(changes, 'moving')} of ${changes.length}`);
  });

  test('sees nothing in cells that are ignored', () => {
    const isIgnored = new Uint8Array(cellCount).fill(1, 0, cellCount / 2);
    const flag: Shown = (column, row, atS) =>
      room(column, row, atS) + (row < 10 ? 40 * Math.sin(9 * atS) : 0);
    assert.equal(count(settled(watch(flag, { seconds: 10, isIgnored })), 'moving'), 0);
    assert.ok(count(settled(watch(flag, { seconds: 10 })), 'moving') > 20);
  });

  test('begins again after an interruption', () => {
    const motion = new SceneMotion();
    const cells = new Float32Array(wall);
    for (let atMs = 0; atMs < 5000; atMs += 200) motion.observe(cells, atMs);
    assert.equal(motion.observe(cells, 5000), 'still');
    motion.forget();
    assert.equal(motion.observe(clothes, 5200), 'moving');
    assert.equal(motion.observe(clothes, 5400), 'moving');
    assert.equal(motion.observe(clothes, 9000), 'still');
  });
});
