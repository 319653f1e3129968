import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Detection } from '../../daemon/kernel/faces/face.js';
import type { Box } from '../../daemon/kernel/faces/geometry.js';
import type { Picture } from '../../daemon/kernel/faces/picture.js';
import { trackId } from '../../daemon/kernel/ids.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import type { DetectOptions } from '../../daemon/vision/face-analyser.js';
import { FaceTracker } from '../../daemon/vision/face-tracker.js';
import { StageCounters } from '../../daemon/vision/stage-counters.js';
import { type Scene, ScriptedAnalyser, scriptedFrame } from '../support/scripted-analyser.js';

/** A detector whose looks can be held back. */
class HeldDetector extends ScriptedAnalyser {
  isHeld = false;
  fitsNobody = false;
  failure: Error | undefined;
  #letGo: () => void = () => undefined;

  override async detect(picture: Picture, options: Partial<DetectOptions>): Promise<readonly Detection[]> {
    const found = await super.detect(picture, options);
    if (this.isHeld)
      await new Promise<void>((resolve) => {
        this.#letGo = resolve;
      });
    if (this.failure !== undefined) throw this.failure;
    return found;
  }

  override async locate(picture: Picture, regions: readonly Box[]) {
    const located = await super.locate(picture, regions);
    return located.map((face) => (this.fitsNobody ? undefined : face));
  }

  async letGo(): Promise<void> {
    this.isHeld = false;
    this.#letGo();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Follows the faces of a scene, 20 frames a second, from frame to frame. */
function follow(scene: Scene) {
  const analyser = new HeldDetector(scene);
  const kept: Promise<unknown>[] = [];
  const load = { isShort: false };
  let [ids, frames] = [0, 0];
  const tracker = new FaceTracker({
    ...{ analyser, smallestFacePx: 40, counters: new StageCounters(new VirtualClock()) },
    newTrackId: () => trackId(`n${++ids}`),
    isShortOfTime: () => load.isShort,
  });
  const next = async () => {
    const frame = scriptedFrame(frames, frames * 50);
    frames += 1;
    return tracker.track(frame, (work) => void kept.push(work));
  };
  return {
    ...{ analyser, tracker, kept, next, load },
    ids: () => tracker.faces.map(({ track }) => track.id),
    /** Goes on until a look is held back beside the frames. */
    async holdLook(): Promise<void> {
      const before = kept.length;
      analyser.isHeld = true;
      while (kept.length === before) await next();
    },
  };
}

const ada = (x: number) => ({ box: { x, y: 400, width: 120, height: 120 }, who: 'ada' });
const bea = { box: { x: 1500, y: 400, width: 120, height: 120 }, who: 'bea' };

describe('a look beside the frames', () => {
  test('is waited for while nobody is followed, so that a face is fitted where it was found', async () => {
    const { next, kept } = follow(() => [bea]);
    assert.equal((await next()).fits.length, 1);
    assert.deepEqual(kept, []);
  });

  test('is waited for while frames are lost, also if it began before', async () => {
    const { analyser, next, ids, load, holdLook, kept } = follow((atS) =>
      atS < 0.4 ? [ada(100)] : [ada(100), bea],
    );
    for (let frame = 0; frame < 8; frame++) await next();
    await holdLook();
    load.isShort = true;
    const frame = next();
    await analyser.letGo();
    await frame;
    assert.deepEqual(ids(), ['n1', 'n2']);
    for (let each = 0; each < 20; each++) await next();
    assert.equal(kept.length, 1);
  });

  test('keeps its frame, but not the followed face, which has moved on when the look finds it', async () => {
    const { analyser, next, ids, holdLook, kept } = follow((atS) => [
      ada(100 + 600 * atS),
      ...(atS < 0.4 ? [] : [bea]),
    ]);
    for (let frame = 0; frame < 8; frame++) await next();
    await holdLook();
    for (let frame = 0; frame < 8; frame++) assert.equal((await next()).fits.length, 1);
    assert.deepEqual(ids(), ['n1'], 'the newcomer is not found yet');
    await analyser.letGo();
    const { fits } = await next();
    assert.deepEqual(ids(), ['n1', 'n2'], 'nobody is followed twice');
    assert.equal(fits.length, 2);
    assert.equal(kept.length, 1);
  });

  test('counts as a miss where the face was, and leaves the track of a face that the mesh has found since', async () => {
    let isDetectable = true;
    const { analyser, tracker, next, holdLook } = follow((atS) => [
      { ...ada(100 + 600 * atS), isDetectable },
    ]);
    for (let frame = 0; frame < 8; frame++) await next();
    isDetectable = false;
    await holdLook();
    for (let frame = 0; frame < 4; frame++) await next();
    const [face] = tracker.faces;
    assert.equal(face?.tracking.support.misses, 0);
    await analyser.letGo();
    await next();
    assert.equal(face?.tracking.support.misses, 1);
    assert.equal(face?.track.phase, 'confirmed');
  });

  test('continues a lost track from the place where it found the face', async () => {
    let x: number | undefined = 100;
    const { analyser, tracker, next, ids, holdLook } = follow(() => (x === undefined ? [] : [ada(x)]));
    for (let frame = 0; frame < 8; frame++) await next();
    x = undefined;
    for (let frame = 0; frame < 8; frame++) await next();
    assert.equal(tracker.faces[0]?.track.phase, 'lost');
    x = 210;
    await holdLook();
    for (let frame = 0; frame < 2; frame++) await next();
    assert.equal(tracker.faces[0]?.track.phase, 'lost', 'no mesh fits where it was');
    await analyser.letGo();
    await next();
    assert.deepEqual(ids(), ['n1']);
    assert.equal(tracker.faces[0]?.track.phase, 'confirmed');
  });

  test('finds nobody any more when the tracks have ended before it', async () => {
    let isThere = true;
    const { analyser, tracker, next, ids, holdLook } = follow(() => (isThere ? [ada(100)] : []));
    for (let frame = 0; frame < 8; frame++) await next();
    await holdLook();
    isThere = false;
    tracker.finishAll(400, 'source-ended');
    await analyser.letGo();
    await next();
    assert.deepEqual(ids(), []);
  });

  test('gives what it finds to the track that took the place of another one meanwhile', async () => {
    const { analyser, tracker, next, ids, holdLook } = follow(() => [bea]);
    for (let frame = 0; frame < 8; frame++) await next();
    await holdLook();
    const [face] = tracker.faces;
    assert.ok(face);
    tracker.replace(face, 400);
    await analyser.letGo();
    const { fits } = await next();
    assert.deepEqual(ids(), ['n2']);
    assert.deepEqual(
      fits.map((fit) => fit.face.track.id),
      ['n2'],
    );
  });

  test('begins a new track where it finds a face whose unconfirmed track has ended meanwhile', async () => {
    const { analyser, tracker, next, ids, holdLook } = follow(() => [bea]);
    analyser.fitsNobody = true;
    await next();
    await holdLook();
    assert.deepEqual(ids(), ['n1']);
    while (tracker.faces.length > 0) await next();
    analyser.fitsNobody = false;
    await analyser.letGo();
    const { fits } = await next();
    assert.deepEqual(ids(), ['n2']);
    assert.deepEqual(
      fits.map((fit) => fit.face.track.id),
      ['n2'],
    );
  });

  test('that fails rejects the next frame', async () => {
    const { analyser, next, holdLook } = follow(() => [bea]);
    for (let frame = 0; frame < 8; frame++) await next();
    await holdLook();
    analyser.failure = new Error('the network broke');
    await next();
    await analyser.letGo();
    await assert.rejects(next(), /the network broke/);
  });
});
