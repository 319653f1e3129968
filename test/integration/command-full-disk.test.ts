import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { CommandReceiver } from '../../daemon/core/commands/command-receiver.js';
import { storedKeys } from '../../daemon/core/commands/issuer-keys.js';
import { defect, operational } from '../../daemon/kernel/errors.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { newIssuer, token } from '../support/command-centre.js';
import type { CommandedBox } from '../support/commanded-box.js';
import { countingBox, resend } from '../support/counting-receiver.js';
import { memoryLog } from '../support/published-box.js';
import { until } from '../support/until.js';

/** A receiver over the records of `commanded`. The test makes its disks fail and recover. */
function failingReceiver({ records, vault }: CommandedBox, clock: VirtualClock) {
  const failing: { record?: Error | undefined; audit?: Error | undefined } = {};
  const log = memoryLog();
  const { memory, alarm, trust: store } = records.commands;
  const receiver = new CommandReceiver({
    ...{ memory, alarm, clock, logger: log.logger, audience: 'site/box', keys: storedKeys(store) },
    audit(entry) {
      if (failing.audit !== undefined) throw failing.audit;
      vault.audit.append(entry);
    },
    record(event, alongside) {
      if (failing.record !== undefined) throw failing.record;
      return records.record(event, alongside);
    },
  });
  const errors = () => log.lines.filter(({ level }) => level === 'error');
  return { receiver, failing, log, errors };
}

const diskFull = operational('disk-full', 'the disk is full');

describe('a command that was executed on a full disk', () => {
  for (const full of [['record'], ['audit'], ['record', 'audit']] as const) {
    test(`is logged at once, audited and answered once when there is room, and only then the next one runs: full for ${full.join(' and ')}`, async () => {
      const clock = new VirtualClock(Date.now());
      const { commanded, issuer, executed } = await countingBox({ clock, isIdle: true });
      await using _box = commanded;
      const { receiver, failing, log, errors } = failingReceiver(commanded, clock);
      await using _receiver = receiver;
      const entries = () => commanded.vault.audit.list({ action: 'command.executed' });
      const [first, second] = [randomUUID(), randomUUID()];
      await receiver.receive('resend-events', await token(issuer, { ...resend, id: first }));
      const next = { ...resend, id: second, arguments: { from: 2 } };
      await receiver.receive('resend-events', await token(issuer, next));
      for (const what of full) failing[what] = diskFull;
      receiver.start(commanded.handlers);
      await until('the first try', () => errors().length === 1);
      clock.advanceBy(10_000);
      await until('another try', () => errors().length === 2);
      for (const { message } of errors()) assert.match(message, /^commands cannot be executed/);
      assert.equal(log.lines.filter(({ message }) => message === 'a command was executed').length, 1);
      assert.deepEqual(commanded.replies(), [], 'the command is not answered before its audit entry');
      assert.deepEqual(executed, [1], 'the next command waits for the answer to the first');
      assert.equal(entries().length, full.some((what) => what === 'audit') ? 0 : 1);
      for (const what of full) failing[what] = undefined;
      clock.advanceBy(10_000);
      for (const id of [first, second]) assert.equal((await commanded.answer(id)).outcome, 'done');
      assert.deepEqual(
        entries().map(({ subject, details }) => [subject, details['outcome']]),
        [first, second].map((id) => [id, 'done']),
      );
      assert.equal(commanded.replies().length, 2);
      assert.deepEqual(executed, [1, 2]);
    });
  }

  test('is answered even if its audit entry can never be written; the log reports it', async () => {
    const clock = new VirtualClock(Date.now());
    const { commanded, issuer } = await countingBox({ clock, isIdle: true });
    await using _box = commanded;
    const { receiver, failing, errors } = failingReceiver(commanded, clock);
    await using _receiver = receiver;
    failing.audit = defect('audit-entry', 'misshapen');
    const id = randomUUID();
    await receiver.receive('resend-events', await token(issuer, { ...resend, id }));
    receiver.start(commanded.handlers);
    assert.equal((await commanded.answer(id)).outcome, 'done');
    assert.deepEqual(
      errors().map(({ message, id: about }) => [message, about]),
      [['a command cannot be audited', id]],
    );
  });
});

test('the box counts refused commands on a full disk, and logs one error a minute', async () => {
  const clock = new VirtualClock(Date.now());
  const { commanded, issuer } = await countingBox({ clock, isIdle: true });
  await using _box = commanded;
  const { receiver, failing, errors } = failingReceiver(commanded, clock);
  await using _receiver = receiver;
  const stranger = await newIssuer('stranger');
  const refuse = async (count: number) => {
    for (let time = 0; time < count; time += 1) {
      await receiver.receive('resend-events', await token(stranger, resend));
    }
  };
  failing.record = diskFull;
  failing.audit = diskFull;
  await refuse(100);
  assert.deepEqual(receiver.counts.refused, { 'unknown-issuer': 100 });
  assert.equal(errors().length, 1);
  clock.advanceBy(60_000);
  await refuse(1);
  assert.equal(errors().length, 2);
  assert.ok(
    Number(errors()[1]?.['notLogged']) >= 90,
    'the next line has the number of errors that were not logged',
  );
  failing.record = undefined;
  failing.audit = undefined;
  await refuse(1);
  assert.equal(
    commanded.records.list({ limit: 10, kind: 'box' }).length,
    1,
    'the condition is recorded once there is room',
  );
  const id = randomUUID();
  await receiver.receive('resend-events', await token(issuer, { ...resend, id, audience: 'site/b' }));
  assert.equal((await commanded.answer(id)).code, 'wrong-audience');
});
