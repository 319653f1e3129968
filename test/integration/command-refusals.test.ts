import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { VirtualClock } from '../../daemon/base/virtual-clock.js';
import { alarmWindowMs, refusalsToAlarm } from '../../daemon/publish/commands/refusals.js';
import { newIssuer, token } from '../support/command-centre.js';
import type { CommandedBox } from '../support/commanded-box.js';
import { countingBox, deskOf, resend } from '../support/counting-desk.js';

const boxEvents = ({ records }: CommandedBox) =>
  records
    .list({ limit: 1000, kind: 'box' })
    .map(({ payload }) => JSON.parse(Buffer.from(payload).toString('utf8')).data as Record<string, unknown>);

describe('commands that are refused', () => {
  test('are answered, counted and audited, but never so often that they fill anything', async () => {
    const clock = new VirtualClock(Date.now());
    const { commanded, issuer } = await countingBox({ clock });
    await using _box = commanded;
    const stranger = await newIssuer('stranger');
    const before = commanded.events().length;
    for (let count = 0; count < 500; count += 1) {
      await commanded.desk.receive('resend-events', await token(stranger, resend));
    }
    assert.deepEqual(commanded.desk.counts.refused, { 'unknown-issuer': 500 });
    assert.equal(commanded.replies().length, 20);
    assert.equal(commanded.events().length - before, 21, 'the answers, and that it goes on and on');
    assert.equal(commanded.access.audit.count({ action: 'command.refused' }), 20);
    const [entry] = commanded.access.audit.list({ action: 'command.refused', limit: 1 });
    assert.deepEqual(entry?.details, { command: 'resend-events', code: 'unknown-issuer' });
    assert.equal(entry?.actor, 'unknown');
    // A centre that proves who it is gets its answers all the same.
    const id = randomUUID();
    await commanded.desk.receive('resend-events', await token(issuer, { ...resend, id, audience: 'site/b' }));
    assert.equal((await commanded.answer(id)).code, 'wrong-audience');
    clock.advanceBy(60_000);
    await commanded.desk.receive('resend-events', await token(stranger, resend));
    const [later] = commanded.access.audit.list({ action: 'command.refused', limit: 1 });
    assert.equal(later?.details['notTraced'], 481, 'the next entry says how many left none');
  });

  test('are not answered to a stranger who copied a command that was accepted, or its id', async () => {
    const { commanded, issuer } = await countingBox({ isIdle: true });
    await using _box = commanded;
    const id = randomUUID();
    const good = await token(issuer, { ...resend, id });
    const [header, claims] = good.toString('latin1').split('.');
    const copy = Buffer.from(`${header}.${claims}.AAAA`, 'latin1');
    await commanded.desk.receive('resend-events', good);
    await commanded.desk.receive('resend-events', copy);
    await commanded.desk.receive('set-camera', good);
    assert.deepEqual(commanded.desk.counts.refused, { 'bad-signature': 1, 'wrong-topic': 1 });
    assert.deepEqual(commanded.replies(), []);
    commanded.desk.start(commanded.handlers);
    assert.equal((await commanded.answer(id)).outcome, 'done');
  });

  test('again and again become a condition of the box, which ends when it is quiet', async () => {
    const clock = new VirtualClock(Date.now());
    const { commanded } = await countingBox({ clock });
    await using _box = commanded;
    const stranger = await newIssuer('stranger');
    const refuse = async (count: number) => {
      for (let time = 0; time < count; time += 1) {
        await commanded.desk.receive('resend-events', await token(stranger, resend));
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
    // Those of another kind are worse, and said once, over a restart, too.
    const mangled = async () => {
      for (let time = 0; time < refusalsToAlarm; time += 1) {
        await commanded.desk.receive('resend-events', Buffer.from('nothing'));
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
    // It is remembered over a restart, and ends afterwards.
    await commanded.desk[Symbol.asyncDispose]();
    await using _desk = deskOf(commanded, clock);
    clock.advanceBy(alarmWindowMs);
    assert.deepEqual(
      boxEvents(commanded).map(({ active }) => active),
      [true, true, false],
    );
  });
});
