import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { Lifetime } from '../../daemon/kernel/lifetime.js';
import { openReplaySetup, type ReplaySetup } from '../../daemon/lab/replay-setup.js';
import { replayClip } from '../../daemon/vision/replay-clip.js';
import type { StageEvent } from '../../daemon/vision/stage-event.js';
import type { PhotographedFace } from '../../scripts/benchmarks/held-picture.kernel.js';
import {
  encodeClip,
  photographedFace,
  stillAttacks,
  stillFrames,
} from '../../scripts/benchmarks/presentation-attacks.js';
import { cast } from '../../scripts/virtual-camera/cast.js';
import { openFaceShapeFinder } from '../../scripts/virtual-camera/face-shape.js';
import { readPhoto } from '../../scripts/virtual-camera/portrait.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

describe('a photograph whose lids are drawn', () => {
  const lifetime = new Lifetime(clock);
  let setup: ReplaySetup;
  let face: PhotographedFace;
  before(async () => {
    setup = await openReplaySetup({ configPath: undefined, cameraId: undefined, fps: 15 }, lifetime);
    await using finder = await openFaceShapeFinder();
    const photo = await readPhoto(cast.ada.photo);
    const shape = await finder.find(photo, cast.ada.face);
    assert.ok(shape !== undefined);
    face = photographedFace(photo, shape);
  });
  after(() => lifetime[Symbol.asyncDispose]());

  async function seen(species: string, name: string): Promise<readonly StageEvent[]> {
    const attack = stillAttacks.find((each) => each.species === species && each.name === name);
    assert.ok(attack !== undefined, name);
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'attack.mp4');
    await encodeClip(path, 15, stillFrames(face, attack, { seconds: 6, fps: 15, faceWidthPx: 190 }));
    const events: StageEvent[] = [];
    const { match, ...rest } = setup;
    const steps = replayClip({ path, ...rest, sameFaceThreshold: match.threshold, clock, speed: 'max' });
    for await (const step of steps) events.push(...step.events);
    return events;
  }

  for (const [species, name] of [
    ['drawn-lids', 'snap hard, fixed'],
    ['drawn-lids-moved', 'quick soft, shift'],
    ['drawn-lids-moved', 'quick soft, yaw'],
    ['creased', 'quick, hand'],
  ] as const) {
    it(`does not become live: ${species}, ${name}`, async () => {
      const events = await seen(species, name);
      assert.ok(
        events.some(({ type }) => type === 'sighting'),
        'the face is followed',
      );
      const verdicts = events.flatMap((event) =>
        event.type === 'liveness' ? [event.assessment.verdict] : [],
      );
      assert.ok(!verdicts.includes('live'), verdicts.join(', '));
    });
  }

  it('fools the eyes alone: lids are seen to close, and nothing else in the face moves', async () => {
    const events = await seen('drawn-lids', 'quick soft, hand');
    assert.ok(events.some(({ type }) => type === 'blink'));
    assert.ok(!events.some((event) => event.type === 'liveness'));
    const last = events.findLast((event) => event.type === 'sighting');
    assert.equal(last?.sighting.liveness.reason, 'only-lids-moved');
  });
});
