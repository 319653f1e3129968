import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  type BlinkPolicy,
  defaultBlinkPolicy,
  initialBlinkState,
  nextBlink,
} from '../../daemon/kernel/liveness/blink.js';
import { closureAt } from '../../daemon/kernel/liveness/eye-closure.js';
import { type EyeLevel, eyeLevels, levelNoise } from '../../daemon/kernel/liveness/eye-level.js';
import type { Blink, EyeSample } from '../../daemon/kernel/liveness/liveness.js';

/** What every look of these eyes has in common. */
const seen = { areLidsRaised: true, framing: 'whole', sharpness: 1 } as const;

/** Both eyes over time: 1 open, 0.3 shut. */
type Lids = (atS: number) => { readonly left: number; readonly right: number };

/** A closure with a fall and a rise of 60 ms each around the time the eyes stay shut. */
function lid(atS: number, fromS: number, shutS: number): number {
  const edgeS = 0.06;
  const intoS = atS - fromS;
  if (intoS <= 0 || intoS >= shutS + 2 * edgeS) return 1;
  const part =
    intoS < edgeS ? intoS / edgeS : intoS > edgeS + shutS ? (shutS + 2 * edgeS - intoS) / edgeS : 1;
  return 1 - 0.7 * part;
}

function record(lids: Lids, fps: number, durationS: number, phaseMs = 0): EyeSample[] {
  return Array.from({ length: Math.floor(durationS * fps) }, (_, frame) => {
    const atMs = (frame * 1000) / fps + phaseMs;
    const { left, right } = lids(atMs / 1000);
    return { atMs, left: left * 0.29, right: right * 0.31, ...seen };
  });
}

function blinksIn(samples: readonly EyeSample[], policy: BlinkPolicy = defaultBlinkPolicy): Blink[] {
  let state = initialBlinkState;
  return samples.flatMap((sample) => {
    const next = nextBlink(state, sample, policy);
    state = next.state;
    return next.blinks;
  });
}

const both = (fromS: number, shutS: number): Lids => {
  return (atS) => ({ left: lid(atS, fromS, shutS), right: lid(atS, fromS, shutS) });
};

describe('nextBlink', () => {
  for (const fps of [10, 15, 25, 30]) {
    test(`finds one blink at ${fps} frames a second, with its middle and length`, () => {
      const [blink, ...others] = blinksIn(record(both(3, 0.15), fps, 6));
      assert.deepEqual(others, []);
      assert.ok(blink !== undefined);
      assert.ok(Math.abs(blink.atMs - 3135) <= 500 / fps, `middle at ${blink.atMs}`);
      assert.ok(Math.abs(blink.durationMs - 210) <= 1000 / fps, `${blink.durationMs} ms`);
    });
  }

  test('judges a blink at the very beginning once it knows the open eyes', () => {
    const blinks = blinksIn(record(both(0.2, 0.15), 15, 2));
    assert.equal(blinks.length, 1);
    assert.ok(Math.abs((blinks[0]?.atMs ?? 0) - 335) < 40);
  });

  test('detects no blink before the eyes have opened again', () => {
    assert.deepEqual(blinksIn(record(both(2.8, 1), 15, 3.2)), []);
  });

  test('leaves out samples without both eyes, and samples that are not newer than the last', () => {
    const samples = record(both(3, 0.15), 15, 2);
    const state = samples.reduce(
      (before, sample) => nextBlink(before, sample, defaultBlinkPolicy).state,
      initialBlinkState,
    );
    const last = samples.at(-1) ?? assert.fail('no samples');
    const unchanged = { state, blinks: [] };
    for (const change of [
      { atMs: last.atMs },
      { atMs: last.atMs - 1 },
      { left: undefined },
      { right: undefined },
    ])
      assert.deepEqual(
        nextBlink(state, { ...last, atMs: last.atMs + 50, ...change }, defaultBlinkPolicy),
        unchanged,
      );
  });

  test('does not count a wink as a blink', () => {
    const wink: Lids = (atS) => ({ left: lid(atS, 3, 0.15), right: 1 });
    assert.deepEqual(blinksIn(record(wink, 15, 6)), []);
  });

  test('does not take eyes that stay shut for a blink', () => {
    assert.deepEqual(blinksIn(record(both(3, 1), 15, 6)), []);
  });

  test('does not take a glance down for a blink', () => {
    const glance: Lids = (atS) => {
      const level = atS > 3 && atS < 3.4 ? 0.75 : 1;
      return { left: level, right: level };
    };
    assert.deepEqual(blinksIn(record(glance, 15, 6)), []);
  });

  test('separates two blinks between which the lids only half open', () => {
    const double: Lids = (atS) => {
      const level = Math.min(lid(atS, 3, 0.06), lid(atS, 3.3, 0.06), atS > 3.05 && atS < 3.4 ? 0.85 : 1);
      return { left: level, right: level };
    };
    assert.equal(blinksIn(record(double, 15, 6)).length, 2);
  });

  test('finds two blinks a quarter of a second apart between which the lids hardly open', () => {
    const double: Lids = (atS) => {
      const level = Math.max(
        0.3,
        Math.min(lid(atS, 3, 0.04), lid(atS, 3.25, 0.04), atS > 3.05 && atS < 3.3 ? 0.6 : 1),
      );
      return { left: level, right: level };
    };
    for (const fps of [15, 20, 25, 30]) {
      const blinks = blinksIn(record(double, fps, 6));
      assert.equal(blinks.length, 2, `${fps}`);
      blinks.forEach(({ atMs }, n) => {
        assert.ok(Math.abs(atMs - 3080 - n * 250) < 100, `${fps}: ${atMs}`);
      });
    }
  });

  test('does not take fluttering lids for a series of blinks', () => {
    const flutter: Lids = (atS) => {
      const level = atS > 3 && atS < 6 ? 0.65 + 0.35 * Math.cos((atS - 3) * 2 * Math.PI * 4) : 1;
      return { left: level, right: level };
    };
    for (const fps of [15, 25, 30]) assert.ok(blinksIn(record(flutter, fps, 9)).length <= 2, `${fps}`);
    const spaced: Lids = (atS) => both(2 + 0.6 * Math.floor((atS - 2) / 0.6), 0.1)(atS);
    assert.ok(
      blinksIn(record((atS) => (atS > 2 && atS < 4.9 ? spaced(atS) : both(0, 0)(9)), 30, 7)).length === 5,
    );
  });

  test('does not take a face for blinking that is smeared by motion, nor one that is sharp only for a moment', () => {
    const samples = record(both(3, 0.15), 10, 6);
    const during = (sharpness: number) =>
      samples.map((sample) => (sample.left === 0.29 ? sample : { ...sample, sharpness }));
    for (const sharpness of [0.47, 1, 2.15])
      assert.equal(blinksIn(during(sharpness)).length, 1, `${sharpness}`);
    for (const sharpness of [0.3, 0.44, 2.25, 4])
      assert.deepEqual(blinksIn(during(sharpness)), [], `${sharpness}`);
  });

  test('ignores a closure next to missing frames', () => {
    const samples = record(both(3, 0.15), 15, 6).filter(({ atMs }) => atMs < 2700 || atMs > 3100);
    assert.deepEqual(blinksIn(samples), []);
  });

  test('skips samples in which an eye was not seen', () => {
    const samples = record(both(3, 0.15), 30, 6).map((sample, n) =>
      n % 4 === 0 ? { ...sample, left: undefined } : sample,
    );
    assert.equal(blinksIn(samples).length, 1);
  });

  const anySamples = fc
    .array(
      fc.record({
        afterMs: fc.integer({ min: 20, max: 300 }),
        left: fc.double({ min: 0.05, max: 0.4, noNaN: true }),
        right: fc.double({ min: 0.05, max: 0.4, noNaN: true }),
      }),
      { maxLength: 120 },
    )
    .map((steps) => {
      let atMs = 0;
      return steps.map(({ afterMs, left, right }): EyeSample => {
        atMs += afterMs;
        return { atMs, left, right, ...seen };
      });
    });

  test('whatever the eyes do, blinks are of bounded length, in order, and never overlap', () => {
    fc.assert(
      fc.property(anySamples, (samples) => {
        let endMs = Number.NEGATIVE_INFINITY;
        for (const { atMs, durationMs } of blinksIn(samples)) {
          assert.ok(
            durationMs >= defaultBlinkPolicy.shortestMs && durationMs <= defaultBlinkPolicy.longestMs,
          );
          assert.ok(atMs - durationMs / 2 >= endMs - 1e-6);
          endMs = atMs + durationMs / 2;
        }
      }),
    );
  });

  test('the time of day makes no difference', () => {
    fc.assert(
      fc.property(anySamples, fc.integer({ min: 0, max: 1_000_000_000 }), (samples, laterMs) => {
        const later = samples.map((sample) => ({ ...sample, atMs: sample.atMs + laterMs }));
        const expected = blinksIn(samples).map(({ atMs }) => Math.round(atMs + laterMs));
        assert.deepEqual(
          blinksIn(later).map(({ atMs }) => Math.round(atMs)),
          expected,
        );
      }),
    );
  });

  test('the openness of the eyes makes no difference', () => {
    fc.assert(
      fc.property(anySamples, fc.constantFrom(0.25, 0.5, 2, 4), (samples, scale) => {
        const scaled = samples.map((sample) => ({
          ...sample,
          left: (sample.left ?? 0) * scale,
          right: (sample.right ?? 0) * scale,
        }));
        assert.deepEqual(blinksIn(scaled), blinksIn(samples));
      }),
    );
  });

  test('left and right eye are worth the same', () => {
    fc.assert(
      fc.property(anySamples, (samples) => {
        const swapped = samples.map((sample) => ({ ...sample, left: sample.right, right: sample.left }));
        assert.deepEqual(blinksIn(swapped), blinksIn(samples));
      }),
    );
  });
});

/** Eyes open at 1 every 5 ms for 3 s, apart from what `lids` says of a time. */
function stepped(lids: (atMs: number) => number | readonly [left: number, right: number] | undefined) {
  return Array.from({ length: 600 }, (_, n): EyeSample => {
    const atMs = n * 5;
    const level = lids(atMs) ?? 1;
    const [left, right] = typeof level === 'number' ? [level, level] : level;
    return { atMs, left, right, ...seen };
  });
}

/** Down to `level` for `durationMs` around, measured half way: the first low sample is at 1.5 s. */
const dip = (level: number | readonly [number, number], durationMs: number) =>
  stepped((atMs) => (atMs >= 1500 && atMs <= 1495 + durationMs ? level : undefined));

/** Eyes that tremble by `level` from sample to sample, apart from one dip. */
const trembling = (level: number, depth: number, durationMs: number) =>
  stepped((atMs) => (atMs >= 1500 && atMs <= 1495 + durationMs ? 1 - depth : atMs % 10 === 0 ? 1 : level));

describe('the limits of a blink', () => {
  const cases: readonly (readonly [name: string, blink: EyeSample[], none: EyeSample[]])[] = [
    ['a closure is deeper than 0.35', dip(0.64, 500), dip(0.66, 500)],
    ['a brief dip is deeper than 0.12', dip(0.87, 100), dip(0.89, 100)],
    ['a brief dip takes no more than 200 ms', dip(0.87, 195), dip(0.87, 215)],
    ['the longer a dip takes, the deeper it is', dip(0.75, 300), dip(0.78, 300)],
    ['a closure takes no more than 700 ms', dip(0.5, 695), dip(0.5, 705)],
    ['a closure takes 30 ms at least', dip(0.5, 35), dip(0.5, 25)],
    [
      'a closure is 5 times as deep as the eyes tremble',
      trembling(0.96, 0.42, 300),
      trembling(0.96, 0.38, 300),
    ],
    ['a brief dip is 7 times as deep as they tremble', trembling(0.98, 0.3, 100), trembling(0.98, 0.26, 100)],
    ['the lesser eye comes down half of the mean', dip([0.4, 0.78], 100), dip([0.4, 0.81], 100)],
  ];
  for (const [name, blink, none] of cases) {
    test(name, () => {
      assert.equal(blinksIn(blink).length, 1);
      assert.deepEqual(blinksIn(none), []);
    });
  }

  test('every limit itself counts as a blink', () => {
    const policy = {
      ...defaultBlinkPolicy,
      closedDepth: 0.5,
      shortestMs: 300,
      longestMs: 300,
      longestGapMs: 5,
    };
    assert.deepEqual(blinksIn(dip(0.5, 300), policy), [{ atMs: 1647.5, durationMs: 300 }]);
    assert.deepEqual(blinksIn(dip(0.5, 300), { ...policy, longestGapMs: 4 }), []);
  });

  test('lids that open only half after a blink do not make another one', () => {
    const steps: readonly (readonly [untilMs: number, level: number])[] = [
      ...[[1500, 1] as const, [1600, 0.75] as const, [1650, 0.9] as const, [1750, 0.79] as const],
    ];
    const samples = stepped((atMs) => steps.find(([untilMs]) => atMs < untilMs)?.[1]);
    assert.equal(blinksIn(samples).length, 1);
  });

  test('the baseline covers six seconds, and needs one second before anything is judged', () => {
    let state = initialBlinkState;
    const seenAtMs: number[] = [];
    for (let atMs = 0; atMs <= 10_000; atMs += 50) {
      const openness = atMs === 300 || atMs === 350 ? 0.1 : 0.3;
      const step = nextBlink(state, { atMs, left: openness, right: openness, ...seen }, defaultBlinkPolicy);
      state = step.state;
      if (step.blinks.length > 0) seenAtMs.push(atMs);
    }
    assert.deepEqual(seenAtMs, [1000]);
    assert.equal(state.window[0]?.atMs, 4000);
  });
});

const level = (atMs: number, mean: number, left = mean, right = mean): EyeLevel => ({
  atMs,
  mean,
  left,
  right,
  sharpness: 1,
});

describe('closureAt', () => {
  const search = { leastDepth: 0.25, reachMs: 200, sinceMs: 0, longestGapMs: 100 };
  const levels = [level(0, 1), level(100, 0.75), level(200, 0.5), level(300, 0.75), level(400, 1)];

  test('measures from the most open sample that is within reach and after the last blink, limits included', () => {
    assert.deepEqual(closureAt(levels, 2, search), {
      ...{ closingMs: 100, openingMs: 300, depth: 0.5, lesserDepth: 0.5 },
    });
    const nearer = { closingMs: 150, openingMs: 250, depth: 0.25, lesserDepth: 0.25 };
    assert.deepEqual(closureAt(levels, 2, { ...search, reachMs: 199 }), nearer);
    assert.deepEqual(closureAt(levels, 2, { ...search, sinceMs: 1 }), nearer);
    assert.deepEqual(closureAt(levels, 2, { ...search, sinceMs: 100 }), nearer);
    assert.equal(closureAt(levels, 2, { ...search, sinceMs: 101 }), 'none');
    assert.equal(closureAt(levels, 2, { ...search, reachMs: 199, leastDepth: 0.26 }), 'none');
    assert.equal(closureAt(levels, 2, { ...search, longestGapMs: 99 }), 'none');
    assert.equal(closureAt(levels, 0, search), 'none');
  });

  test('takes the lowest sample alone, of equally low ones the first', () => {
    assert.equal(closureAt(levels, 1, search), 'none');
    assert.equal(closureAt(levels, 3, search), 'none');
    const flat = [level(0, 1), level(100, 0.5), level(200, 0.5), level(300, 1)];
    const both = { closingMs: 50, openingMs: 250, depth: 0.5, lesserDepth: 0.5 };
    assert.deepEqual(closureAt(flat, 1, search), both);
    assert.equal(closureAt(flat, 2, search), 'none');
    assert.equal(closureAt(flat.slice(0, 3), 1, search), 'open-ended');
  });

  test('gives the depth of the eye that closed less', () => {
    for (const [left, right] of [
      [0.25, 0.75],
      [0.75, 0.25],
    ] as const) {
      const wink = closureAt([level(0, 1), level(100, 0.5, left, right), level(200, 1)], 1, search);
      assert.equal(wink === 'none' || wink === 'open-ended' || wink.lesserDepth, 0.25);
    }
  });
});

describe('eye levels', () => {
  const samplesOf = (lefts: readonly number[], everyMs: number): EyeSample[] =>
    lefts.map((left, n) => ({ atMs: 500 + n * everyMs, left, right: 2 * left, ...seen }));

  test('are fractions of the upper quartile of each eye', () => {
    const levels = eyeLevels(samplesOf([1, 2, 3, 4, 5], 250), 1000) ?? assert.fail('no levels');
    assert.deepEqual(
      levels.map(({ left, right, mean }) => [left, right, mean]),
      [0.25, 0.5, 0.75, 1, 1.25].map((each) => [each, each, each]),
    );
  });

  test('need five samples over the requested time, and eyes that are open', () => {
    assert.equal(eyeLevels(samplesOf([1, 1, 1, 1, 1], 250), 1001), undefined);
    assert.equal(eyeLevels(samplesOf([1, 1, 1, 1], 1000), 1000), undefined);
    assert.equal(eyeLevels(samplesOf([0, 0, 0, 0, 0], 250), 1000), undefined);
    const oneShut = samplesOf([1, 1, 1, 1, 1], 250).map((sample) => ({ ...sample, right: 0 }));
    assert.equal(eyeLevels(oneShut, 1000), undefined);
    const unseen = samplesOf([1, 1, 1, 1, 1], 250).map((sample, n) =>
      n === 2 ? { ...sample, left: undefined } : sample,
    );
    assert.equal(eyeLevels(unseen, 1000), undefined);
  });

  test('are unsteady by the median of their second differences', () => {
    assert.equal(levelNoise([1, 1.5, 2, 2.5].map((mean, n) => level(n, mean))), 0, 'lids that move evenly');
    assert.equal(levelNoise([1, 1, 1.5, 1, 1].map((mean, n) => level(n, mean))), 0.5);
    const half = [1, 1, 1, 1.5].map((mean, n) => level(n, mean));
    assert.equal(levelNoise(half), 0.25, 'half way between two');
    const blinking = [1, 1, 1, 0.1, 1, 0.2, 1, 1, 1].map((mean, n) => level(n, mean));
    assert.equal(levelNoise(blinking), 0, 'closures are no noise');
    assert.equal(levelNoise([level(0, 1), level(1, 0)]), 0);
  });
});
