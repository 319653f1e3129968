import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { defaultBlinkPolicy, initialBlinkState, nextBlink } from '../../daemon/domain/liveness/blink.js';
import type { Blink, EyeSample } from '../../daemon/domain/liveness/liveness.js';

const quality = { score: 1, reasons: [] };

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
    return { atMs, left: left * 0.29, right: right * 0.31, quality };
  });
}

function blinksIn(samples: readonly EyeSample[]): Blink[] {
  let state = initialBlinkState;
  return samples.flatMap((sample) => {
    const next = nextBlink(state, sample, defaultBlinkPolicy);
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

  test('says nothing before the eyes opened again', () => {
    assert.deepEqual(blinksIn(record(both(2.8, 1), 15, 3.2)), []);
  });

  test('does not take a wink for a blink', () => {
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

  test('says nothing about a closure beside which frames are missing', () => {
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
        return { atMs, left, right, quality };
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

  test('how wide somebody opens the eyes makes no difference', () => {
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
