import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cameraId, trackId } from '../../daemon/kernel/ids.js';
import { defaultLivenessPolicy } from '../../daemon/kernel/liveness/liveness-verdict.js';
import type { Passage } from '../../daemon/kernel/passages/passage.js';
import { eyesAtRate } from '../../daemon/kernel/passages/preview-rate.js';
import type { Sighting } from '../../daemon/kernel/tracks/sighting.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { CameraPipeline } from '../../daemon/vision/camera-pipeline.js';
import { passageEpochMs, passageOf } from '../support/passage-fixture.js';
import { ScriptedAnalyser, scriptedFrame } from '../support/scripted-analyser.js';

interface Seen {
  /** When the blink is in its middle, and how long the eyes are half closed, seconds. Absent: no blink. */
  readonly blink?: { readonly atS: number; readonly forS: number };
  readonly untilS: number;
}

/** Lids that close and open like a bell. */
function opennessAt(atS: number, { blink }: Seen): number {
  if (blink === undefined) return 0.3;
  const away = (1.665 * (atS - blink.atS)) / blink.forS;
  return 0.3 * (1 - 0.65 * Math.exp(-(away * away)));
}

/** The last sighting of a face, from the production stages at this rate, and the sighting with the curve of its eyes. */
async function seenAt(fps: number, seen: Seen, firstFrame = 0) {
  const sightings: Sighting[] = [];
  const face = { box: { x: 500, y: 400, width: 120, height: 120 }, who: 'ada' };
  const pipeline = new CameraPipeline({
    ...{ cameraId: cameraId('door'), newTrackId: () => trackId('n1'), clock: new VirtualClock() },
    analyser: new ScriptedAnalyser((atS) => [{ ...face, openness: opennessAt(atS, seen) }]),
    sink: (event) => {
      if (event.type === 'sighting') sightings.push(event.sighting);
    },
    ...{ idleFps: Math.min(5, fps), trackingFps: fps, smallestFacePx: 40, sameFaceThreshold: 0.5 },
    liveness: defaultLivenessPolicy,
  });
  for (let frame = firstFrame; frame < seen.untilS * 30; frame += 1)
    await pipeline.analyse(scriptedFrame(frame, (frame * 1000) / 30));
  pipeline.end();
  const last = sightings.at(-1);
  const openness = sightings.findLast((each) => each.openness !== undefined)?.openness;
  assert.ok(last && openness);
  return { last, openness };
}

async function passageAt(fps: number, seen: Seen): Promise<Passage> {
  const { last, openness } = await seenAt(fps, seen);
  const { firstSeenMs, lastSeenMs, liveness } = last;
  const { blinks, observedS, frameCount } = liveness.evidence;
  return passageOf(1, {
    ...{ startedAtMs: passageEpochMs, lastSeenMs: passageEpochMs + lastSeenMs - firstSeenMs },
    openness: { ...openness, fromMs: openness.fromMs - firstSeenMs },
    liveness: {
      ...{ require: 'blink', verdict: liveness.verdict, reason: liveness.reason, observedS, frameCount },
      blinkCount: blinks.length,
      blinks: blinks.map(({ atMs, durationMs }) => ({
        ...{ afterS: (atMs - firstSeenMs) / 1000, durationS: durationMs / 1000 },
      })),
    },
  });
}

/** The numbers of blinks that the production stages find at this rate, by which frame comes first. */
async function foundAt(fps: number, seen: Seen): Promise<readonly number[]> {
  const found: number[] = [];
  for (let first = 0; first < 30 / fps; first += 1) {
    const { last } = await seenAt(fps, seen, first);
    found.push(last.liveness.evidence.blinks.length);
  }
  return found;
}

describe('the eyes of a passage at another rate', () => {
  for (const forS of [0.1, 0.2, 0.35]) {
    test(`show a blink of ${forS} s where the production stages find it`, async () => {
      const seen: Seen = { blink: { atS: 3.02, forS }, untilS: 3.6 };
      const passage = await passageAt(30, seen);
      assert.equal(passage.liveness.blinkCount, 1);
      for (const fps of [15, 10, 6, 3]) {
        const { least, most } = eyesAtRate(passage, fps);
        const found = await foundAt(fps, seen);
        const real = [Math.min(...found), Math.max(...found)];
        assert.ok(
          least <= (real[0] ?? 0) && most >= (real[1] ?? 1),
          `${fps}: ${least} to ${most}, really ${real}`,
        );
      }
    });
  }

  test('are known only within bounds where the passage does not store what decides', async () => {
    const says = (passage: Passage, fps: number) => {
      const { least, most, doubt } = eyesAtRate(passage, fps);
      return [least, most > 5 ? 'any' : most, doubt];
    };
    const quick: Seen = { blink: { atS: 3.02, forS: 0.1 }, untilS: 3.3 };
    const passage = await passageAt(30, quick);
    assert.deepEqual(says(passage, 30).slice(0, 2), [1, 1], 'the same rate');
    assert.deepEqual(says(passage, 6), [0, 1, 'depends-on-frames']);
    const { openness: _, ...early } = passage;
    assert.deepEqual(says(early, 10), [0, 'any', 'eyes-not-stored']);
    const { liveness } = passage;
    const asked = { ...passage, liveness: { ...liveness, reason: 'challenge-passed' as const } };
    assert.deepEqual(says(asked, 10), [0, 'any', 'eyes-not-stored']);
    const slow = await passageAt(10, { untilS: 4 });
    for (const same of [9.1, 10, 10.9])
      assert.deepEqual(says(slow, same), [0, 0, 'not-explained'], `the recorded rate: ${same}`);
    assert.deepEqual(says(slow, 5).slice(0, 2), [0, 0], 'fewer frames show no more');
    assert.deepEqual(says(slow, 20), [0, 'any', 'rate-not-recorded']);
    const moved = { ...liveness, blinks: [{ afterS: 1, durationS: 0.1 }] };
    assert.deepEqual(says({ ...passage, liveness: moved }, 10), [0, 1, 'not-explained']);
    assert.equal(eyesAtRate(slow, 5).observedS, 0, 'a blink fits between frames that are so far apart');
    const { lastSeenMs } = passage;
    // Frames further apart than the longest gap that a closure may have.
    const gone = eyesAtRate(passage, 2);
    const stayed = eyesAtRate({ ...passage, lastSeenMs: lastSeenMs + 2000 }, 2);
    assert.deepEqual([gone.most, stayed.most, stayed.doubt], [0, 1, 'blink-would-be-missed']);
  });
});
