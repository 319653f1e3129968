import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { newIssuer, token, trust } from '../support/command-centre.js';
import { openCommandedBox } from '../support/commanded-box.js';
import { countingBox, receiverOf, resend } from '../support/counting-receiver.js';
import { until } from '../support/until.js';

const dayMs = 86_400_000;

describe('a repeated command', () => {
  test('is not executed again, and gets the same answer again', async () => {
    const { commanded, issuer, executed } = await countingBox();
    await using _box = commanded;
    const id = randomUUID();
    const bytes = await token(issuer, { ...resend, id });
    await commanded.receiver.receive('resend-events', bytes);
    const first = await commanded.answer(id);
    await commanded.receiver.receive('resend-events', bytes);
    const all = commanded.replies().filter((reply) => reply.id === id);
    assert.deepEqual(all, [first, first]);
    assert.deepEqual(executed, [1]);
    const { accepted, repeated } = commanded.receiver.counts;
    assert.deepEqual({ accepted, repeated }, { accepted: 1, repeated: 1 });
  });

  test('is not accepted again while the first one waits', async () => {
    const { commanded, issuer } = await countingBox({ isIdle: true });
    await using _box = commanded;
    const bytes = await token(issuer, resend);
    for (let time = 0; time < 3; time += 1) await commanded.receiver.receive('resend-events', bytes);
    const { accepted, repeated, waiting } = commanded.receiver.counts;
    assert.deepEqual({ accepted, repeated, waiting }, { accepted: 1, repeated: 2, waiting: 1 });
    assert.deepEqual(commanded.replies(), []);
  });

  test('gets the code replayed if its answer was too long to keep', async () => {
    const commanded = await openCommandedBox({
      handlers: {
        'list-persons': async () => ({ outcome: 'done', result: { persons: 1, sealed: 'x'.repeat(40_000) } }),
      },
    });
    await using _box = commanded;
    const issuer = await newIssuer();
    await trust(commanded.records.commands.trust, issuer);
    const id = randomUUID();
    const key = 'A'.repeat(43);
    const listing = { digestKey: 'AAAA', buckets: [0], sealTo: key };
    const bytes = await token(issuer, { command: 'list-persons', id, arguments: listing });
    await commanded.receiver.receive('list-persons', bytes);
    await commanded.answer(id);
    await commanded.receiver.receive('list-persons', bytes);
    assert.equal(commanded.replies().at(-1)?.code, 'replayed');
  });

  test('is refused if its arguments differ; another issuer may use the same id', async () => {
    const { commanded, issuer, executed } = await countingBox();
    await using _box = commanded;
    const other = await newIssuer('branch-office');
    await trust(commanded.records.commands.trust, other);
    const id = randomUUID();
    await commanded.receiver.receive('resend-events', await token(issuer, { ...resend, id }));
    await commanded.answer(id);
    const changed = await token(issuer, { ...resend, id, arguments: { from: 2 } });
    await commanded.receiver.receive('resend-events', changed);
    assert.equal(commanded.replies().at(-1)?.code, 'replayed');
    await commanded.receiver.receive(
      'resend-events',
      await token(other, { ...resend, id, arguments: { from: 9 } }),
    );
    await until('the other issuer to be served', () => executed.length === 2);
    assert.deepEqual(executed, [1, 9]);
  });

  test('is refused as expired after its id was forgotten, even when the clock was set back', async () => {
    const clock = new VirtualClock(Date.now());
    const { commanded, issuer, executed } = await countingBox({ clock });
    await using _box = commanded;
    const id = randomUUID();
    const bytes = await token(issuer, { ...resend, id });
    await commanded.receiver.receive('resend-events', bytes);
    await commanded.answer(id);
    clock.advanceBy(8 * dayMs);
    const later = await token(issuer, { ...resend, issuedAtS: Math.floor(clock.wallMs() / 1000) });
    await commanded.receiver.receive('resend-events', later);
    await until('the later command', () => executed.length === 2);
    await using again = receiverOf(commanded, new VirtualClock(Date.now()));
    again.start(commanded.handlers);
    await again.receive('resend-events', bytes);
    assert.equal(commanded.replies().at(-1)?.code, 'expired');
    assert.equal(executed.length, 2);
    const fresh = randomUUID();
    await again.receive('resend-events', await token(issuer, { ...resend, id: fresh, lifetimeS: 3600 }));
    assert.equal((await commanded.answer(fresh)).outcome, 'done', 'a newer command is executed');
  });
});
