import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CameraState } from '../../daemon/contract/vision/vision-reports.js';
import { cameraId } from '../../daemon/kernel/ids.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { type CameraRunner, startCameraRunner } from '../../daemon/vision/ingest/camera-runner.js';
import type { FrameSink, FrameSource, StreamInfo } from '../../daemon/vision/ingest/frame-source.js';
import type { StreamEnd, StreamFailureCode } from '../../daemon/vision/ingest/stream-end.js';

const stream: StreamInfo = { codec: 'h264', widthPx: 640, heightPx: 360, fps: 25, decoder: 'software' };

const failed = (code: StreamFailureCode, isRetriedAtOnce = false): StreamEnd => ({
  kind: 'failed',
  failure: { code, message: `because of ${code}`, remedy: 'mend it' },
  isRetriedAtOnce,
});

/** A source whose openings the test ends by hand. */
class HandSource implements FrameSource {
  readonly openings: { readonly sink: FrameSink; readonly end: (end: StreamEnd) => void }[] = [];

  open(sink: FrameSink, { signal }: { readonly signal: AbortSignal }): Promise<StreamEnd> {
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve({ kind: 'stopped' }));
      this.openings.push({ sink, end: resolve });
    });
  }

  get latest(): { readonly sink: FrameSink; readonly end: (end: StreamEnd) => void } {
    const opening = this.openings.at(-1);
    assert.ok(opening);
    return opening;
  }
}

/** Lets everything that waits on resolved promises run. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

class Bench {
  readonly clock = new VirtualClock();
  readonly source = new HandSource();
  readonly states: CameraState[] = [];
  readonly runner: CameraRunner;
  #sequence = 0;

  constructor() {
    this.runner = startCameraRunner({
      source: this.source,
      clock: this.clock,
      random: { unit: () => 0.5 },
      logger: silentLogger,
      onFrame: (frame) => frame.release(),
      onState: (state) => this.states.push(state),
    });
  }

  /** A picture of one colour unless said; too small to be anything else. */
  frame(data = new Uint8Array(6).fill(128)): void {
    this.source.latest.sink.onFrame({
      cameraId: cameraId('door'),
      sequence: this.#sequence++,
      capturedAtMs: this.clock.monotonicMs(),
      picture: { format: 'yuv420p', widthPx: 2, heightPx: 2, range: 'limited', data },
      release: () => undefined,
    });
  }

  async end(end: StreamEnd): Promise<void> {
    this.source.latest.end(end);
    await settled();
  }

  async wait(durationMs: number): Promise<void> {
    this.clock.advanceBy(durationMs);
    await settled();
  }
}

describe('camera runner', () => {
  test('is connecting until the source has a frame, then streaming', async () => {
    const bench = new Bench();
    assert.deepEqual(bench.runner.state, { state: 'connecting' });
    bench.source.latest.sink.onOpened(stream);
    assert.deepEqual(bench.states, [{ state: 'streaming', stream }]);
    await bench.runner[Symbol.asyncDispose]();
  });

  test('reports why it failed and when it will try again, and tries again', async () => {
    const bench = new Bench();
    await bench.end(failed('refused'));
    assert.deepEqual(bench.states, [
      { state: 'failed', code: 'refused', message: 'because of refused', remedy: 'mend it', nextTryMs: 250 },
    ]);
    await bench.wait(249);
    assert.equal(bench.source.openings.length, 1);
    await bench.wait(1);
    assert.equal(bench.source.openings.length, 2);
    assert.equal(bench.runner.state.state, 'failed');
    await bench.runner[Symbol.asyncDispose]();
  });

  test('waits longer each time, never longer than the cap, and is degraded after five', async () => {
    const bench = new Bench();
    const waits: number[] = [];
    const degraded: boolean[] = [];
    for (let count = 0; count < 8; count++) {
      await bench.end(failed('refused'));
      const { state } = bench.runner;
      const waitMs = state.state === 'failed' ? state.nextTryMs : Number.NaN;
      waits.push(waitMs);
      degraded.push(bench.runner.isDegraded);
      await bench.wait(waitMs);
    }
    assert.deepEqual(waits, [250, 500, 1000, 2000, 3000, 3000, 3000, 3000]);
    assert.equal(degraded.indexOf(true), 4);
    assert.equal(bench.source.openings.length, 9);
    await bench.runner[Symbol.asyncDispose]();
  });

  test('starts the backoff over only after frames for ten seconds', async () => {
    const bench = new Bench();
    for (const streamedMs of [500, 500, 11_000]) {
      for (let ms = 0; ms < streamedMs; ms += 100) {
        bench.frame();
        await bench.wait(100);
      }
      await bench.end(failed('ended'));
      await bench.wait(8000);
    }
    const waits = bench.states.map((state) => (state.state === 'failed' ? state.nextTryMs : 0));
    assert.deepEqual(waits, [250, 500, 250]);
    await bench.runner[Symbol.asyncDispose]();
  });

  test('waits long before it tries a refused password again', async () => {
    const bench = new Bench();
    await bench.end(failed('unauthorised'));
    await bench.wait(29_000);
    assert.equal(bench.source.openings.length, 1);
    await bench.wait(1000);
    assert.equal(bench.source.openings.length, 2);
    await bench.runner[Symbol.asyncDispose]();
  });

  test('reopens without waiting if nothing is wrong', async () => {
    const bench = new Bench();
    bench.source.latest.sink.onOpened(stream);
    await bench.end(failed('resolution-changed', true));
    assert.equal(bench.source.openings.length, 2);
    assert.deepEqual(bench.runner.state, { state: 'connecting' });
    await bench.runner[Symbol.asyncDispose]();
  });

  test('reports unusable pictures while they last, and until the stream ends', async () => {
    const bench = new Bench();
    const codes = () =>
      bench.states.map((state) =>
        state.state === 'streaming' ? (state.damage?.code ?? 'whole') : state.state,
      );
    const showFor = async (seconds: number): Promise<void> => {
      for (let second = 0; second < seconds; second++) {
        bench.frame();
        await bench.wait(1000);
      }
    };
    bench.source.latest.sink.onOpened(stream);
    await showFor(12);
    assert.deepEqual(codes(), ['whole', 'pictures-uniform']);
    bench.source.latest.sink.onOpened({ ...stream, widthPx: 320 });
    assert.equal(codes().at(-1), 'pictures-uniform');
    bench.frame(Uint8Array.of(20, 200, 90, 40, 128, 128));
    assert.equal(codes().at(-1), 'whole');
    await showFor(13);
    await bench.end(failed('ended'));
    await bench.wait(3000);
    bench.source.latest.sink.onOpened(stream);
    assert.deepEqual(codes().slice(-3), ['pictures-uniform', 'failed', 'whole']);
    await bench.runner[Symbol.asyncDispose]();
  });

  test('counts what it delivered, lost and restarted', async () => {
    const bench = new Bench();
    bench.frame();
    bench.frame();
    bench.source.latest.sink.onDropped('stale');
    bench.source.latest.sink.onDropped('busy');
    bench.source.latest.sink.onDropped('busy');
    bench.source.latest.sink.onDamage({ sign: 'missed', count: 3 });
    await bench.end(failed('ended'));
    await bench.wait(3000);
    const { damage, ...counters } = bench.runner.counters;
    assert.equal(damage['missedPackets'], 3);
    assert.deepEqual(counters, {
      delivered: 2,
      droppedStale: 1,
      droppedBusy: 2,
      restarts: 1,
      lastFrameAgeMs: 3000,
    });
    await bench.runner[Symbol.asyncDispose]();
  });

  test('ends while streaming and while waiting, and opens nothing afterwards', async () => {
    const streaming = new Bench();
    await streaming.runner[Symbol.asyncDispose]();
    const waiting = new Bench();
    await waiting.end(failed('refused'));
    await waiting.runner[Symbol.asyncDispose]();
    for (const bench of [streaming, waiting]) {
      await bench.wait(60_000);
      assert.equal(bench.source.openings.length, 1);
    }
  });
});
