import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { type FrameSchedule, initialSchedule, takeFrame } from '../../daemon/kernel/tracks/frame-schedule.js';
import { rateFilter } from '../../daemon/vision/ingest/frame-rate.js';
import { testClip } from '../support/clips.js';
import { startRtspServer } from '../support/rtsp-server.js';
import { watchCamera } from '../support/watched-camera.js';

/** Times of the frames that FFmpeg passes on of a stream of 8 s, milliseconds. `stamps`: those of the frames, in seconds by `N`. */
async function passed(
  sourceFps: number,
  stamps: string,
  ...filters: readonly string[]
): Promise<readonly number[]> {
  const input = `testsrc=r=${sourceFps}:s=32x32:d=8`;
  const stamped = `settb=1/90000,setpts=floor((${stamps})*90000)`;
  const { stderr } = await promisify(execFile)('ffmpeg', [
    ...['-hide_banner', '-nostdin', '-f', 'lavfi', '-i', input],
    ...['-vf', [stamped, ...filters, 'showinfo=checksum=0'].join(','), '-f', 'null', '-'],
  ]);
  return [...stderr.matchAll(/ pts: *(\d+) /g)].map(([, pts]) => Number(pts) / 90);
}

test('FFmpeg picks the frames that the pipeline takes, whatever the rates and the jitter', async () => {
  for (const [sourceFps, fps] of [
    [25, 5],
    [25, 15],
    [12.5, 5],
    [30, 25],
    [10, 15],
  ] as const) {
    // Time stamps that are up to a tenth of a frame early or late.
    const jittered = `(N+0.1*sin(7*N))/${sourceFps}`;
    const [all, picked] = [
      await passed(sourceFps, jittered),
      await passed(sourceFps, jittered, rateFilter(fps)),
    ];
    let schedule: FrameSchedule = initialSchedule;
    const taken = all.filter((atMs) => {
      const next = takeFrame(schedule, atMs, fps);
      schedule = next ?? schedule;
      return next !== undefined;
    });
    assert.ok(taken.length > 8 * Math.min(fps, sourceFps) * 0.9);
    assert.deepEqual(picked, taken, `${fps} of ${sourceFps}`);
  }
});

test('FFmpeg keeps the rate after a camera has set its clock back or forward', async () => {
  for (const jumpS of [-3600, -1, 3600]) {
    // After 4 of 8 seconds.
    const jumping = `7200+N/25+if(gte(N\\,100)\\,${jumpS})`;
    const picked = await passed(25, jumping, rateFilter(5));
    assert.ok(Math.abs(picked.length - 40) <= 2, `${picked.length} frames with a jump of ${jumpS} s`);
  }
});

test('a camera delivers fewer frames, and all of them again, when it is asked to', async () => {
  await using server = await startRtspServer({ mounts: { '/live': await testClip({ seconds: 6 }) } });
  await using camera = await watchCamera({ url: server.url('/live'), framesPerS: 36 });
  /** Resolves when so many steps between frames in a row were this long. The clip begins anew every 6 s. */
  const steps = (count: number, stepMs: number): Promise<void> =>
    camera.waitFor(`steps of ${stepMs} ms`, () => {
      const times = camera.frames.slice(-count - 1).map(({ capturedAtMs }) => capturedAtMs);
      const isStep = (atMs: number, index: number): boolean =>
        Math.abs(atMs - (times[index] ?? 0) - stepMs) < 15;
      return times.length > count && times.slice(1).every(isStep);
    });
  await steps(10, 40);
  camera.ask(5);
  await steps(6, 200);
  camera.ask(36);
  await steps(10, 40);
  assert.deepEqual([camera.states.length, camera.counters.restarts], [1, 0]);
});
