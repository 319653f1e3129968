import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { alarmWindowMs, refusalsToAlarm } from '../../daemon/core/commands/refused-commands.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { newIssuer, token } from '../support/command-centre.js';
import type { CommandedBox } from '../support/commanded-box.js';
import { countingBox, receiverOf, resend } from '../support/counting-receiver.js';

const boxEvents = ({ records }: CommandedBox) =>
  records
    .list({ limit: 1000, kind: 'box' })
    .map(({ payload }) => JSON.parse(Buffer.from(payload).toString('utf8')).data as Record<string, unknown>);

describe('commands that are refused', () => {
  test('are counted, and answered and audited up to a limit', async () => {
    const clock = new VirtualClock(Date.now());
    const { commanded, issuer } = await countingBox({ clock });
    await using _box = commanded;
    const stranger = await newIssuer('stranger');
    const before = commanded.events().length;
    for (let count = 0; count < 500; count += 1) {
      await commanded.receiver.receive('resend-events', await token(stranger, resend));
    }
    assert.deepEqual(commanded.receiver.counts.refused, { 'unknown-issuer': 500 });
    assert.equal(commanded.replies().length, 20);
    assert.equal(commanded.events().length - before, 21, 'the answers, and one event about the condition');
    assert.equal(commanded.vault.audit.count({ action: 'command.refused' }), 20);
    const [entry] = commanded.vault.audit.list({ action: 'command.refused', limit: 1 });
    assert.deepEqual(entry?.details, { command: 'resend-events', code: 'unknown-issuer' });
    assert.equal(entry?.actor, 'unknown');
    // A known issuer gets its answers nevertheless.
    const id = randomUUID();
    await commanded.receiver.receive(
      'resend-events',
      await token(issuer, { ...resend, id, audience: 'site/b' }),
    );
    assert.equal((await commanded.answer(id)).code, 'wrong-audience');
    clock.advanceBy(60_000);
    await commanded.receiver.receive('resend-events', await token(stranger, resend));
    const [later] = commanded.vault.audit.list({ action: 'command.refused', limit: 1 });
    assert.equal(
      later?.details['notTraced'],
      481,
      'the next entry has the number of refusals without an entry',
    );
  });

  test('are not answered if they copy an accepted command or its id', async () => {
    const { commanded, issuer } = await countingBox({ isIdle: true });
    await using _box = commanded;
    const id = randomUUID();
    const good = await token(issuer, { ...resend, id });
    const [header, claims] = good.toString('latin1').split('.');
    const copy = Buffer.from(`${header}.${claims}.AAAA`, 'latin1');
    await commanded.receiver.receive('resend-events', good);
    await commanded.receiver.receive('resend-events', copy);
    await commanded.receiver.receive('set-camera', good);
    assert.deepEqual(commanded.receiver.counts.refused, { 'bad-signature': 1, 'wrong-topic': 1 });
    assert.deepEqual(commanded.replies(), []);
    commanded.receiver.start(commanded.handlers);
    assert.equal((await commanded.answer(id)).outcome, 'done');
  });

  test('become a condition of the box if they are many, and it ends when none come', async () => {
    const clock = new VirtualClock(Date.now());
    const { commanded } = await countingBox({ clock });
    await using _box = commanded;
    const stranger = await newIssuer('stranger');
    const refuse = async (count: number) => {
      for (let time = 0; time < count; time += 1) {
        await commanded.receiver.receive('resend-events', await token(stranger, resend));
      }
    };
    await refuse(refusalsToAlarm - 1);
    clock.advanceBy(alarmWindowMs + 1);
    await refuse(1);
    assert.deepEqual(boxEvents(commanded), []);
    await refuse(refusalsToAlarm);
    assert.deepEqual(
      boxEvents(commanded).map(({ condition, active }) => [condition, active]),
      [['commands-refused', true]],
    );
    clock.advanceBy(alarmWindowMs - 1);
    await refuse(1);
    clock.advanceBy(alarmWindowMs - 1);
    assert.equal(boxEvents(commanded).length, 1);
    // Refusals of another kind worsen the condition, once.
    const mangled = async () => {
      for (let time = 0; time < refusalsToAlarm; time += 1) {
        await commanded.receiver.receive('resend-events', Buffer.from('nothing'));
      }
    };
    await mangled();
    await mangled();
    await refuse(refusalsToAlarm);
    assert.deepEqual(
      boxEvents(commanded).map(({ active, change, about }) => [active, change, about]),
      [
        [true, undefined, ['unknown-issuer']],
        [true, 'worsened', ['malformed', 'unknown-issuer']],
      ],
    );
    // The condition survives a restart, and ends afterwards.
    await commanded.receiver[Symbol.asyncDispose]();
    await using _receiver = receiverOf(commanded, clock);
    clock.advanceBy(alarmWindowMs);
    assert.deepEqual(
      boxEvents(commanded).map(({ active }) => active),
      [true, true, false],
    );
  });
});
