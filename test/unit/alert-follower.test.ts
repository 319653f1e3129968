import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AlertFollower, tickMs } from '../../daemon/core/alerts/alert-follower.js';
import type { AlertJournal, AlertProgress, FollowedEvent } from '../../daemon/core/alerts/alert-journal.js';
import type { AlertPlan } from '../../daemon/core/alerts/alert-plan.js';
import { localTimeOf } from '../../daemon/host/local-time.js';
import type { AlertMessage } from '../../daemon/kernel/alerts/alert-message.js';
import { operational } from '../../daemon/kernel/errors.js';
import { cameraId } from '../../daemon/kernel/ids.js';
import { type Logger, silentLogger } from '../../daemon/kernel/logger.js';
import { english } from '../../daemon/words/language.js';
import { CountedTimers } from '../support/counted-timers.js';

const gate = cameraId('gate');
const plan: AlertPlan = {
  rules: [
    {
      ...{ id: 'r', on: 'unknown', cameras: undefined, severity: 'warning', quietHours: undefined },
      ...{ threshold: { count: 2, withinMs: 600_000 }, minimumMs: 0, cooldownMs: 0 },
      ...{ channels: ['ops'], templates: { subject: undefined, text: undefined } },
    },
  ],
  cameras: new Set([gate]),
  cameraName: (id) => id,
  failureOf: () => undefined,
  textOf: (said) => english.textOf(said),
};

/** A journal in memory, whose disk can be full. */
class MemoryJournal implements AlertJournal {
  isFull = false;
  readonly messages: AlertMessage[] = [];
  readonly writes: AlertProgress[] = [];
  readonly #events: FollowedEvent[] = [];
  #cursor: number | undefined;
  readonly #rules = new Map<string, string>();

  add(kind: FollowedEvent['kind'], payload: string | null = '{"data":{}}'): void {
    const sequence = this.#events.length + 1;
    const bytes = payload === null ? null : new TextEncoder().encode(payload);
    this.#events.push({ sequence, kind, cameraId: gate, occurredAtMs: 0, payload: bytes });
  }

  cursor(): number | undefined {
    return this.#cursor;
  }

  newestSequence(): number {
    return this.#events.length;
  }

  eventsAfter(sequence: number, limit: number): readonly FollowedEvent[] {
    return this.#events.slice(sequence, sequence + limit);
  }

  rules(): ReadonlyMap<string, string> {
    return this.#rules;
  }

  advance(progress: AlertProgress): void {
    if (this.isFull) throw operational('disk-full', 'the disk is full');
    this.writes.push(progress);
    this.#cursor = progress.cursor;
    for (const [id, state] of progress.rules) if (state !== null) this.#rules.set(id, state);
    this.messages.push(...progress.alerts.map(({ message }) => message));
  }

  leave(): void {
    this.#cursor = undefined;
  }
}

function follow(journal: MemoryJournal, logger: Logger = silentLogger) {
  const clock = new CountedTimers(0);
  let ids = 0;
  let listener = (): void => undefined;
  const follower = new AlertFollower({
    ...{ journal, clock, logger },
    identity: { siteId: 'office', boxId: 'box-1' },
    localTime: localTimeOf('UTC'),
    newId: () => {
      ids += 1;
      return `alert-${ids}`;
    },
    plan: () => plan,
    onRecorded: (listen) => {
      listener = listen;
      return () => undefined;
    },
    onAlerts: () => undefined,
  }).start();
  return {
    clock,
    follower,
    announce: () => listener(),
    record(kind: FollowedEvent['kind'], payload?: string | null) {
      journal.add(kind, payload);
      listener();
      clock.advanceBy(1);
    },
  };
}

describe('the follower of events', () => {
  test('makes the same alert later if it could not be written', () => {
    const errors: string[] = [];
    const journal = new MemoryJournal();
    const { clock, record } = follow(journal, {
      ...silentLogger,
      error: (message) => errors.push(message),
    });
    record('unknown');
    journal.isFull = true;
    record('unknown');
    record('unknown');
    clock.advanceBy(3 * tickMs);
    assert.equal(errors.length, 1, 'said once');
    assert.equal(journal.messages.length, 0);
    journal.isFull = false;
    clock.advanceBy(tickMs);
    assert.deepEqual(
      journal.messages.map(({ parts }) => [parts[0]?.count, parts[0]?.firstSequence, parts[0]?.lastSequence]),
      [[2, 1, 2]],
    );
    record('unknown');
    assert.equal(journal.messages.length, 2, 'the third of them was not forgotten');
  });

  test('goes on after a restart with what its rules had counted', async () => {
    const journal = new MemoryJournal();
    const before = follow(journal);
    before.record('unknown');
    await before.follower[Symbol.asyncDispose]();
    assert.equal(journal.messages.length, 0);
    follow(journal).record('unknown');
    assert.deepEqual(
      journal.messages.map(({ parts }) => parts[0]?.count),
      [2],
    );
  });

  test('writes nothing for events that concern no rule, except its position from time to time', () => {
    const journal = new MemoryJournal();
    const { clock, record } = follow(journal);
    const before = journal.writes.length;
    for (const written of [1, 2]) {
      for (let count = 0; count < 999; count += 1) record('attendance', null);
      clock.advanceBy(10 * tickMs);
      assert.equal(journal.writes.length, before + written - 1);
      record('attendance', null);
      assert.equal(journal.writes.length, before + written);
      assert.equal(journal.cursor(), 1000 * written);
    }
  });

  test('reads many events in several turns, and all of them', () => {
    const journal = new MemoryJournal();
    const { clock, follower, record } = follow(journal);
    record('unknown');
    record('unknown');
    void follower;
    for (let count = 0; count < 2_000; count += 1) journal.add('unknown');
    clock.advanceBy(tickMs);
    assert.equal(journal.messages.length, 1_001);
  });

  test('leaves no timer behind when it ends', async () => {
    const journal = new MemoryJournal();
    const { clock, follower } = follow(journal);
    assert.equal(clock.timers, 1);
    await follower[Symbol.asyncDispose]();
    assert.equal(clock.timers, 0);
    const waiting = follow(journal);
    // An event asks for another look in the next turn.
    waiting.announce();
    assert.equal(waiting.clock.timers, 2);
    await waiting.follower[Symbol.asyncDispose]();
    assert.equal(waiting.clock.timers, 0);
  });

  test('skips an event that cannot be read', () => {
    const journal = new MemoryJournal();
    const { record } = follow(journal);
    record('unknown');
    record('unknown', '{"data":');
    record('unknown', '{}');
    record('unknown');
    assert.equal(journal.messages.length, 1);
  });
});
