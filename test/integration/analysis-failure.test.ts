import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Report } from '../../daemon/contract/vision/vision-reports.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { isRollcallError, operational } from '../../daemon/kernel/errors.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { AnalysisTurns } from '../../daemon/vision/analysis-turns.js';
import { CatchUpTurns } from '../../daemon/vision/ingest/catch-up-turns.js';
import { startLiveCamera } from '../../daemon/vision/live-camera.js';
import { cameraPlan } from '../support/camera-plan.js';
import { testClip } from '../support/clips.js';
import { startRtspServer } from '../support/rtsp-server.js';
import { ScriptedAnalyser } from '../support/scripted-analyser.js';
import { until } from '../support/until.js';
import { installedFfmpeg } from '../support/watched-camera.js';

class FailingAnalyser extends ScriptedAnalyser {
  readonly #error: Error;

  constructor(error: Error) {
    super(() => []);
    this.#error = error;
  }

  override detect(): Promise<never> {
    return Promise.reject(this.#error);
  }
}

/** What a camera says and asks of its process when every look fails with `error`, once `isEnough`. */
async function failedWith(
  error: Error,
  isEnough: (states: readonly string[], ends: readonly unknown[]) => boolean,
) {
  await using server = await startRtspServer({ mounts: { '/live': await testClip() } });
  const states: string[] = [];
  const ends: unknown[] = [];
  const report = (message: Report): void => {
    if (message.type !== 'camera') return;
    states.push(message.state.state === 'failed' ? message.state.code : message.state.state);
  };
  await using _camera = startLiveCamera(cameraPlan(server.url('/live')), {
    analyser: new FailingAnalyser(error),
    turns: new AnalysisTurns(systemClock, () => 1),
    catchUps: new CatchUpTurns(1, systemClock),
    ffmpeg: await installedFfmpeg(),
    liveness: { attackAfterS: 10, minimumBlinks: 1 },
    ...{ sameFaceThreshold: 0.5, takesBestShots: false, logger: silentLogger, report },
    fail: (failure) => void ends.push(failure),
  });
  await until('the failure', () => isEnough(states, ends));
  return { states, ends };
}

describe('a camera whose analysis fails', () => {
  for (const code of ['inference-failed', 'provider-unavailable']) {
    test(`ends the process when the networks of all cameras are at fault: ${code}`, async () => {
      const { states, ends } = await failedWith(
        operational(code, 'the GPU is lost'),
        (_, { length }) => length > 0,
      );
      assert.ok(isRollcallError(ends[0], code));
      assert.ok(!states.includes('analysis-failed'));
    });
  }

  test('waits alone, and tries again, when the fault is its own', async () => {
    const { states, ends } = await failedWith(
      new Error('a defect'),
      (said) => said.filter((state) => state === 'analysis-failed').length > 1,
    );
    assert.deepEqual(ends, []);
    const failedAt = states.indexOf('analysis-failed');
    assert.equal(states[failedAt + 1], 'streaming');
  });
});
