import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type CommandRefusal,
  type RefusalCode,
  refusalMessage,
} from '../../daemon/core/commands/command-refusal.js';
import type { Answer } from '../../daemon/core/commands/command-replies.js';
import { FailureLog } from '../../daemon/core/commands/failure-log.js';
import { RefusedCommands } from '../../daemon/core/commands/refused-commands.js';
import type { BoxNotice } from '../../daemon/kernel/events/notice.js';
import { present } from '../../daemon/kernel/present.js';
import { CountedClock, commandEpochMs, keptWords } from '../support/played-commands.js';

const windowMs = 600_000;

/** Handles refused commands. `said`: the conditions that the box publishes. */
function playedRefusals(said?: readonly string[], known: readonly string[] = []) {
  const clock = new CountedClock();
  const words = keptWords();
  const alarm = { codes: said };
  const refusals = new RefusedCommands({
    audit: words.audit,
    record(event, alongside) {
      words.record(event, alongside);
      if (event.kind === 'box') alarm.codes = event.isActive ? event.about : undefined;
    },
    alarm: { codes: () => alarm.codes },
    memory: { knows: (commandId) => known.includes(commandId) },
    ...{ clock, logger: words.log.logger },
  });
  const refuse = (code: RefusalCode, times = 1, about: Partial<CommandRefusal> = {}): void => {
    const refusal: CommandRefusal = { outcome: 'refused', code, message: refusalMessage(code), ...about };
    for (let time = 0; time < times; time += 1) refusals.refuse('resend-events', refusal);
  };
  const conditions = () =>
    words.events.flatMap((event) => (event.kind === 'box' ? [conditionOf(event)] : []));
  return { ...words, clock, refusals, refuse, conditions };
}

const conditionOf = ({ isActive, change, about, details }: BoxNotice) => ({
  isActive,
  ...present({ change, about }),
  refused: details?.['refusedSinceStart'],
});

describe('a refused command', () => {
  test('is counted by its code, and answered if it has an id', () => {
    const { refusals, refuse, replies } = playedRefusals();
    refuse('malformed', 2);
    refuse('expired', 1, { commandId: 'c-1', issuerId: 'head-office' });
    refusals.refuse('\u001b[2J', {
      ...{ outcome: 'refused', code: 'unknown-command', message: 'no such', commandId: 'c-2' },
    });
    assert.deepEqual(refusals.counts, { malformed: 2, expired: 1, 'unknown-command': 1 });
    assert.deepEqual(replies(), [
      {
        ...{ kind: 'reply', occurredAtMs: commandEpochMs, commandId: 'c-1', command: 'resend-events' },
        ...{ outcome: 'refused', code: 'expired', message: refusalMessage('expired') },
      },
      {
        ...{ kind: 'reply', occurredAtMs: commandEpochMs, commandId: 'c-2', command: 'unknown' },
        ...{ outcome: 'refused', code: 'unknown-command', message: 'no such' },
      },
    ]);
  });

  test('leaves a trace that names the sender only if the sender is proven', () => {
    const { refuse, entries, log } = playedRefusals();
    refuse('bad-signature', 1, { commandId: 'c-1' });
    refuse('expired', 1, { commandId: 'c-2', issuerId: 'head-office' });
    assert.deepEqual(entries, [
      {
        by: { actor: 'unknown', origin: 'mqtt' },
        action: 'command.refused',
        details: { command: 'resend-events', code: 'bad-signature' },
      },
      {
        by: { actor: 'issuer:head-office', origin: 'mqtt' },
        action: 'command.refused',
        details: { command: 'resend-events', code: 'expired' },
      },
    ]);
    assert.deepEqual(
      log.lines.map((line) => line['issuer']),
      [undefined, 'head-office'],
    );
  });

  test('leaves 20 traces, then one a minute with the number of those without a trace', () => {
    const { refuse, entries, clock } = playedRefusals();
    refuse('busy', 25);
    assert.equal(entries.length, 20);
    clock.advanceBy(59_999);
    refuse('busy');
    assert.equal(entries.length, 20);
    clock.advanceBy(1);
    refuse('busy');
    assert.deepEqual(entries.at(-1)?.details, { command: 'resend-events', code: 'busy', notTraced: 6 });
    clock.advanceBy(60_000);
    refuse('busy');
    assert.deepEqual(entries.at(-1)?.details, { command: 'resend-events', code: 'busy' });
  });

  test('is not answered to a sender with a copied id, and leaves the issuer all its answers', () => {
    const { refuse, replies } = playedRefusals(undefined, ['known']);
    const proven = { commandId: 'known', issuerId: 'head-office' };
    refuse('wrong-topic', 100, proven);
    refuse('bad-signature', 1, { commandId: 'known' });
    assert.deepEqual(replies(), []);
    refuse('replayed', 1, proven);
    refuse('wrong-topic', 1, { commandId: 'new', issuerId: 'head-office' });
    assert.deepEqual(
      replies().map(({ commandId, code }) => [commandId, code]),
      [
        ['known', 'replayed'],
        ['new', 'wrong-topic'],
      ],
    );
  });

  test('is recorded even if a part of that fails; the log reports the failure once a minute', () => {
    const { refusals, refuse, fail, errors, log, replies, clock } = playedRefusals();
    const proven = (commandId: string) => ({ commandId, issuerId: 'head-office' });
    fail('audit');
    refuse('expired', 1, proven('c-1'));
    refuse('expired', 1, proven('c-2'));
    assert.deepEqual([refusals.counts, replies().length], [{ expired: 2 }, 2]);
    assert.deepEqual(errors(), ['a refused command could not be recorded']);
    clock.advanceBy(60_000);
    refuse('expired', 1, proven('c-3'));
    const [first, second] = log.lines.filter(({ level }) => level === 'error');
    assert.deepEqual([first?.['notLogged'], second?.['notLogged']], [undefined, 1]);
  });
});

describe('an accepted command that comes again', () => {
  const command = { issuerId: 'head-office', commandId: 'c-1', name: 'resend-events' };
  const answer: Answer = { commandId: 'c-1', command: 'resend-events', outcome: 'done', result: {} };

  test('is answered again, twice and then once in half a minute; from the third time on it is a replay', () => {
    const { refusals, replies, entries, clock } = playedRefusals();
    const came = () => [refusals.cameAgain(command, answer), replies().length];
    assert.deepEqual(
      [came(), came(), came()],
      [
        ['repeated', 1],
        ['repeated', 2],
        ['replayed', 2],
      ],
    );
    clock.advanceBy(29_999);
    assert.deepEqual(came(), ['replayed', 2]);
    clock.advanceBy(1);
    assert.deepEqual(came(), ['replayed', 3]);
    assert.deepEqual(refusals.counts, { replayed: 3 });
    assert.equal(entries[0]?.by.actor, 'issuer:head-office');
    assert.equal(replies()[0]?.outcome, 'done');
  });

  test('and has no answer yet is given none', () => {
    const { refusals, replies } = playedRefusals();
    assert.equal(refusals.cameAgain(command, undefined), 'repeated');
    assert.deepEqual(replies(), []);
  });

  test('is recognised even if its answer cannot be stored', () => {
    const { refusals, fail, errors } = playedRefusals();
    fail('record');
    assert.equal(refusals.cameAgain(command, answer), 'repeated');
    assert.equal(errors().length, 1);
  });
});

describe('commands that are refused again and again', () => {
  test('are a condition of the box from the tenth within ten minutes on', () => {
    const { refuse, clock, conditions } = playedRefusals();
    refuse('expired');
    clock.advanceBy(1);
    refuse('malformed', 8);
    clock.advanceBy(windowMs);
    refuse('expired');
    assert.deepEqual(conditions(), [], 'the first of the ten is a millisecond too old');
    refuse('expired');
    assert.deepEqual(conditions(), [{ isActive: true, about: ['expired', 'malformed'], refused: 11 }]);
  });

  test('are none while they come more slowly, or because the box is busy', () => {
    const { refuse, clock, conditions } = playedRefusals();
    refuse('busy', 100);
    for (let count = 0; count < 30; count += 1) {
      refuse('expired');
      clock.advanceBy(windowMs / 9 + 1);
    }
    assert.deepEqual(conditions(), []);
  });

  test('become worse with ten of another code, and are reported once while they continue', () => {
    const { refuse, clock, conditions } = playedRefusals();
    refuse('expired', 30);
    refuse('malformed', 9);
    assert.equal(conditions().length, 1);
    refuse('malformed');
    clock.advanceBy(windowMs - 1);
    refuse('malformed');
    clock.advanceBy(windowMs - 1);
    refuse('expired');
    clock.advanceBy(windowMs - 1);
    assert.deepEqual(conditions(), [
      { isActive: true, about: ['expired'], refused: 10 },
      { isActive: true, change: 'worsened', about: ['expired', 'malformed'], refused: 40 },
    ]);
    clock.advanceBy(1);
    assert.deepEqual(conditions().at(-1), { isActive: false, refused: 42 });
    assert.equal(clock.timerCount, 0);
    refuse('expired', 9);
    assert.equal(conditions().length, 3, 'afterwards it takes ten again');
  });

  test('that were reported before a start end ten minutes after it, and count refusals since', () => {
    const { clock, conditions } = playedRefusals(['expired']);
    clock.advanceBy(windowMs);
    assert.deepEqual(conditions(), [{ isActive: false, refused: 0 }]);
  });

  test('end only when the end could be recorded', () => {
    const { clock, conditions, fail, errors } = playedRefusals(['expired']);
    fail('record');
    clock.advanceBy(windowMs);
    assert.deepEqual(errors(), ['the end of the condition commands-refused could not be recorded']);
    fail();
    clock.advanceBy(windowMs - 1);
    assert.deepEqual(conditions(), []);
    clock.advanceBy(1);
    assert.deepEqual(conditions(), [{ isActive: false, refused: 0 }]);
  });

  test('are not watched any more after the end', () => {
    const { refusals, refuse, clock } = playedRefusals(['expired']);
    assert.equal(clock.timerCount, 1);
    refusals[Symbol.dispose]();
    refuse('expired');
    refuse('malformed', 20);
    assert.equal(clock.timerCount, 0);
  });
});

test('a repeated failure is one log line a minute, with the number of earlier ones', () => {
  const clock = new CountedClock();
  const { log } = keptWords();
  const failures = new FailureLog('a file could not be written', { clock, logger: log.logger });
  const error = new Error('no room');
  const failAfter = (waitMs: number) => {
    clock.advanceBy(waitMs);
    failures.failed(error);
    return log.lines.map((line) => line['notLogged']);
  };
  assert.deepEqual(failAfter(0), [undefined]);
  assert.deepEqual(failAfter(59_999), [undefined]);
  assert.deepEqual(failAfter(1), [undefined, 1]);
  assert.deepEqual(failAfter(60_000), [undefined, 1, undefined]);
  assert.deepEqual(log.lines[0], { level: 'error', message: 'a file could not be written', error });
});
