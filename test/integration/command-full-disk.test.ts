import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { defect, operational } from '../../daemon/base/errors.js';
import { VirtualClock } from '../../daemon/base/virtual-clock.js';
import { CommandDesk } from '../../daemon/publish/commands/command-desk.js';
import { keptKeys } from '../../daemon/publish/commands/kept-keys.js';
import { newIssuer, token } from '../support/command-centre.js';
import type { CommandedBox } from '../support/commanded-box.js';
import { countingBox, resend } from '../support/counting-desk.js';
import { memoryLog } from '../support/published-box.js';
import { until } from '../support/until.js';

/** A desk over the records of `commanded` whose disks fail as long as somebody says so. */
function failingDesk({ records, access }: CommandedBox, clock: VirtualClock) {
  const failing: { record?: Error | undefined; audit?: Error | undefined } = {};
  const log = memoryLog();
  const { memory, alarm, trust: store } = records.commands;
  const desk = new CommandDesk({
    ...{ memory, alarm, clock, logger: log.logger, audience: 'site/box', keys: keptKeys(store) },
    audit(entry) {
      if (failing.audit !== undefined) throw failing.audit;
      access.audit.append(entry);
    },
    record(event, alongside) {
      if (failing.record !== undefined) throw failing.record;
      return records.record(event, alongside);
    },
  });
  const errors = () => log.lines.filter(({ level }) => level === 'error');
  return { desk, failing, log, errors };
}

const diskFull = operational('disk-full', 'the disk is full');

describe('on a full disk, a command that was executed', () => {
  for (const full of [['record'], ['audit'], ['record', 'audit']] as const) {
    test(`is logged at once, and audited and answered once each after it: full for ${full.join(' and ')}`, async () => {
      const clock = new VirtualClock(Date.now());
      const { commanded, issuer, executed } = await countingBox({ clock, isIdle: true });
      await using _box = commanded;
      const { desk, failing, log, errors } = failingDesk(commanded, clock);
      await using _desk = desk;
      const entries = () => commanded.access.audit.list({ action: 'command.executed' });
      const id = randomUUID();
      await desk.receive('resend-events', await token(issuer, { ...resend, id }));
      for (const what of full) failing[what] = diskFull;
      desk.start(commanded.handlers);
      await until('the first try', () => errors().length === 1);
      clock.advanceBy(10_000);
      await until('another try', () => errors().length === 2);
      assert.equal(log.lines.filter(({ message }) => message === 'a command was executed').length, 1);
      assert.deepEqual(commanded.replies(), [], 'no answer before the entry');
      assert.equal(entries().length, full.some((what) => what === 'audit') ? 0 : 1);
      for (const what of full) failing[what] = undefined;
      clock.advanceBy(10_000);
      assert.equal((await commanded.answer(id)).outcome, 'done');
      assert.deepEqual(
        entries().map(({ subject, details }) => [subject, details['outcome']]),
        [[id, 'done']],
      );
      assert.equal(commanded.replies().length, 1);
      assert.deepEqual(executed, [1]);
    });
  }

  test('is answered although its entry never can be written, which the log says', async () => {
    const clock = new VirtualClock(Date.now());
    const { commanded, issuer } = await countingBox({ clock, isIdle: true });
    await using _box = commanded;
    const { desk, failing, errors } = failingDesk(commanded, clock);
    await using _desk = desk;
    failing.audit = defect('audit-entry', 'misshapen');
    const id = randomUUID();
    await desk.receive('resend-events', await token(issuer, { ...resend, id }));
    desk.start(commanded.handlers);
    assert.equal((await commanded.answer(id)).outcome, 'done');
    assert.deepEqual(
      errors().map(({ message, id: about }) => [message, about]),
      [['a command cannot be audited', id]],
    );
  });
});

test('on a full disk, refused commands of strangers are counted, and one error a minute is logged', async () => {
  const clock = new VirtualClock(Date.now());
  const { commanded, issuer } = await countingBox({ clock, isIdle: true });
  await using _box = commanded;
  const { desk, failing, errors } = failingDesk(commanded, clock);
  await using _desk = desk;
  const stranger = await newIssuer('stranger');
  const refuse = async (count: number) => {
    for (let time = 0; time < count; time += 1) {
      await desk.receive('resend-events', await token(stranger, resend));
    }
  };
  failing.record = diskFull;
  failing.audit = diskFull;
  await refuse(100);
  assert.deepEqual(desk.counts.refused, { 'unknown-issuer': 100 });
  assert.equal(errors().length, 1);
  clock.advanceBy(60_000);
  await refuse(1);
  assert.equal(errors().length, 2);
  assert.ok(Number(errors()[1]?.['notLogged']) >= 90, 'the next line says how many there were');
  failing.record = undefined;
  failing.audit = undefined;
  await refuse(1);
  assert.equal(commanded.records.list({ limit: 10, kind: 'box' }).length, 1, 'the condition is said late');
  const id = randomUUID();
  await desk.receive('resend-events', await token(issuer, { ...resend, id, audience: 'site/b' }));
  assert.equal((await commanded.answer(id)).code, 'wrong-audience');
});
