// Measures what clips cost: the memory and the processor time of a camera whose last seconds are kept, and how long the core takes to
// make a clip of them and to read it.
//   scripts/bench clips [--clip FILE] [--seconds 30] [--clips 20]
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../daemon/host/system-clock.js';
import { cameraId } from '../../daemon/kernel/ids.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { openClip } from '../../daemon/vision/ingest/clip-source.js';
import { detectFfmpeg } from '../../daemon/vision/ingest/ffmpeg-binary.js';
import { ClipRing } from '../../daemon/vision/live/clip-ring.js';
import { openClipBox } from '../../test/support/clip-box.js';
import { testClip } from '../../test/support/clips.js';
import { attendanceFact } from '../../test/support/facts.js';
import { galleryOptions, openTestGallery } from '../../test/support/gallery-fixture.js';
import {
  openPassageRecords,
  passageIdOf,
  passageOf,
  SettableVault,
  sealOf,
} from '../../test/support/passage-fixture.js';
import { readOptions } from '../options.js';
import { quantile, timed } from './measuring.js';

const { values } = readOptions('scripts/bench clips', {
  options: {
    clip: { type: 'string', default: '' },
    seconds: { type: 'string', default: '30' },
    clips: { type: 'string', default: '20' },
  },
});
/** As the defaults keep: 5 s before, 3 s after, and the delay until the core asks. */
const keptS = 13;
const seconds = Number(values.seconds);
const path =
  values.clip === '' ? await testClip({ widthPx: 1920, heightPx: 1080, seconds: 10 }) : values.clip;

const ring = await measureRing();
const folder = await mkdtemp(join(tmpdir(), 'rollcall-clips-'));
try {
  await measureCore(folder);
} finally {
  await rm(folder, { recursive: true });
}

/** Offers ten frames a second of the clip, again and again, at the speed of a camera. */
async function measureRing(): Promise<ClipRing> {
  const kept = new ClipRing(keptS, silentLogger);
  const ffmpeg = await detectFfmpeg();
  const everyMs = 100;
  let offerMs = 0;
  let used = 0;
  let size = '';
  let dueMs = systemClock.monotonicMs();
  const endMs = dueMs + seconds * 1000;
  while (dueMs < endMs) {
    await using clip = await openClip({
      ...{ path, cameraId: cameraId('bench'), ffmpeg, clock: systemClock, maxAnalysisWidthPx: 1920 },
    });
    let lastMs = Number.NEGATIVE_INFINITY;
    for await (const frame of clip) {
      if (frame.capturedAtMs - lastMs < everyMs || dueMs >= endMs) {
        frame.release();
        continue;
      }
      lastMs = frame.capturedAtMs;
      size = `${frame.picture.widthPx}x${frame.picture.heightPx}`;
      const before = process.cpuUsage();
      const startMs = performance.now();
      kept.offer({ ...frame, capturedAtMs: dueMs });
      offerMs += performance.now() - startMs;
      await kept.take({ fromMs: 0, untilMs: 0 });
      const { user, system } = process.cpuUsage(before);
      used += (user + system) / 1000;
      frame.release();
      dueMs += everyMs;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueMs - systemClock.monotonicMs())));
    }
  }
  const { clipFrames = 0, clipBytes = 0 } = kept.counters();
  const each = (total: number): string => (total / seconds).toFixed(1);
  console.log(`${size}, ${seconds} s at 10 frames a second`);
  console.log(`  kept: ${clipFrames} frames of ${keptS} s, ${(clipBytes / 1024).toFixed(0)} KiB`);
  console.log(
    `  processor: ${each(used)} ms for each second, of which ${each(offerMs)} ms on the main thread`,
  );
  return kept;
}

async function measureCore(directory: string): Promise<void> {
  const nowMs = systemClock.monotonicMs();
  const taken = await ring.take({ fromMs: 0, untilMs: nowMs + 60_000 });
  if (taken.outcome !== 'ok') throw new Error('the ring is empty');
  await using opened = await openTestGallery(galleryOptions(directory));
  const seal = sealOf(new SettableVault(opened.gallery));
  await using records = openPassageRecords(directory, systemClock, seal);
  const clock = new VirtualClock(systemClock.wallMs());
  const settings = { attendance: true, beforeS: 10, afterS: 10 };
  const box = await openClipBox({ directory, records, seal, clock, settings });
  await using _clips = box.clips;
  const made: number[] = [];
  const read: number[] = [];
  const blocked: number[] = [];
  for (let number = 0; number < Number(values.clips); number += 1) {
    const id = passageIdOf(number);
    const startedAtMs = clock.wallMs();
    const fact = attendanceFact({ passageId: id, occurredAtMs: startedAtMs });
    records.record(fact, () => records.passages.put(passageOf(number, { startedAtMs })));
    await new Promise((resolve) => setImmediate(resolve));
    box.takeClip = async ({ fromMs, untilMs }) => {
      const frames = taken.frames.slice(0, 40);
      const stepMs = (untilMs - fromMs) / (frames.length + 1);
      const bytes = frames.reduce((sum, frame) => sum + frame.bytes, 0);
      return {
        outcome: 'ok',
        frames: frames.map((frame, index) => ({ ...frame, capturedAtMs: fromMs + index * stepMs })),
        picture: taken.picture.subarray(0, bytes),
      };
    };
    const making = await timed(() => box.finish());
    made.push(making.tookMs);
    blocked.push(making.longestBlockMs);
    const clip = box.clips.find(id);
    const reading = await timed(async () => clip && (await box.clips.read(clip, startedAtMs)));
    if (reading.result === undefined) throw new Error(`the clip is ${clip?.state}`);
    read.push(reading.tookMs);
    if (number === 0)
      console.log(`a clip of ${clip?.frameCount} frames, ${((clip?.bytes ?? 0) / 1024).toFixed(0)} KiB`);
  }
  for (const [what, times] of [
    ['made', made],
    ['read', read],
    ['longest block of the event loop while it is made', blocked],
  ] as const) {
    console.log(
      `  ${what}: ${quantile(times, 0.5).toFixed(1)} ms, at most ${Math.max(...times).toFixed(1)} ms`,
    );
  }
}
