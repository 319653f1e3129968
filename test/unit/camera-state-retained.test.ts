import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type RetainedDocument,
  RetainedDocuments,
  type RetainedParts,
  repeatEveryMs,
} from '../../daemon/core/delivery/retained-documents.js';
import { inBlocks } from '../../daemon/core/delivery/sequence-blocks.js';
import { operational } from '../../daemon/kernel/errors.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { memoryLog } from '../support/published-box.js';

const owner = 'the-test';

class MemoryOfTopics {
  readonly topics = new Map<string, string>();
  isDiskFull = false;

  of(): ReadonlyMap<string, string> {
    return new Map(this.topics);
  }

  remember(_owner: string, parts: ReadonlyMap<string, string>): void {
    if (this.isDiskFull) throw operational('disk-full', 'the disk is full');
    for (const [topic, text] of parts) this.topics.set(topic, text);
  }

  forget(_owner: string, topic: string): void {
    this.topics.delete(topic);
  }
}

let clock: VirtualClock;
let memory: MemoryOfTopics;
let wanted: Record<string, string>;
/** The parts of a document, by topic. */
let parts: Record<string, RetainedParts>;
let tell: () => void;
let log: ReturnType<typeof memoryLog>;
let documents: RetainedDocuments;
/** `topic text` of each message that the broker took. */
let published: string[];
let refused: Set<string>;

const documentOf = ([topic, content]: readonly [string, string]): RetainedDocument => ({
  topic,
  content,
  parts: parts[topic] ?? {},
  messages: async (gone) => [...Object.keys(gone).map((name) => `without ${name}`), content],
});

function connect(): AbortController {
  const connection = new AbortController();
  const publish = async (topic: string, payload: Uint8Array): Promise<void> => {
    if (refused.has(topic)) {
      const details = { topic, reasonCode: 0x87 };
      throw operational('broker-publish-refused', `the broker refuses messages on ${topic}`, { details });
    }
    published.push(`${topic} ${new TextDecoder().decode(payload)}`.trim());
  };
  documents.whenOnline({ publish }, connection.signal);
  return connection;
}

/** Runs everything that is due within `durationMs`, in steps, so that started work can end. */
async function pass(durationMs = 0): Promise<void> {
  const endMs = clock.monotonicMs() + durationMs;
  do {
    clock.advanceTo(Math.min(endMs, clock.monotonicMs() + 100));
    await nextTurn();
  } while (clock.monotonicMs() < endMs);
}

beforeEach(() => {
  clock = new VirtualClock();
  memory = new MemoryOfTopics();
  wanted = { a: 'one', b: 'two' };
  parts = {};
  log = memoryLog();
  published = [];
  refused = new Set();
  documents = new RetainedDocuments({
    owner,
    what: 'the documents of the test',
    wanted: () => Object.entries(wanted).map(documentOf),
    onChanged: (listener) => {
      tell = listener;
      return () => undefined;
    },
    memory,
    clock,
    logger: log.logger,
  });
});

describe('retained messages at the broker', () => {
  test('are all published after each connection, and changed ones later', async () => {
    connect();
    await pass();
    assert.deepEqual(published.splice(0), ['a one', 'b two']);
    wanted = { a: 'one', b: 'three' };
    tell();
    await pass(2_000);
    assert.deepEqual(published.splice(0), ['b three']);
    connect();
    await pass();
    assert.deepEqual(published, ['a one', 'b three']);
  });

  test('are all published again every quarter of an hour, because another client may have overwritten them', async () => {
    connect();
    await pass();
    published.length = 0;
    await pass(repeatEveryMs - 1_000);
    assert.deepEqual(published, []);
    for (const _ of [1, 2]) {
      await pass(1_500);
      assert.deepEqual(published.splice(0), ['a one', 'b two']);
      clock.advanceBy(repeatEveryMs - 1_500);
    }
  });

  test('change at most once a second, to the last state', async () => {
    connect();
    await pass();
    for (let turn = 0; turn < 100; turn += 1) {
      wanted = { a: `at ${turn}`, b: 'two' };
      tell();
      await pass(100);
    }
    await pass(1_000);
    const changes = published.filter((each) => each.startsWith('a at'));
    assert.ok(changes.length <= 11, `${changes.length} messages in 10 s`);
    assert.equal(changes.at(-1), 'a at 99');
  });

  test('are cleared when they are no longer wanted, also if only the records know them', async () => {
    memory.topics.set('from-before', '{}');
    connect();
    await pass();
    assert.deepEqual(published.splice(0), ['from-before', 'a one', 'b two']);
    wanted = { b: 'two' };
    tell();
    await pass(2_000);
    assert.deepEqual(published, ['a']);
    assert.deepEqual([...memory.topics.keys()], ['b']);
  });

  test('remove once the parts that are no longer wanted, also if only the records know them', async () => {
    memory.topics.set('b', JSON.stringify({ old: '' }));
    parts = { a: { front: '', back: '' } };
    connect();
    await pass();
    assert.deepEqual(published.splice(0), ['a one', 'b without old', 'b two']);
    parts = { a: { back: '' } };
    for (const [content, sent] of [
      ['two', ['a without front', 'a two']],
      ['three', ['a three']],
    ] as const) {
      wanted = { a: content, b: 'two' };
      tell();
      await pass(2_000);
      assert.deepEqual(published.splice(0), sent);
    }
  });

  test('that are refused are logged once, tried again, and logged again after a success', async () => {
    refused.add('a');
    connect();
    await pass(600_000);
    assert.deepEqual(published, ['b two']);
    assert.equal(log.lines.length, 1);
    refused.clear();
    await pass(60_000);
    assert.deepEqual(published, ['b two', 'a one']);
    refused.add('b');
    wanted = { a: 'one', b: 'three' };
    tell();
    await pass(120_000);
    assert.equal(log.lines.length, 2);
  });

  test('that cannot be cleared are remembered until they can', async () => {
    memory.topics.set('from-before', '{}');
    refused.add('from-before');
    connect();
    await pass();
    assert.ok(memory.topics.has('from-before'));
    refused.clear();
    await pass(60_000);
    assert.ok(!memory.topics.has('from-before'));
  });

  test('that the broker never lets the box clear are forgotten, with one warning', async () => {
    memory.topics.set('former-name', '{}');
    refused.add('former-name');
    connect();
    await pass(1_200_000);
    assert.ok(!memory.topics.has('former-name'));
    assert.deepEqual(log.lines.filter((line) => JSON.stringify(line).includes('former topic')).length, 1);
  });

  test('are not published before they are remembered, because they could not be cleared later', async () => {
    memory.isDiskFull = true;
    connect();
    await pass(30_000);
    assert.deepEqual(published, []);
    assert.equal(log.lines.length, 1);
    memory.isDiskFull = false;
    await pass(60_000);
    assert.deepEqual(published, ['a one', 'b two']);
  });

  test('are not changed when the connection has ended', async () => {
    const connection = connect();
    await pass();
    published.length = 0;
    connection.abort();
    wanted = { a: 'later' };
    tell();
    await pass(2 * repeatEveryMs);
    assert.deepEqual(published, []);
    assert.deepEqual(log.lines, []);
  });
});

test('numbers are taken in blocks and grow, also when others take some', () => {
  let counter = 0;
  const take = (count: number): number => {
    counter += count;
    return counter;
  };
  const next = inBlocks(take, 3);
  const given = [next(), next()];
  take(10);
  given.push(next(), next());
  assert.deepEqual(given, [1, 2, 3, 14]);
});
