import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import fc from 'fast-check';
import type { CameraState } from '../../daemon/contract/vision/vision-reports.js';
import { CameraEvents } from '../../daemon/core/cameras/camera-events.js';
import { settledAfterMs, unsettledAfterMs } from '../../daemon/core/cameras/camera-events-rule.js';
import { CameraStates } from '../../daemon/core/cameras/camera-states.js';
import { operational } from '../../daemon/kernel/errors.js';
import type { CameraNotice } from '../../daemon/kernel/events/notice.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { memoryLog } from '../support/published-box.js';

const startMs = Date.UTC(2026, 2, 1, 8);
const stream = { codec: 'h264', widthPx: 640, heightPx: 360, fps: 15, decoder: 'software' } as const;
const streaming: CameraState = { state: 'streaming', stream };
const connecting: CameraState = { state: 'connecting' };
const failed = (code = 'camera-unreachable'): CameraState => ({
  ...{ state: 'failed', code, message: 'it does not answer', remedy: 'look at it', nextTryMs: 100 },
});

/** The data that survives a restart: the events and the reported states. */
class MemoryRecords {
  readonly events: CameraNotice[] = [];
  readonly #said = new Map<string, string>();
  isDiskFull = false;

  readonly sources = {
    states: {
      of: (source: string) => this.#said.get(source),
      set: (source: string, text: string) => void this.#said.set(source, text),
    },
  };

  record(event: CameraNotice, alongside: () => void): void {
    if (this.isDiskFull) throw operational('disk-full', 'the disk is full');
    alongside();
    this.events.push(event);
  }

  get lines(): readonly string[] {
    return this.events.map(({ cameraId, state, code, damage }) =>
      [cameraId, state, code, damage].filter(Boolean).join(' '),
    );
  }
}

let clock: VirtualClock;
let records: MemoryRecords;
let states: CameraStates;
let events: CameraEvents;

const camera = (id: string, enabled = true) => ({ id, name: `The ${id}`, enabled });

function start(ids: readonly string[] = ['gate'], logger = silentLogger): void {
  states = new CameraStates(clock);
  states.configure(ids.map((id) => camera(id)));
  events = new CameraEvents({ states, records, clock, logger });
}

function restart(ids: readonly string[] = ['gate']): void {
  events[Symbol.dispose]();
  start(ids);
}

function see(state: CameraState, forMs: number, id = 'gate'): void {
  states.take(id, state);
  clock.advanceBy(forMs);
}

beforeEach(() => {
  clock = new VirtualClock(startMs);
  records = new MemoryRecords();
  start();
});

describe('the event of a camera', () => {
  test('comes when a state has lasted, with the time of its beginning', () => {
    see(connecting, 1_000);
    see(streaming, settledAfterMs - 1);
    assert.deepEqual(records.events, []);
    clock.advanceBy(1);
    assert.deepEqual(records.events, [
      { kind: 'camera', cameraId: 'gate', state: 'streaming', occurredAtMs: startMs + 1_000 },
    ]);
    see(failed(), 60_000);
    see(streaming, 60_000);
    assert.deepEqual(records.lines, ['gate streaming', 'gate failed camera-unreachable', 'gate streaming']);
  });

  test('does not come for a reopened stream or a restarted vision process', () => {
    see(streaming, 60_000);
    see(failed('camera-stalled'), 3_000);
    see(connecting, 1_000);
    see(streaming, 60_000);
    states.forget(['gate']);
    clock.advanceBy(3_000);
    see(connecting, 2_000);
    see(streaming, 600_000);
    assert.deepEqual(records.lines, ['gate streaming']);
  });

  test('reports the failure of the main stream, though the substream bridges it', () => {
    see(streaming, 60_000);
    const about = { code: 'not-found', message: 'm', remedy: 'r' };
    if (streaming.state !== 'streaming') return;
    see({ ...streaming, lostStream: { which: 'substream', ...about } }, 60_000);
    see({ ...streaming, lostStream: { which: 'main', ...about } }, 60_000);
    assert.deepEqual(records.lines, ['gate streaming', 'gate failed not-found']);
  });

  test('reports the failure while the camera tries again', () => {
    for (let tries = 0; tries < 20; tries += 1) {
      see(failed(), 2_000);
      see(connecting, 2_000);
    }
    assert.deepEqual(records.lines, ['gate failed camera-unreachable']);
  });

  test('reports unusable pictures with the reason, and their recovery', () => {
    const damaged = (check: 'damaged' | 'frozen'): CameraState => {
      const code = `pictures-${check}` as const;
      return { ...streaming, damage: { code, message: 'they are', remedy: 'mend them' } };
    };
    see(streaming, 60_000);
    see(damaged('damaged'), 1_000);
    see(streaming, 60_000);
    see(damaged('damaged'), 60_000);
    restart();
    see(damaged('damaged'), 60_000);
    see(damaged('frozen'), 60_000);
    see(streaming, 60_000);
    assert.deepEqual(records.lines, [
      'gate streaming',
      'gate streaming pictures-damaged',
      'gate streaming pictures-frozen',
      'gate streaming',
    ]);
  });

  test('reports a new reason of a lasting failure', () => {
    see(failed('camera-unreachable'), 60_000);
    see(failed('camera-unauthorised'), 60_000);
    assert.deepEqual(records.lines, ['gate failed camera-unreachable', 'gate failed camera-unauthorised']);
  });

  test('reports a camera without a lasting state as failed, and rarely', () => {
    see(streaming, 60_000);
    for (let flaps = 0; flaps < 1_000; flaps += 1) {
      see(failed('camera-stalled'), 1_000);
      see(streaming, 1_000);
    }
    assert.deepEqual(records.lines, ['gate streaming', 'gate failed camera-stalled']);
    clock.advanceBy(settledAfterMs);
    assert.deepEqual(records.lines.slice(2), ['gate streaming']);
  });

  test('reports a camera as failed if its vision process does not come back', () => {
    see(streaming, 60_000);
    states.forget(['gate']);
    clock.advanceBy(unsettledAfterMs);
    assert.deepEqual(records.lines, ['gate streaming', 'gate failed camera-unsettled']);
  });

  test('is not repeated after a restart, but a change meanwhile is reported', () => {
    see(streaming, 60_000);
    restart();
    see(connecting, 5_000);
    see(streaming, 60_000);
    assert.deepEqual(records.lines, ['gate streaming']);
    restart();
    see(failed(), 60_000);
    assert.deepEqual(records.lines, ['gate streaming', 'gate failed camera-unreachable']);
  });

  test('ends with disabled for a camera that is switched off or removed, also while the daemon was off', () => {
    see(streaming, 60_000);
    states.configure([camera('gate', false)]);
    clock.advanceBy(60_000);
    states.configure([camera('gate')]);
    see(streaming, 60_000);
    states.configure([]);
    clock.advanceBy(60_000);
    assert.deepEqual(records.lines, [
      ...['gate streaming', 'gate disabled', 'gate streaming', 'gate disabled'],
    ]);
    restart(['gate']);
    see(streaming, 60_000);
    restart([]);
    clock.advanceBy(60_000);
    restart([]);
    clock.advanceBy(60_000);
    assert.deepEqual(records.lines.slice(4), ['gate streaming', 'gate disabled']);
  });

  test('does not come for a camera that was never reported', () => {
    states.configure([camera('gate'), camera('yard')]);
    clock.advanceBy(1_000);
    states.configure([]);
    clock.advanceBy(600_000);
    assert.deepEqual(records.lines, []);
  });

  test('is not lost when nothing can be recorded: it is retried, logged once, and the last state wins', () => {
    const log = memoryLog();
    events[Symbol.dispose]();
    start(['gate'], log.logger);
    records.isDiskFull = true;
    see(streaming, 60_000);
    see(failed(), 60_000);
    assert.equal(log.lines.length, 1);
    records.isDiskFull = false;
    clock.advanceBy(10_000);
    assert.deepEqual(records.lines, ['gate failed camera-unreachable']);
    assert.equal(records.events[0]?.occurredAtMs, startMs + 60_000);
  });

  test('repeats no text from a vision process', () => {
    see(failed('Robert "); DROP\nTABLE'), 60_000);
    assert.deepEqual(records.lines, ['gate failed camera-failed']);
  });

  test('stops with its owner', () => {
    see(streaming, 1_000);
    events[Symbol.dispose]();
    clock.advanceBy(600_000);
    assert.deepEqual(records.lines, []);
  });

  test('follows each camera separately, alternates, and ends at the last state in every sequence', () => {
    const step = fc.record({
      id: fc.constantFrom('gate', 'yard'),
      state: fc.constantFrom('streaming', 'connecting', 'failed', 'other', 'gone', 'off', 'on'),
      forMs: fc.constantFrom(100, 4_999, 5_000, 20_000, 200_000),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        clock = new VirtualClock(startMs);
        records = new MemoryRecords();
        start(['gate', 'yard']);
        const enabled = new Map([
          ['gate', true],
          ['yard', true],
        ]);
        for (const { id, state, forMs } of steps) {
          if (state === 'gone') states.forget([id]);
          else if (state === 'off' || state === 'on') {
            enabled.set(id, state === 'on');
            states.configure([...enabled].map(([each, isOn]) => camera(each, isOn)));
          } else if (state === 'failed' || state === 'other') states.take(id, failed(`camera-${state}`));
          else states.take(id, state === 'streaming' ? streaming : connecting);
          clock.advanceBy(forMs);
        }
        clock.advanceBy(2 * unsettledAfterMs);
        for (const id of enabled.keys()) {
          const own = records.events.filter(({ cameraId }) => cameraId === id);
          const said = own.map(({ state, code }) => `${state} ${code}`);
          assert.ok(said.every((each, index) => each !== said[index - 1]));
          const now = states.of(id);
          assert.equal(own.at(-1)?.state, now?.state === 'connecting' ? 'failed' : now?.state);
        }
        events[Symbol.dispose]();
      }),
      { numRuns: 300 },
    );
  });
});
