import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { trackId } from '../../daemon/kernel/ids.js';
import type { Observation } from '../../daemon/kernel/tracks/motion.js';
import {
  beginTrack,
  defaultTrackPolicy,
  nextTrack,
  type Track,
  type TrackInput,
} from '../../daemon/kernel/tracks/track.js';

const box = { x: 100, y: 100, width: 80, height: 100 };

function mesh(atMs: number): TrackInput {
  return { kind: 'observed', observation: { atMs, box, origin: 'mesh' } };
}

function seen(count: number): Track {
  let track: Track = beginTrack(trackId('t1'), { atMs: 0, box, origin: 'mesh' });
  for (let n = 1; n < count; n++) track = nextTrack(track, mesh(n * 66), defaultTrackPolicy);
  return track;
}

describe('a track', () => {
  test('is confirmed by the third mesh, not by detections alone', () => {
    assert.equal(seen(2).phase, 'tentative');
    assert.equal(seen(3).phase, 'confirmed');
    let detectedOnly: Track = beginTrack(trackId('t1'), { atMs: 0, box, origin: 'detector' });
    for (let n = 1; n < 10; n++) {
      const observation: Observation = { atMs: n * 200, box, origin: 'detector' };
      detectedOnly = nextTrack(detectedOnly, { kind: 'observed', observation }, defaultTrackPolicy);
    }
    assert.equal(detectedOnly.phase, 'tentative');
  });

  test('survives a missed frame and keeps its id', () => {
    const lost = nextTrack(seen(3), { kind: 'missed', atMs: 500 }, defaultTrackPolicy);
    assert.equal(lost.phase, 'lost');
    const found = nextTrack(lost, mesh(900), defaultTrackPolicy);
    assert.equal(found.phase, 'confirmed');
    assert.equal(found.id, 't1');
  });

  test('ends when it stays out of sight', () => {
    const lost = nextTrack(seen(3), { kind: 'missed', atMs: 500 }, defaultTrackPolicy);
    const ended = nextTrack(lost, { kind: 'missed', atMs: 2000 }, defaultTrackPolicy);
    assert.deepEqual([ended.phase, ended.phase === 'ended' && ended.reason], ['ended', 'left']);
  });

  test('ends as never confirmed if it was not confirmed, however it ends', () => {
    const ended = nextTrack(
      seen(1),
      { kind: 'finished', atMs: 70, reason: 'source-ended' },
      defaultTrackPolicy,
    );
    assert.equal(ended.phase === 'ended' && ended.reason, 'never-confirmed');
  });

  test('never continues after its end and never changes its id', () => {
    const step = fc.record({
      kind: fc.constantFrom('observed', 'missed', 'finished'),
      afterMs: fc.integer({ min: 1, max: 900 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let track: Track = beginTrack(trackId('t1'), { atMs: 0, box, origin: 'mesh' });
        let atMs = 0;
        let wasEnded = false;
        for (const { kind, afterMs } of steps) {
          atMs += afterMs;
          const input: TrackInput =
            kind === 'observed'
              ? mesh(atMs)
              : kind === 'missed'
                ? { kind, atMs }
                : { kind: 'finished', atMs, reason: 'left' };
          track = nextTrack(track, input, defaultTrackPolicy);
          if (wasEnded) assert.equal(track.phase, 'ended');
          wasEnded = track.phase === 'ended';
          assert.equal(track.id, 't1');
          assert.ok(track.lastSeenMs >= track.firstSeenMs && track.lastSeenMs <= atMs);
        }
      }),
    );
  });

  test('continues out of sight up to its limit, and not beyond it', () => {
    const missedAfter = (track: Track, unseenMs: number) => {
      const lastSeenMs = track.lastSeenMs;
      return nextTrack(track, { kind: 'missed', atMs: lastSeenMs + unseenMs }, defaultTrackPolicy);
    };
    assert.equal(missedAfter(seen(1), 500).phase, 'tentative');
    assert.equal(missedAfter(seen(1), 501).phase, 'ended');
    assert.equal(missedAfter(seen(3), 1500).phase, 'lost');
    const ended = missedAfter(seen(3), 1501);
    assert.deepEqual(ended.phase === 'ended' && [ended.reason, ended.endedMs], ['left', 132 + 1501]);
    assert.equal(nextTrack(seen(3), mesh(50), defaultTrackPolicy).lastSeenMs, 132, 'time never goes back');
  });

  test('has the reason of its end, and never changes afterwards', () => {
    const ended = nextTrack(
      seen(3),
      { kind: 'finished', atMs: 300, reason: 'another-face' },
      defaultTrackPolicy,
    );
    assert.equal(ended.phase === 'ended' && ended.reason, 'another-face');
    assert.equal(nextTrack(ended, mesh(400), defaultTrackPolicy), ended);
    const late = nextTrack(seen(1), { kind: 'missed', atMs: 600 }, defaultTrackPolicy);
    assert.equal(late.phase === 'ended' && late.reason, 'never-confirmed');
  });
});
