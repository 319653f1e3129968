import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Sample } from '../../daemon/domain/identification/identification-trial.js';
import {
  calibratedThresholds,
  countRule,
  crowdOf,
  crowdThreshold,
  meanOver,
  oneThreshold,
  standInTracks,
} from '../../scripts/benchmarks/stand-in-strangers.js';

/** A photograph whose cosine with another is that of the difference of their angles. */
function photograph(degrees: number): Sample {
  const radians = (degrees * Math.PI) / 180;
  return { embedding: Float32Array.of(Math.cos(radians), Math.sin(radians)), isEnrollable: true };
}

const person = (name: string, ...degrees: readonly number[]) => ({ name, samples: degrees.map(photograph) });
const once = { references: 1, splits: 1, views: 1 };
const policy = { threshold: 0.99, margin: 0.001, minimumProbes: 2 };

describe('strangers played by known people', () => {
  const sisters = [person('ada', 0, 1), person('grace', 6, 7), person('mary', 90, 91)];

  it('are searched without themselves, and once more as the people they are', () => {
    const { acceptedOf, missedOf, takenFor } = countRule(
      standInTracks(sisters, [], once),
      oneThreshold(policy),
    );
    assert.deepEqual(
      [...acceptedOf],
      [
        ['ada', 1],
        ['grace', 1],
        ['mary', 0],
      ],
    );
    assert.deepEqual([...missedOf.values()], [0, 0, 0]);
    assert.deepEqual([...takenFor.keys()], ['ada for grace', 'grace for ada']);
  });

  it('count once each, however many photographs there are of them', () => {
    const strangers = [2, 4, 180].map((degrees) => ({ ...photograph(degrees), name: 'eve' }));
    const { acceptedOf } = countRule(standInTracks(sisters, strangers, once), oneThreshold(policy));
    assert.equal(acceptedOf.get('eve'), 2 / 3);
    assert.deepEqual(meanOver(acceptedOf, new Set(['eve', 'mary'])), { share: 1 / 3, people: 2 });
    assert.equal(meanOver(acceptedOf, new Set(['nobody'])), undefined);
  });

  it('make tracks of whole views only', () => {
    const tracks = standInTracks([person('ada', 0, 1, 2, 3)], [], { ...once, views: 2 });
    assert.deepEqual(
      tracks.map(({ isEnrolled, probes }) => [isEnrolled, probes.length]),
      [
        [true, 2],
        [false, 2],
      ],
    );
  });
});

describe('the rules that are compared', () => {
  const crowd = [0, 8, 16, 24, 32, 40].map((degrees, index) => person(`p${index}`, degrees, degrees + 1));

  it('ask more where others than the nearest come near, and nothing more where four fifths do so', () => {
    const tracks = standInTracks(crowd, [], once);
    const thresholds = tracks.map((track) => crowdThreshold(policy, 1)(track).threshold);
    for (const [index, track] of tracks.entries()) {
      const above = Math.max(0, crowdOf(track.probes) - track.gallery.usualCrowd);
      assert.ok(Math.abs((thresholds[index] ?? 0) - policy.threshold - above) < 1e-9);
    }
    assert.ok(thresholds.some((threshold) => threshold > policy.threshold));
    assert.ok(thresholds.some((threshold) => threshold === policy.threshold));
  });

  it('know nothing of the person who plays the stranger', () => {
    const tracks = standInTracks(
      [person('ada', 0, 1), person('grace', 5, 6), person('mary', 60, 61)],
      [],
      once,
    );
    const rule = calibratedThresholds({ ...policy, threshold: 0.9 }, 0.01);
    const ofGrace = (isEnrolled: boolean): number => {
      const track = tracks.find((each) => each.name === 'ada' && each.isEnrolled === isEnrolled);
      const grace = track?.gallery.enrolled.find((one) => one.personId === 'grace')?.personId;
      assert.ok(track && grace);
      return rule(track).thresholdOf?.(grace) ?? Number.NaN;
    };
    assert.ok(ofGrace(true) > Math.cos((5 * Math.PI) / 180));
    assert.equal(ofGrace(false), 0.9);
  });
});
