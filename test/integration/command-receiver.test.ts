import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { operational } from '../../daemon/kernel/errors.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { newIssuer, token, trust } from '../support/command-centre.js';
import { openCommandedBox } from '../support/commanded-box.js';
import { countingBox, receiverOf, resend, restarted } from '../support/counting-receiver.js';
import { until } from '../support/until.js';

describe('a command that waited through a stop', () => {
  test('is executed after the restart', async () => {
    const clock = new VirtualClock(Date.now());
    const { commanded, issuer, executed } = await countingBox({ clock, isIdle: true });
    await using _box = commanded;
    const id = randomUUID();
    await commanded.receiver.receive('resend-events', await token(issuer, { ...resend, id }));
    await using _receiver = await restarted(commanded, clock);
    assert.equal((await commanded.answer(id)).outcome, 'done');
    assert.deepEqual(executed, [1]);
  });

  test('is not executed when it has expired or its issuer was removed', async () => {
    const clock = new VirtualClock(Date.now());
    const { commanded, issuer, executed } = await countingBox({ clock, isIdle: true });
    await using _box = commanded;
    const removed = await newIssuer('branch-office');
    const { trust: store } = commanded.records.commands;
    await trust(store, removed);
    const [late, orphan] = [randomUUID(), randomUUID()];
    await commanded.receiver.receive('resend-events', await token(issuer, { ...resend, id: late }));
    const long = await token(removed, { ...resend, id: orphan, lifetimeS: 80_000 });
    await commanded.receiver.receive('resend-events', long);
    store.remove('branch-office', undefined, () => undefined);
    clock.advanceBy(400_000);
    await using _receiver = await restarted(commanded, clock);
    assert.equal((await commanded.answer(late)).code, 'expired');
    assert.equal((await commanded.answer(orphan)).code, 'unknown-issuer');
    assert.deepEqual(executed, []);
  });

  test('is executed after its expiry only within the permitted clock difference, to the millisecond', async () => {
    for (const [beyondMs, outcome] of [
      [59_999, 'done'],
      [60_000, 'failed'],
    ] as const) {
      const clock = new VirtualClock(Math.floor(Date.now() / 1000) * 1000);
      const { commanded, issuer } = await countingBox({ clock, isIdle: true });
      await using _box = commanded;
      const id = randomUUID();
      await commanded.receiver.receive('resend-events', await token(issuer, { ...resend, id }));
      const expiresAtMs = commanded.records.commands.memory.nextWaiting()?.expiresAtMs ?? 0;
      clock.advanceBy(expiresAtMs - clock.wallMs() + beyondMs);
      await using _receiver = await restarted(commanded, clock);
      assert.equal((await commanded.answer(id)).outcome, outcome, `${beyondMs} ms after it expired`);
    }
  });

  test('is not executed when its key was given to another issuer meanwhile', async () => {
    const clock = new VirtualClock(Date.now());
    const { commanded, executed } = await countingBox({ clock, isIdle: true });
    await using _box = commanded;
    const moved = await newIssuer('branch-office');
    const { trust: store } = commanded.records.commands;
    await trust(store, moved);
    const id = randomUUID();
    await commanded.receiver.receive('resend-events', await token(moved, { ...resend, id }));
    store.remove('branch-office', undefined, () => undefined);
    await trust(store, { ...moved, id: 'head-office' });
    await using _receiver = await restarted(commanded, clock);
    assert.equal((await commanded.answer(id)).code, 'unknown-issuer');
    assert.deepEqual(executed, []);
  });

  test('is answered as interrupted if it had begun, and never executed again', async () => {
    const clock = new VirtualClock(Date.now());
    const { commanded, issuer, executed } = await countingBox({ clock, isIdle: true });
    await using _box = commanded;
    const id = randomUUID();
    const bytes = await token(issuer, { ...resend, id });
    await commanded.receiver.receive('resend-events', bytes);
    const { memory } = commanded.records.commands;
    memory.begin(memory.nextWaiting()?.number ?? 0);
    await using receiver = await restarted(commanded, clock);
    assert.equal((await commanded.answer(id)).code, 'interrupted');
    await receiver.receive('resend-events', bytes);
    assert.equal(commanded.replies().length, 2);
    assert.deepEqual(executed, []);
  });
});

describe('the receiver', () => {
  test('refuses a command as busy if too many wait, and accepts it later', async () => {
    const { commanded, issuer } = await countingBox({ isIdle: true });
    await using _box = commanded;
    for (let count = 0; count < 32; count += 1) {
      await commanded.receiver.receive('resend-events', await token(issuer, resend));
    }
    const id = randomUUID();
    const bytes = await token(issuer, { ...resend, id });
    await commanded.receiver.receive('resend-events', bytes);
    assert.equal((await commanded.answer(id)).code, 'busy');
    commanded.receiver.start(commanded.handlers);
    await until('the others to be done', () => commanded.receiver.counts.waiting === 0);
    await commanded.receiver.receive('resend-events', bytes);
    await until('an answer', () =>
      commanded.replies().some((reply) => reply.id === id && reply.outcome === 'done'),
    );
  });

  test('answers a known error with its code and message, and a defect without its message', async () => {
    let thrown: unknown;
    const commanded = await openCommandedBox({
      handlers: {
        'reload-configuration': async () => {
          throw thrown;
        },
      },
    });
    await using _box = commanded;
    const issuer = await newIssuer();
    await trust(commanded.records.commands.trust, issuer);
    const answerTo = async (error: unknown) => {
      thrown = error;
      const id = randomUUID();
      const bytes = await token(issuer, { command: 'reload-configuration', id });
      await commanded.receiver.receive('reload-configuration', bytes);
      return commanded.answer(id);
    };
    const known = await answerTo(operational('gallery-sealed', 'the gallery is sealed'));
    assert.deepEqual(
      [known.outcome, known.code, known.message],
      ['failed', 'gallery-sealed', 'the gallery is sealed'],
    );
    const unknown = await answerTo(new TypeError('secret words'));
    assert.equal(unknown.code, 'internal');
    assert.doesNotMatch(unknown.message ?? '', /secret/);
  });

  test('writes issuer and command into the audit log, by ids only', async () => {
    const { commanded, issuer } = await countingBox();
    await using _box = commanded;
    const id = randomUUID();
    await commanded.receiver.receive('resend-events', await token(issuer, { ...resend, id }));
    await commanded.answer(id);
    await until('the entry', () => commanded.vault.audit.count({ action: 'command.executed' }) === 1);
    const [entry] = commanded.vault.audit.list({ action: 'command.executed' });
    assert.equal(entry?.actor, 'issuer:head-office');
    assert.equal(entry?.subject, id);
    assert.deepEqual(entry?.details, { command: 'resend-events', outcome: 'done', keyId: issuer.keyId });
  });
});

describe('the stop of the box', () => {
  test('waits a few seconds for a running command, which is then answered as interrupted', async () => {
    const clock = new VirtualClock(Date.now());
    let begun = (): void => undefined;
    const hasBegun = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const commanded = await openCommandedBox({
      clock,
      handlers: {
        'request-snapshot': () => {
          begun();
          return new Promise(() => undefined);
        },
      },
    });
    await using _box = commanded;
    const issuer = await newIssuer();
    await trust(commanded.records.commands.trust, issuer);
    const id = randomUUID();
    const given = { camera: 'gate', sealTo: 'A'.repeat(43) };
    await commanded.receiver.receive(
      'request-snapshot',
      await token(issuer, { command: 'request-snapshot', id, arguments: given }),
    );
    await hasBegun;
    const ended = commanded.receiver[Symbol.asyncDispose]();
    clock.advanceBy(3_000);
    await ended;
    await using again = receiverOf(commanded, clock);
    again.start(commanded.handlers);
    assert.equal((await commanded.answer(id)).code, 'interrupted');
  });
});
