import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Conditions, settledAfterMs } from '../../daemon/core/conditions/conditions.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { conditionLines, openSourceRecords, type SourceRecords } from '../support/event-source.js';
import { memoryLog } from '../support/published-box.js';

function conditionsOf(source: SourceRecords, logger = silentLogger): Conditions {
  return new Conditions({ records: source.records, clock: source.clock, logger });
}

const open = (context: TestContext) => openSourceRecords(context);

test('a condition is recorded when it begins and when it ends, not in between', (t) => {
  const source = open(t);
  const conditions = conditionsOf(source);
  let changes = 0;
  conditions.onChanged(() => {
    changes += 1;
  });
  conditions.end('disk-low');
  conditions.begin('disk-low', { freeMiB: 100 });
  conditions.begin('disk-low', { freeMiB: 99 });
  assert.deepEqual(conditions.current(), ['disk-low']);
  conditions.end('disk-low');
  conditions.end('disk-low');
  assert.deepEqual(conditions.current(), []);
  assert.deepEqual(conditionLines(source.events()), ['begin disk-low', 'end disk-low']);
  assert.deepEqual(source.events()[0]?.data['details'], { freeMiB: 100 });
  assert.equal(changes, 2);
});

test('active conditions stay active after a kill', async (t) => {
  const source = open(t);
  conditionsOf(source).begin('disk-low');
  await source.restart();
  const conditions = conditionsOf(source);
  assert.deepEqual(conditions.current(), ['disk-low']);
  conditions.begin('disk-low');
  conditions.end('disk-low');
  assert.deepEqual(conditionLines(source.events()), ['begin disk-low', 'end disk-low']);
});

test('the box records that a start follows a kill', async (t) => {
  const source = open(t);
  const first = conditionsOf(source);
  first.begin('running');
  first.end('running', { signal: 'SIGTERM' });
  await source.restart();
  const second = conditionsOf(source);
  second.begin('running');
  await source.restart();
  const third = conditionsOf(source);
  assert.deepEqual(third.current(), [], 'the box does not count as running before it begins');
  third.begin('running');
  assert.deepEqual(conditionLines(source.events()), [
    'begin running',
    'end running',
    'begin running',
    'begin running',
  ]);
  assert.deepEqual(
    source.events().map(({ data }) => data['details']),
    [{}, { signal: 'SIGTERM' }, {}, { afterKill: true }],
  );
});

test('a change waits while nothing can be recorded, and keeps its time', async (t) => {
  const source = open(t);
  const log = memoryLog();
  const conditions = conditionsOf(source, log.logger);
  source.isDiskFull = true;
  conditions.begin('disk-low');
  source.clock.advanceBy(60_000);
  conditions.end('disk-low');
  assert.deepEqual([conditions.current(), conditions.waitingCount], [[], 2]);
  assert.equal(log.lines.length, 1, 'the error is logged once');
  source.isDiskFull = false;
  source.clock.advanceBy(5_000);
  assert.equal(conditions.waitingCount, 0);
  assert.deepEqual(conditionLines(source.events()), ['begin disk-low', 'end disk-low']);
  assert.deepEqual(
    source.events().map(({ time }) => time),
    ['2026-03-02T07:00:00.000Z', '2026-03-02T07:01:00.000Z'],
  );
});

test('a condition that begins and ends repeatedly on a full disk uses little memory, and its events alternate', async (t) => {
  const source = open(t);
  const conditions = conditionsOf(source);
  source.isDiskFull = true;
  for (let times = 0; times < 1000; times += 1) {
    conditions.begin('topic-refused');
    assert.ok(conditions.waitingCount <= 20);
    conditions.end('topic-refused');
  }
  conditions.begin('topic-refused');
  source.isDiskFull = false;
  await conditions[Symbol.asyncDispose]();
  const lines = conditionLines(source.events());
  assert.ok(lines.length > 0);
  lines.forEach((line, index) => {
    assert.equal(line, `${index % 2 === 0 ? 'begin' : 'end'} topic-refused`);
  });
  assert.equal(lines.at(-1), 'begin topic-refused', 'the last event shows the present state');
});

test('a condition that another part records is known, also after a restart', async (t) => {
  const source = open(t);
  const conditions = conditionsOf(source);
  const told = new Promise<void>((resolve) => void conditions.onChanged(resolve));
  const occurredAtMs = source.clock.wallMs();
  source.records.record({ kind: 'box', condition: 'commands-refused', isActive: true, occurredAtMs });
  await told;
  assert.deepEqual(conditions.current(), ['commands-refused']);
  await source.restart();
  assert.deepEqual(conditionsOf(source).current(), ['commands-refused']);
});

/** The parts that the events name as active: `worsened a,b`. */
const said = (source: SourceRecords): readonly string[] =>
  source.events().map(({ data: { active, change = active, about = [] } }) => `${change} ${String(about)}`);

test('a new part of a condition is recorded once, also across kills', async (t) => {
  const source = open(t);
  const first = conditionsOf(source);
  let changes = 0;
  first.onChanged(() => {
    changes += 1;
  });
  first.change('topic-refused', { kind: 'camera' }, { active: ['camera'] });
  first.change('topic-refused', { kind: 'camera' }, { active: ['camera'], over: ['unknown'] });
  first.change('topic-refused', { kind: 'unknown' }, { active: ['unknown'] });
  assert.deepEqual([first.about(), changes], [{ 'topic-refused': ['camera', 'unknown'] }, 2]);
  await source.restart();
  const second = conditionsOf(source);
  assert.deepEqual(second.about(), { 'topic-refused': ['camera', 'unknown'] });
  second.change('topic-refused', { kind: 'unknown' }, { active: ['unknown'] });
  second.change('topic-refused', { kind: 'command' }, { active: ['command'] });
  second.change('topic-refused', {}, { over: ['command', 'camera', 'unknown'] });
  second.change('topic-refused', {}, { over: ['command'] });
  assert.deepEqual(said(source), [
    'true camera',
    'worsened camera,unknown',
    'worsened camera,command,unknown',
    'false ',
  ]);
  assert.deepEqual(source.events()[1]?.data['details'], { kind: 'unknown' });
});

test('the end of a part is recorded after a delay; a part that comes and goes is recorded once', (t) => {
  const source = open(t);
  const conditions = conditionsOf(source);
  conditions.change('disk-low', {}, { active: ['gallery', 'records'] });
  for (let times = 0; times < 100; times += 1) {
    conditions.change('disk-low', {}, { over: ['records'] });
    source.clock.advanceBy(settledAfterMs - 1);
    conditions.change('disk-low', {}, { active: ['records'] });
    source.clock.advanceBy(settledAfterMs - 1);
  }
  assert.deepEqual(said(source), ['true gallery,records']);
  conditions.change('disk-low', {}, { over: ['records'] });
  source.clock.advanceBy(settledAfterMs);
  conditions.change('disk-low', {}, { active: ['records'] });
  assert.deepEqual(said(source).slice(1), ['eased gallery', 'worsened gallery,records']);
});

test('two alternating parts are recorded no more often than conditions settle', (t) => {
  const source = open(t);
  const conditions = conditionsOf(source);
  conditions.change('topic-refused', {}, { active: ['camera'] });
  for (let times = 0; times < 100; times += 1) {
    conditions.change('topic-refused', {}, { active: ['unknown'], over: ['camera'] });
    conditions.change('topic-refused', {}, { active: ['camera'], over: ['unknown'] });
  }
  assert.deepEqual(said(source), ['true camera', 'worsened unknown']);
  source.clock.advanceBy(settledAfterMs);
  assert.deepEqual(said(source).at(-1), 'worsened camera', 'the last event shows the present part');
});

test('parts that come while nothing can be recorded are recorded later in order', async (t) => {
  const source = open(t);
  const conditions = conditionsOf(source);
  source.isDiskFull = true;
  for (let times = 0; times < 30; times += 1) {
    conditions.change('topic-refused', {}, { active: [`kind-${times}`] });
  }
  assert.ok(conditions.waitingCount <= 20);
  source.isDiskFull = false;
  await conditions[Symbol.asyncDispose]();
  const lines = said(source);
  assert.equal(lines[0], 'true kind-0');
  assert.equal(lines.at(-1)?.split(',').length, 30);
  assert.ok(lines.slice(1).every((line) => line.startsWith('worsened ')));
});
