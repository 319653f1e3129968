import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import type {
  Acceptance,
  AcceptedCommand,
  WaitingLimits,
} from '../../daemon/core/commands/command-memory.js';
import { CommandReceiver } from '../../daemon/core/commands/command-receiver.js';
import { readIssuerKey } from '../../daemon/core/commands/issuer-keys.js';
import { operational } from '../../daemon/kernel/errors.js';
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

/** A receiver that trusts one issuer; its memory gives `acceptance` if that is set. */
async function playedReceiver(acceptance?: () => Acceptance, said?: readonly string[]) {
  const issuer = await newIssuer();
  const key = await readIssuerKey(issuer.publicText);
  const clock = new CountedClock();
  const words = keptWords();
  const memory = memoryOfCommands();
  const asked: (readonly [AcceptedCommand, WaitingLimits])[] = [];
  const forgotten: number[] = [];
  const receiver = new CommandReceiver({
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
  return { ...words, issuer, receiver, clock, asked, forgotten, outcomes, memory };
}

const sent = (issuer: Issuer, options: Partial<TokenOptions> = {}): Promise<Buffer> =>
  token(issuer, { ...resend, ...options });

describe('the receiver', () => {
  test('records an accepted command with a hash of the text that its issuer signed', async () => {
    const { receiver, issuer, asked, forgotten } = await playedReceiver();
    const id = randomUUID();
    const bytes = await sent(issuer, { id });
    await receiver.receive('resend-events', bytes);
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
    test(`answers "${acceptance.outcome}"${how} with "${outcome ?? 'nothing'}"`, async () => {
      const { receiver, issuer, outcomes, replies } = await playedReceiver(() => acceptance);
      const id = randomUUID();
      await receiver.receive('resend-events', await sent(issuer, { id }));
      assert.deepEqual(outcomes(), outcome === undefined ? [] : [outcome]);
      const { accepted, repeated, refused: counted } = receiver.counts;
      assert.deepEqual([accepted, repeated], [0, refused === undefined ? 1 : 0]);
      assert.deepEqual(counted, refused === undefined ? {} : { [refused]: 1 });
      if (refused !== undefined || how !== '') assert.equal(replies()[0]?.commandId, id);
    });
  }

  test('refuses any message that the broker had stored', async () => {
    const { receiver, issuer, asked, replies } = await playedReceiver();
    const id = randomUUID();
    await receiver.receive('resend-events', await sent(issuer, { id }), true);
    await receiver.receive('resend-events', Buffer.from('nothing'), true);
    await receiver.receive('resend-events', await sent(await newIssuer('stranger')), true);
    assert.deepEqual(asked, []);
    assert.deepEqual(receiver.counts.refused, { retained: 3 });
    assert.deepEqual(
      replies().map(({ code }) => code),
      ['retained', 'retained'],
    );
    assert.equal(replies()[0]?.commandId, id);
  });

  test('executes and counts commands that it accepted before its start', async () => {
    const { receiver, issuer, outcomes } = await playedReceiver();
    await receiver.receive('resend-events', await sent(issuer));
    await turns();
    assert.deepEqual(
      [receiver.counts.accepted, receiver.counts.waiting, receiver.counts.executed],
      [1, 1, 0],
    );
    receiver.start(playedHandlers());
    await turns();
    await receiver.receive('resend-events', await sent(issuer));
    await turns();
    assert.deepEqual(
      [receiver.counts.accepted, receiver.counts.waiting, receiver.counts.executed],
      [2, 0, 2],
    );
    assert.deepEqual(outcomes(), ['unused', 'unused']);
  });

  test('does not answer what it cannot record, logs that once a minute, and continues', async () => {
    let isFull = true;
    const { receiver, issuer, outcomes, errors, memory } = await playedReceiver(() => {
      if (isFull) throw operational('disk-full', 'no room');
      return { outcome: 'full' };
    });
    const bytes = await sent(issuer);
    await receiver.receive('resend-events', bytes);
    await receiver.receive('resend-events', bytes);
    assert.deepEqual([outcomes(), errors()], [[], ['a command could not be received']]);
    isFull = false;
    await receiver.receive('resend-events', bytes);
    assert.deepEqual([outcomes(), memory.waitingCount()], [['busy'], 0]);
  });

  test('leaves no timer behind at its end, and executes no further command', async () => {
    const { receiver, issuer, clock, memory } = await playedReceiver(undefined, ['expired']);
    receiver.start(playedHandlers());
    assert.equal(clock.timerCount, 1);
    await receiver[Symbol.asyncDispose]();
    assert.equal(clock.timerCount, 0);
    await receiver.receive('resend-events', await sent(issuer));
    await turns();
    assert.equal(memory.waitingCount(), 1);
  });
});
