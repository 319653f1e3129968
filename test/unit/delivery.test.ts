import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ConnectionTask } from '../../daemon/core/delivery/connection-task.js';
import { Delivery, type DeliveryOptions } from '../../daemon/core/delivery/delivery.js';
import type { BoxState, PassagesOfDay } from '../../daemon/core/delivery/encoding.js';
import { defaultTimings } from '../../daemon/core/delivery/publisher-options.js';
import { repeatEveryMs } from '../../daemon/core/delivery/retained-documents.js';
import { topicsOf } from '../../daemon/core/delivery/topics.js';
import { operational, type RollcallError } from '../../daemon/kernel/errors.js';
import { memoryOutbox } from '../support/memory-outbox.js';
import { CountedClock, turns } from '../support/played-commands.js';
import { box, memoryLog, unsignedSigner } from '../support/published-box.js';

const topics = topicsOf('rollcall', box);
const { ackTimeoutMs, heldRetryMs, farewellMs } = defaultTimings;
const lost = operational('broker-connection-lost', 'gone');
const refusal = (details = {}) =>
  operational('broker-publish-refused', 'no', { details: { reasonCode: 0x87, ...details } });

interface Published {
  readonly what: string;
  readonly text: string;
  readonly isRetained: boolean;
  readonly acknowledge: () => void;
  readonly refuse: (error: Error) => void;
}

interface State {
  readonly state: string;
  readonly reason: string;
  readonly sequence: number;
  readonly gallery: string;
  readonly lastSequence: number;
  readonly passages?: PassagesOfDay;
}

/** A simulated connection. `answer` decides what the broker does with a message; by default it acknowledges. */
function played(
  changes: Partial<DeliveryOptions> & {
    readonly eventCount?: number;
    readonly receiveMaximum?: number;
    readonly order?: string[];
  } = {},
  answer: (what: string) => 'take' | 'wait' | Error = () => 'take',
) {
  const { eventCount = 0, receiveMaximum = 65_535, order = [], ...options } = changes;
  const clock = new CountedClock();
  const log = memoryLog();
  const published: Published[] = [];
  const memory = memoryOutbox(eventCount);
  let close: (error: RollcallError) => void = () => undefined;
  const closed = new Promise<RollcallError>((resolve) => {
    close = resolve;
  });
  let gallery: BoxState['gallery'] = 'open';
  let passages: PassagesOfDay = { count: 0, byOutcome: {} };
  const stop = new AbortController();
  const delivery = new Delivery({
    connection: {
      version: 5,
      receiveMaximum,
      publish: (topic, payload, { isRetained }) =>
        new Promise((resolve, reject) => {
          const what = topic === topics.state ? 'state' : 'event';
          order.push(what);
          const text = new TextDecoder().decode(payload);
          published.push({ what, text, isRetained, acknowledge: resolve, refuse: reject });
          const answered = answer(what);
          if (answered === 'take') resolve();
          else if (answered !== 'wait') reject(answered);
        }),
      subscribe: async () => undefined,
      closed,
      end: async () => void order.push('end'),
      abort: () => void order.push('abort'),
    },
    onlineSequence: 10,
    offlineSequence: 13,
    boxState: () => ({ gallery, conditions: [] }),
    passages: () => passages,
    outbox: { ...memory.outbox, begin: () => void order.push('begin') },
    topics,
    signer: unsignedSigner,
    connectionTasks: [],
    from: box,
    timings: defaultTimings,
    ...{ clock, logger: log.logger },
    skipped: new Set(),
    onOnline: () => void order.push('online'),
    onAcknowledged: () => undefined,
    onRefused: () => undefined,
    onTooLarge: () => undefined,
    ...options,
  });
  let outcome: string | undefined = 'delivers';
  const over = delivery.run(stop.signal).then((failure) => {
    outcome = failure?.code;
  });
  return {
    ...{ clock, log, order, published, delivery, over, stop, close },
    outcome: () => outcome,
    states: () =>
      published.filter(({ what }) => what === 'state').map(({ text }): State => JSON.parse(text) as State),
    change: (to: BoxState['gallery']) => {
      gallery = to;
      return delivery.publishChange();
    },
    pass: (count: number) => {
      passages = { count, byOutcome: { attended: count } };
      return delivery.publishChange();
    },
  };
}

const shortly = ({ state, reason, sequence }: State) => `${state} ${reason} ${sequence}`;

describe('a connection to the broker', () => {
  test('publishes online, events and the goodbye in this order', async () => {
    const order: string[] = [];
    const connectionTask: ConnectionTask = {
      beforeOnline: async () => void order.push('lead'),
      whenOnline: (_connection, signal) => {
        order.push('join');
        signal.addEventListener('abort', () => order.push('left'));
      },
    };
    const { states, published, stop, over, outcome, clock } = played({
      connectionTasks: [connectionTask],
      eventCount: 2,
      order,
    });
    await turns();
    assert.deepEqual(order, ['lead', 'state', 'begin', 'online', 'join', 'event', 'event']);
    stop.abort();
    await over;
    assert.deepEqual(order.slice(7), ['state', 'end', 'left', 'abort']);
    assert.deepEqual(states().map(shortly), ['online connected 10', 'offline stopped 13']);
    assert.deepEqual(
      published.map(({ isRetained }) => isRetained),
      [true, false, false, true],
    );
    assert.equal(states()[0]?.lastSequence, 2);
    assert.deepEqual([outcome(), clock.timerCount], [undefined, 0]);
  });

  test('ends with the reason of the end of the connection, without a goodbye', async () => {
    const { order, states, close, over, outcome, clock } = played();
    await turns();
    close(lost);
    await over;
    assert.equal(outcome(), 'broker-connection-lost');
    assert.deepEqual([states().length, order.at(-1), clock.timerCount], [1, 'abort', 0]);
  });

  test('sends as many events at once as the broker accepts, and at most 64', async () => {
    for (const [receiveMaximum, most] of [
      [3, 3],
      [64, 64],
      [65_535, 64],
    ] as const) {
      const answer = (what: string) => (what === 'state' ? 'take' : 'wait');
      const { order, close, over, clock } = played({ eventCount: 80, receiveMaximum }, answer);
      await turns();
      assert.equal(order.filter((what) => what === 'event').length, most);
      close(lost);
      await over;
      assert.equal(clock.timerCount, 0, 'nobody waits for acknowledgements any more');
    }
  });

  test('ends if the broker does not answer the first messages', async () => {
    const hanging: ConnectionTask = {
      beforeOnline: () => new Promise(() => undefined),
      whenOnline: () => undefined,
    };
    for (const { order, clock, over, outcome } of [
      played({ connectionTasks: [hanging], eventCount: 1 }),
      played({ eventCount: 1 }, () => 'wait'),
    ]) {
      await turns();
      clock.advanceBy(ackTimeoutMs - 1);
      await turns();
      assert.equal(outcome(), 'delivers');
      clock.advanceBy(1);
      await over;
      assert.equal(outcome(), 'broker-silent');
      assert.ok(!order.includes('event') && !order.includes('online'));
      assert.equal(clock.timerCount, 0);
    }
  });

  test('ends if it breaks during the first messages', async () => {
    const hanging: ConnectionTask = {
      beforeOnline: () => new Promise(() => undefined),
      whenOnline: () => undefined,
    };
    const leading = played({ connectionTasks: [hanging] });
    leading.close(lost);
    await leading.over;
    assert.equal(leading.outcome(), 'broker-connection-lost');
    const saying = played({}, () => lost);
    await saying.over;
    assert.equal(saying.outcome(), 'broker-connection-lost');
    assert.ok(!saying.order.includes('online'));
  });
});

describe('the state of the box', () => {
  test('delays no event when the broker refuses it, and is tried again with the same number', async () => {
    for (const [details, retryMs] of [
      [{}, heldRetryMs],
      [{ retryInMs: 5_000 }, 5_000],
    ] as const) {
      let isAllowed = false;
      const answer = (what: string) => (what === 'event' || isAllowed ? 'take' : refusal(details));
      const { order, states, clock, log, close, over, published } = played({ eventCount: 1 }, answer);
      await turns();
      assert.ok(order.includes('event'));
      assert.equal(log.lines.filter(({ level }) => level === 'error').length, 1);
      clock.advanceBy(retryMs - 1);
      await turns();
      assert.equal(states().length, 1);
      clock.advanceBy(1);
      await turns();
      assert.equal(states().length, 2, 'refused again');
      isAllowed = true;
      clock.advanceBy(retryMs);
      await turns();
      clock.advanceBy(retryMs);
      await turns();
      assert.deepEqual(states().map(shortly), Array(3).fill('online connected 10'));
      assert.ok(published.filter(({ what }) => what === 'state').every(({ isRetained }) => isRetained));
      close(lost);
      await over;
    }
  });

  test('is not tried again after a refusal once the connection has ended', async () => {
    const { clock, close, over, states } = played({}, () => refusal());
    await turns();
    close(lost);
    await over;
    assert.equal(clock.timerCount, 0);
    clock.advanceBy(heldRetryMs);
    await turns();
    assert.equal(states().length, 1);
  });

  test('says the new numbers of passages with the next repetition, and with every change', async () => {
    const { states, clock, change, pass, close, over } = played();
    await turns();
    await pass(1);
    assert.equal(states().length, 1, 'a passage alone is not worth a message');
    clock.advanceBy(repeatEveryMs);
    await turns();
    clock.advanceBy(repeatEveryMs);
    await turns();
    await pass(2);
    await change('sealed');
    assert.deepEqual(
      states().map((said) => [shortly(said), said.passages?.count]),
      [
        ['online connected 10', 0],
        ['online changed 11', 1],
        ['online changed 11', 1],
        ['online changed 12', 2],
      ],
    );
    close(lost);
    await over;
  });

  test('is published again when it changes, while numbers are left before that of the goodbye', async () => {
    const { states, change, stop, over } = played();
    await change('sealed');
    assert.deepEqual(states(), [], 'not before the box is online');
    await turns();
    await change('sealed');
    assert.deepEqual(states().map(shortly), ['online connected 10'], 'nothing is new');
    await change('open');
    await change('sealed');
    await change('open');
    assert.deepEqual(
      states().map((said) => [shortly(said), said.gallery]),
      [
        ['online connected 10', 'sealed'],
        ['online changed 11', 'open'],
        ['online changed 12', 'sealed'],
      ],
    );
    stop.abort();
    await over;
    assert.equal(shortly(states()[3] as State), 'offline stopped 13');
  });

  test('is published immediately when it changed during the first state message', async () => {
    let isTaken = false;
    const { states, published, change, close, over } = played({}, () => (isTaken ? 'take' : 'wait'));
    await turns();
    await change('sealed');
    isTaken = true;
    published[0]?.acknowledge();
    await turns();
    assert.deepEqual(states().map(shortly), ['online connected 10', 'online changed 11']);
    close(lost);
    await over;
  });

  test('causes a warning when it cannot be published', async () => {
    let answer: 'take' | Error = 'take';
    const { change, log, close, over } = played({}, () => answer);
    await turns();
    answer = lost;
    await change('sealed');
    assert.deepEqual(
      log.lines.map(({ message }) => message),
      ['the new state of this box could not be published'],
    );
    close(lost);
    await over;
  });

  test('is repeated every quarter of an hour, byte for byte', async () => {
    const { published, clock, close, over, log } = played();
    await turns();
    clock.advanceBy(repeatEveryMs - 1);
    await turns();
    assert.equal(published.length, 1);
    for (let time = 0; time < 2; time += 1) {
      clock.advanceBy(repeatEveryMs);
      await turns();
    }
    assert.equal(published.length, 3);
    assert.equal(new Set(published.map(({ text }) => text)).size, 1);
    close(lost);
    await over;
    clock.advanceBy(repeatEveryMs);
    await turns();
    assert.deepEqual([published.length, log.lines], [3, []]);
  });
});

describe('the goodbye', () => {
  const onlyStates = (what: string) => (what === 'state' ? 'take' : 'wait');

  test('waits for events on the way, and sends no more', async () => {
    const { published, order, stop, over, states } = played({ eventCount: 3, receiveMaximum: 2 }, onlyStates);
    await turns();
    stop.abort();
    await turns();
    assert.equal(states().length, 1);
    for (const { acknowledge } of published) acknowledge();
    await over;
    assert.deepEqual(order.slice(-5), ['event', 'event', 'state', 'end', 'abort']);
    assert.equal(states().at(-1)?.state, 'offline');
  });

  test('is given up after its time limit', async () => {
    const { clock, stop, over, states, log, order, outcome } = played({ eventCount: 1 }, onlyStates);
    await turns();
    stop.abort();
    await turns();
    clock.advanceBy(farewellMs - 1);
    await turns();
    assert.equal(outcome(), 'delivers');
    clock.advanceBy(1);
    await over;
    assert.deepEqual([states().length, order.at(-1), clock.timerCount], [1, 'abort', 0]);
    assert.deepEqual(
      log.lines.map(({ message }) => message),
      ['the broker did not take the goodbye in time'],
    );
  });

  test('causes a warning when it cannot be published', async () => {
    let answer: 'take' | Error = 'take';
    const { stop, over, log, order, outcome } = played({}, () => answer);
    await turns();
    answer = lost;
    stop.abort();
    await over;
    assert.deepEqual(
      log.lines.map(({ message }) => message),
      ['no goodbye to the broker'],
    );
    assert.deepEqual([outcome(), order.at(-1)], [undefined, 'abort']);
  });

  test('is also published if the box stops before it is online', async () => {
    const hanging: ConnectionTask = {
      beforeOnline: () => new Promise(() => undefined),
      whenOnline: () => undefined,
    };
    const { stop, over, states, order } = played({ connectionTasks: [hanging] });
    stop.abort();
    await over;
    assert.deepEqual(states().map(shortly), ['offline stopped 13']);
    assert.ok(!order.includes('online'));
  });
});
