import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { operational } from '../../daemon/base/errors.js';
import { VirtualClock } from '../../daemon/base/virtual-clock.js';
import { CommandDesk } from '../../daemon/publish/commands/command-desk.js';
import { keptKeys } from '../../daemon/publish/commands/kept-keys.js';
import { newIssuer, token, trust } from '../support/command-centre.js';
import { openCommandedBox } from '../support/commanded-box.js';
import { countingBox, deskOf, resend, restarted } from '../support/counting-desk.js';
import { memoryLog } from '../support/published-box.js';
import { until } from '../support/until.js';

describe('a command that waited through a stop', () => {
  test('is executed then', async () => {
    const clock = new VirtualClock(Date.now());
    const { commanded, issuer, executed } = await countingBox({ clock, isIdle: true });
    await using _box = commanded;
    const id = randomUUID();
    await commanded.desk.receive('resend-events', await token(issuer, { ...resend, id }));
    await using _desk = await restarted(commanded, clock);
    assert.equal((await commanded.answer(id)).outcome, 'done');
    assert.deepEqual(executed, [1]);
  });

  test('is not executed when it is out of date, or its issuer was removed', async () => {
    const clock = new VirtualClock(Date.now());
    const { commanded, issuer, executed } = await countingBox({ clock, isIdle: true });
    await using _box = commanded;
    const removed = await newIssuer('branch-office');
    const { trust: store } = commanded.records.commands;
    await trust(store, removed);
    const [late, orphan] = [randomUUID(), randomUUID()];
    await commanded.desk.receive('resend-events', await token(issuer, { ...resend, id: late }));
    const long = await token(removed, { ...resend, id: orphan, lifetimeS: 80_000 });
    await commanded.desk.receive('resend-events', long);
    store.remove('branch-office', undefined, () => undefined);
    clock.advanceBy(400_000);
    await using _desk = await restarted(commanded, clock);
    assert.equal((await commanded.answer(late)).code, 'expired');
    assert.equal((await commanded.answer(orphan)).code, 'unknown-issuer');
    assert.deepEqual(executed, []);
  });

  test('is in time as long as the clocks of box and centre may differ, and not a millisecond longer', async () => {
    for (const [beyondMs, outcome] of [
      [59_999, 'done'],
      [60_000, 'failed'],
    ] as const) {
      const clock = new VirtualClock(Math.floor(Date.now() / 1000) * 1000);
      const { commanded, issuer } = await countingBox({ clock, isIdle: true });
      await using _box = commanded;
      const id = randomUUID();
      await commanded.desk.receive('resend-events', await token(issuer, { ...resend, id }));
      const expiresAtMs = commanded.records.commands.memory.nextWaiting()?.expiresAtMs ?? 0;
      clock.advanceBy(expiresAtMs - clock.wallMs() + beyondMs);
      await using _desk = await restarted(commanded, clock);
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
    await commanded.desk.receive('resend-events', await token(moved, { ...resend, id }));
    store.remove('branch-office', undefined, () => undefined);
    await trust(store, { ...moved, id: 'head-office' });
    await using _desk = await restarted(commanded, clock);
    assert.equal((await commanded.answer(id)).code, 'unknown-issuer');
    assert.deepEqual(executed, []);
  });

  test('and had begun is answered as interrupted, and never executed again', async () => {
    const clock = new VirtualClock(Date.now());
    const { commanded, issuer, executed } = await countingBox({ clock, isIdle: true });
    await using _box = commanded;
    const id = randomUUID();
    const bytes = await token(issuer, { ...resend, id });
    await commanded.desk.receive('resend-events', bytes);
    const { memory } = commanded.records.commands;
    memory.begin(memory.nextWaiting()?.number ?? 0);
    await using desk = await restarted(commanded, clock);
    assert.equal((await commanded.answer(id)).code, 'interrupted');
    await desk.receive('resend-events', bytes);
    assert.equal(commanded.replies().length, 2);
    assert.deepEqual(executed, []);
  });
});

describe('the desk', () => {
  test('refuses as busy what is more than may wait, and takes it later', async () => {
    const { commanded, issuer } = await countingBox({ isIdle: true });
    await using _box = commanded;
    for (let count = 0; count < 32; count += 1) {
      await commanded.desk.receive('resend-events', await token(issuer, resend));
    }
    const id = randomUUID();
    const bytes = await token(issuer, { ...resend, id });
    await commanded.desk.receive('resend-events', bytes);
    assert.equal((await commanded.answer(id)).code, 'busy');
    commanded.desk.start(commanded.handlers);
    await until('the others to be done', () => commanded.desk.counts.waiting === 0);
    await commanded.desk.receive('resend-events', bytes);
    await until('an answer', () =>
      commanded.replies().some((reply) => reply.id === id && reply.outcome === 'done'),
    );
  });

  test('owes an answer that cannot be written down, and executes nothing more until it can', async () => {
    const clock = new VirtualClock(Date.now());
    const { commanded, issuer, executed } = await countingBox({ clock, isIdle: true });
    await using _box = commanded;
    const { records, access } = commanded;
    let isFull = false;
    const log = memoryLog();
    const { memory, alarm, trust: store } = records.commands;
    const desk = new CommandDesk({
      ...{ memory, alarm, clock, logger: log.logger, audience: 'site/box', keys: keptKeys(store) },
      audit: (entry) => void access.audit.append(entry),
      record(event, alongside) {
        if (isFull) throw operational('disk-full', 'the disk is full');
        return records.record(event, alongside);
      },
    });
    await using _desk = desk;
    const [first, second] = [randomUUID(), randomUUID()];
    await desk.receive('resend-events', await token(issuer, { ...resend, id: first }));
    await desk.receive(
      'resend-events',
      await token(issuer, { ...resend, id: second, arguments: { from: 2 } }),
    );
    isFull = true;
    desk.start(commanded.handlers);
    await log.line(({ message }) => message.startsWith('commands wait'));
    clock.advanceBy(10_000);
    await until('another try', () => log.lines.filter(({ level }) => level === 'error').length === 2);
    assert.deepEqual(executed, [1]);
    isFull = false;
    clock.advanceBy(10_000);
    assert.equal((await commanded.answer(first)).outcome, 'done');
    assert.equal((await commanded.answer(second)).outcome, 'done');
    assert.deepEqual(executed, [1, 2]);
  });

  test('answers what a command threw with its code, and a defect without its words', async () => {
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
      await commanded.desk.receive('reload-configuration', bytes);
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

  test('writes who had what done into the audit log, by ids only', async () => {
    const { commanded, issuer } = await countingBox();
    await using _box = commanded;
    const id = randomUUID();
    await commanded.desk.receive('resend-events', await token(issuer, { ...resend, id }));
    await commanded.answer(id);
    await until('the entry', () => commanded.access.audit.count({ action: 'command.executed' }) === 1);
    const [entry] = commanded.access.audit.list({ action: 'command.executed' });
    assert.equal(entry?.actor, 'issuer:head-office');
    assert.equal(entry?.subject, id);
    assert.deepEqual(entry?.details, { command: 'resend-events', outcome: 'done', keyId: issuer.keyId });
  });
});

describe('the end of the box', () => {
  test('waits a little for a command that is being executed, and leaves it as interrupted', async () => {
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
    await commanded.desk.receive(
      'request-snapshot',
      await token(issuer, { command: 'request-snapshot', id, arguments: given }),
    );
    await hasBegun;
    const ended = commanded.desk[Symbol.asyncDispose]();
    clock.advanceBy(3_000);
    await ended;
    await using again = deskOf(commanded, clock);
    again.start(commanded.handlers);
    assert.equal((await commanded.answer(id)).code, 'interrupted');
  });
});
