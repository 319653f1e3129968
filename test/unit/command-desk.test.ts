import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { operational } from '../../daemon/base/errors.js';
import { CommandDesk } from '../../daemon/publish/commands/command-desk.js';
import { readIssuerKey } from '../../daemon/publish/commands/issuer-key.js';
import type {
  Acceptance,
  AcceptedCommand,
  WaitingLimits,
} from '../../daemon/records/commands/command-memory.js';
import { type Issuer, newIssuer, type TokenOptions, token } from '../support/command-centre.js';
import { memoryOfCommands } from '../support/command-memory.js';
import {
  CountedClock,
  commandEpochMs,
  keptWords,
  playedHandlers,
  turns,
} from '../support/played-commands.js';

const issuedAtS = commandEpochMs / 1000;
const resend: TokenOptions = { command: 'resend-events', arguments: { from: 3 }, issuedAtS };

/** A desk that trusts one issuer; its memory does as `acceptance` says, where it says something. */
async function playedDesk(acceptance?: () => Acceptance, said?: readonly string[]) {
  const issuer = await newIssuer();
  const key = await readIssuerKey(issuer.publicText);
  const clock = new CountedClock();
  const words = keptWords();
  const memory = memoryOfCommands();
  const asked: (readonly [AcceptedCommand, WaitingLimits])[] = [];
  const forgotten: number[] = [];
  const desk = new CommandDesk({
    ...{ audience: 'site/box', alarm: { codes: () => said }, clock, logger: words.log.logger },
    ...{ record: words.record, audit: words.audit },
    keys: {
      find: (keyId) =>
        keyId === key.keyId ? { ...key, issuerId: issuer.id, scopes: ['events'] } : undefined,
    },
    memory: {
      ...memory,
      accept(command, limits) {
        asked.push([command, limits]);
        return acceptance?.() ?? memory.accept(command, limits);
      },
      forget: (beforeMs) => void forgotten.push(beforeMs),
    },
  });
  const outcomes = () => words.replies().map(({ outcome, code }) => code ?? outcome);
  return { ...words, issuer, desk, clock, asked, forgotten, outcomes, memory };
}

const sent = (issuer: Issuer, options: Partial<TokenOptions> = {}): Promise<Buffer> =>
  token(issuer, { ...resend, ...options });

describe('the desk', () => {
  test('writes down what was accepted: what is known of it, and a hash of what its issuer signed', async () => {
    const { desk, issuer, asked, forgotten } = await playedDesk();
    const id = randomUUID();
    const bytes = await sent(issuer, { id });
    await desk.receive('resend-events', bytes);
    const signed = bytes.toString('latin1').split('.').slice(0, 2).join('.');
    assert.deepEqual(asked, [
      [
        {
          ...{ issuerId: 'head-office', commandId: id, keyId: issuer.keyId, name: 'resend-events' },
          ...{ arguments: '{"from":3}', issuedAtMs: commandEpochMs, expiresAtMs: commandEpochMs + 300_000 },
          claimsHash: createHash('sha256').update(signed).digest(),
        },
        { commands: 32, bytes: 64 * 1024 * 1024 },
      ],
    ]);
    assert.deepEqual(forgotten, [commandEpochMs - 7 * 86_400_000], 'what was out of date a week ago goes');
  });

  const cases: readonly (readonly [acceptance: Acceptance, outcome: string | undefined, refused?: string])[] =
    [
      [{ outcome: 'under-way' }, undefined],
      [
        { outcome: 'answered', reply: '{"commandId":"c","command":"resend-events","outcome":"done"}' },
        'done',
      ],
      [{ outcome: 'answered', reply: undefined }, 'replayed'],
      [{ outcome: 'id-taken' }, 'replayed', 'replayed'],
      [{ outcome: 'too-old' }, 'expired', 'expired'],
      [{ outcome: 'full' }, 'busy', 'busy'],
    ];
  for (const [acceptance, outcome, refused] of cases) {
    const how = 'reply' in acceptance && acceptance.reply === undefined ? ', at length' : '';
    test(`answers what is "${acceptance.outcome}"${how} with "${outcome ?? 'nothing'}"`, async () => {
      const { desk, issuer, outcomes, replies } = await playedDesk(() => acceptance);
      const id = randomUUID();
      await desk.receive('resend-events', await sent(issuer, { id }));
      assert.deepEqual(outcomes(), outcome === undefined ? [] : [outcome]);
      const { accepted, repeated, refused: counted } = desk.counts;
      assert.deepEqual([accepted, repeated], [0, refused === undefined ? 1 : 0]);
      assert.deepEqual(counted, refused === undefined ? {} : { [refused]: 1 });
      if (refused !== undefined || how !== '') assert.equal(replies()[0]?.commandId, id);
    });
  }

  test('refuses what the broker had stored, whatever it is', async () => {
    const { desk, issuer, asked, replies } = await playedDesk();
    const id = randomUUID();
    await desk.receive('resend-events', await sent(issuer, { id }), true);
    await desk.receive('resend-events', Buffer.from('nothing'), true);
    await desk.receive('resend-events', await sent(await newIssuer('stranger')), true);
    assert.deepEqual(asked, []);
    assert.deepEqual(desk.counts.refused, { retained: 3 });
    assert.deepEqual(
      replies().map(({ code }) => code),
      ['retained', 'retained'],
    );
    assert.equal(replies()[0]?.commandId, id);
  });

  test('executes what it took in before its start, and counts it', async () => {
    const { desk, issuer, outcomes } = await playedDesk();
    await desk.receive('resend-events', await sent(issuer));
    await turns();
    assert.deepEqual([desk.counts.accepted, desk.counts.waiting, desk.counts.executed], [1, 1, 0]);
    desk.start(playedHandlers());
    await turns();
    await desk.receive('resend-events', await sent(issuer));
    await turns();
    assert.deepEqual([desk.counts.accepted, desk.counts.waiting, desk.counts.executed], [2, 0, 2]);
    assert.deepEqual(outcomes(), ['unused', 'unused']);
  });

  test('answers nothing that it cannot write down, says so once in a minute, and goes on', async () => {
    let isFull = true;
    const { desk, issuer, outcomes, errors, memory } = await playedDesk(() => {
      if (isFull) throw operational('disk-full', 'no room');
      return { outcome: 'full' };
    });
    const bytes = await sent(issuer);
    await desk.receive('resend-events', bytes);
    await desk.receive('resend-events', bytes);
    assert.deepEqual([outcomes(), errors()], [[], ['a command could not be taken']]);
    isFull = false;
    await desk.receive('resend-events', bytes);
    assert.deepEqual([outcomes(), memory.waitingCount()], [['busy'], 0]);
  });

  test('leaves no timer behind at its end, and executes nothing more', async () => {
    const { desk, issuer, clock, memory } = await playedDesk(undefined, ['expired']);
    desk.start(playedHandlers());
    assert.equal(clock.timerCount, 1);
    await desk[Symbol.asyncDispose]();
    assert.equal(clock.timerCount, 0);
    await desk.receive('resend-events', await sent(issuer));
    await turns();
    assert.equal(memory.waitingCount(), 1);
  });
});
