import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Report } from '../../daemon/contract/vision/vision-reports.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { AnalysisTurns } from '../../daemon/vision/analysis-turns.js';
import { CatchUpTurns } from '../../daemon/vision/ingest/catch-up-turns.js';
import { startLiveCamera } from '../../daemon/vision/live-camera.js';
import { cameraPlan } from '../support/camera-plan.js';
import { newBoxRecogniser, openTestAnalyser } from '../support/inference.js';
import { startRtspServer } from '../support/rtsp-server.js';
import { rareVisitorClip } from '../support/scenes.js';
import { until } from '../support/until.js';
import { installedFfmpeg } from '../support/watched-camera.js';

test('a person who walks up to an idle camera, which delivers few frames, is embedded and proven live', async () => {
  const { threshold } = await newBoxRecogniser();
  await using analyser = await openTestAnalyser();
  await using server = await startRtspServer({ mounts: { '/live': await rareVisitorClip('ada') } });
  const sightings: Extract<Report, { type: 'sighting' }>['sighting'][] = [];
  await using camera = startLiveCamera(cameraPlan(server.url('/live'), { trackingFps: 12, provingFps: 12 }), {
    ...{
      analyser,
      turns: new AnalysisTurns(systemClock, () => 1),
      catchUps: new CatchUpTurns(1, systemClock),
      ffmpeg: await installedFfmpeg(),
    },
    liveness: { attackAfterS: 10, minimumBlinks: 1 },
    ...{ sameFaceThreshold: threshold, takesBestShots: false, logger: silentLogger },
    report: (message) => void (message.type === 'sighting' && sightings.push(message.sighting)),
    fail: (failure) => assert.fail(String(failure)),
  });
  const skipped = (): number => camera.counters()['skipped'] ?? 0;
  const analysed = (): number => camera.counters()['analysed'] ?? 0;
  let [skippedBefore, analysedBefore] = [0, 0];
  await until('all delivered frames to be analysed', () => {
    if (skipped() > skippedBefore) [skippedBefore, analysedBefore] = [skipped(), analysed()];
    return skipped() > 0 && analysed() >= analysedBefore + 5;
  });
  assert.ok(sightings.length === 0);
  // A busy machine loses frames, and with them it may take a face for a new one: what counts is that one track has both.
  const isLive = (trackId: string): boolean =>
    sightings.some((sighting) => sighting.trackId === trackId && sighting.liveness.verdict === 'live');
  await until('a live person with an embedding', () =>
    sightings.some(({ trackId, probes }) => probes.length > 0 && isLive(trackId)),
  );
});
