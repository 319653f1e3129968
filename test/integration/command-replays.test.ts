import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { newIssuer, token, trust } from '../support/command-centre.js';
import { countingBox, resend } from '../support/counting-receiver.js';

/** A box with a stopped clock, a command that it executed, and an attacker who copied its token. */
async function copiedCommand() {
  const clock = new VirtualClock(Date.now());
  const counting = await countingBox({ clock });
  const { commanded, issuer } = counting;
  const { receiver } = commanded;
  const id = randomUUID();
  const bytes = await token(issuer, { ...resend, id });
  await receiver.receive('resend-events', bytes);
  await commanded.answer(id);
  const replay = async (times: number) => {
    for (let time = 0; time < times; time += 1) await receiver.receive('resend-events', bytes);
  };
  const repliesTo = (one: string) => commanded.replies().filter((reply) => reply.id === one).length;
  return { ...counting, clock, receiver, id, replay, repliesTo };
}

describe('a copied token that is sent again and again', () => {
  test('is answered twice more, then once in half a minute; other senders still get their answers', async () => {
    const { commanded, issuer, executed, clock, receiver, id, replay, repliesTo } = await copiedCommand();
    await using _box = commanded;
    const other = await newIssuer('branch-office');
    await trust(commanded.records.commands.trust, other);
    await replay(200);
    assert.equal(repliesTo(id), 3, 'the answer, and two repetitions');
    for (let count = 0; count < 12; count += 1) {
      clock.advanceBy(10_000);
      await replay(3);
    }
    assert.equal(repliesTo(id), 7, 'one more in each half minute');
    assert.deepEqual(executed, [1]);
    for (const from of [issuer, other]) {
      for (let count = 0; count < 5; count += 1) {
        const refused = randomUUID();
        const issuedAtS = Math.floor(clock.wallMs() / 1000);
        const wrong = { ...resend, id: refused, audience: 'site/b', issuedAtS };
        await receiver.receive('resend-events', await token(from, wrong));
        assert.equal(repliesTo(refused), 1, `a refused command of ${from.id} is answered`);
      }
    }
    assert.equal(receiver.counts.repeated, 2);
  });

  test('does not prevent the answer to a repetition of another command', async () => {
    const { commanded, issuer, clock, receiver, replay, repliesTo } = await copiedCommand();
    await using _box = commanded;
    const later = randomUUID();
    const bytes = await token(issuer, { ...resend, id: later });
    await receiver.receive('resend-events', bytes);
    await commanded.answer(later);
    for (let count = 0; count < 30; count += 1) {
      await replay(4);
      clock.advanceBy(5_000);
    }
    await receiver.receive('resend-events', bytes);
    assert.equal(repliesTo(later), 2);
  });

  test('uses up no answers if it is refused for its topic or its audience', async () => {
    const { commanded, issuer, clock, receiver, id, repliesTo } = await copiedCommand();
    await using _box = commanded;
    const bytes = await token(issuer, { ...resend, id });
    for (let count = 0; count < 100; count += 1) await receiver.receive('set-camera', bytes);
    const refused = await token(issuer, { ...resend, audience: 'site/b' });
    for (let count = 0; count < 100; count += 1) await receiver.receive('resend-events', refused);
    assert.equal(commanded.replies().length, 3, 'the answer, and two refusals');
    assert.equal(repliesTo(id), 1);
    const honest = randomUUID();
    const issuedAtS = Math.floor(clock.wallMs() / 1000);
    await receiver.receive(
      'resend-events',
      await token(issuer, { ...resend, id: honest, scope: 'keys', issuedAtS }),
    );
    assert.equal(repliesTo(honest), 1);
  });

  test('is audited and becomes a condition; two honest repetitions cause neither', async () => {
    const { commanded, receiver, replay } = await copiedCommand();
    await using _box = commanded;
    const { audit } = commanded.vault;
    const conditions = () =>
      commanded.records
        .list({ limit: 100, kind: 'box' })
        .map(({ payload }) => JSON.parse(Buffer.from(payload).toString('utf8')).data);
    await replay(2);
    assert.equal(audit.count({ action: 'command.refused' }), 0);
    assert.deepEqual(receiver.counts.refused, {});
    await replay(1);
    const [entry] = audit.list({ action: 'command.refused', limit: 1 });
    assert.equal(entry?.actor, 'issuer:head-office');
    assert.deepEqual(entry?.details, { command: 'resend-events', code: 'replayed' });
    assert.deepEqual(conditions(), []);
    await replay(297);
    assert.deepEqual(receiver.counts.refused, { replayed: 298 });
    assert.equal(receiver.counts.repeated, 2);
    assert.equal(audit.count({ action: 'command.refused' }), 20, 'the number of entries is limited');
    const [condition, ...more] = conditions();
    assert.deepEqual(
      [condition.condition, condition.active, condition.about],
      ['commands-refused', true, ['replayed']],
    );
    assert.deepEqual(more, []);
  });
});
