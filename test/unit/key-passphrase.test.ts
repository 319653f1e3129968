import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { keyIdOf } from '../../daemon/core/gallery/keys/key-id.js';
import type { KeySlotParameters } from '../../daemon/core/gallery/keys/key-provider.js';
import { PassphraseKeyProvider } from '../../daemon/core/gallery/keys/passphrase-key-provider.js';
import { passphraseProblems } from '../../daemon/core/gallery/keys/passphrase-rules.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { outcomeOf } from '../support/key-outcome.js';

/** The least that Argon2 takes: these tests are about what surrounds it. */
const cost = { passes: 1, memoryBytes: 8 * 1024 };
const clock = new VirtualClock();
const provider = new PassphraseKeyProvider({ clock, cost });
const right = { passphrase: Buffer.from('a passphrase that is long enough') };

describe('a key from a passphrase', () => {
  test('needs the passphrase, and reports a missing one without an attempt', async () => {
    const { kek, parameters } = await provider.create('first', right);
    for (const input of [{}, { passphrase: new Uint8Array() }]) {
      assert.deepEqual(await provider.recover(keyIdOf(kek), parameters, input), {
        outcome: 'passphrase-needed',
      });
      await assert.rejects(
        () => provider.create('first', input),
        (error) => isRollcallError(error, 'passphrase-needed'),
      );
    }
  });

  test('refuses every wrong guess with the same words', async () => {
    const { kek, parameters } = await provider.create('first', right);
    const guesses = [
      'A passphrase that is long enough',
      'a passphrase that is long enoug',
      'x',
      'y'.repeat(5000),
    ];
    const refusals = await Promise.all(
      guesses.map((guess) => provider.recover(keyIdOf(kek), parameters, { passphrase: Buffer.from(guess) })),
    );
    assert.equal(refusals[0] && outcomeOf(refusals[0]), 'wrong-passphrase');
    assert.equal(new Set(refusals.map((refusal) => JSON.stringify(refusal))).size, 1);
  });

  test('may come from 1,024 bytes, and a longer passphrase is wrong without a computation', async () => {
    const longest = { passphrase: Buffer.from('a passphrase '.repeat(79).slice(0, 1_024)) };
    const { kek, parameters } = await provider.create('first', longest);
    const recovered = (text: string) =>
      provider.recover(keyIdOf(kek), parameters, { passphrase: Buffer.from(text) });
    assert.equal(outcomeOf(await recovered(longest.passphrase.toString())), 'recovered');
    const waiting = Array.from({ length: 8 }, () => recovered('a guess'));
    assert.equal(outcomeOf(await recovered('one guess more than may wait')), 'key-provider-busy');
    assert.equal(outcomeOf(await recovered('a'.repeat(1_025))), 'wrong-passphrase', 'it need not wait');
    await Promise.all(waiting);
  });

  test('has another salt, nonce and key each time', async () => {
    const [first, second] = [await provider.create('first', right), await provider.create('rotation', right)];
    assert.notDeepEqual(first.kek, second.kek);
    for (const name of ['salt', 'nonce', 'wrapped']) {
      assert.notEqual(first.parameters[name], second.parameters[name]);
    }
  });

  test('does not open with one bit of its parameters altered', async () => {
    const { kek, parameters } = await provider.create('first', right);
    const names = fc.constantFrom('salt', 'nonce', 'wrapped');
    await fc.assert(
      fc.asyncProperty(names, fc.nat(), async (name, position) => {
        const bytes = Buffer.from(String(parameters[name]), 'base64');
        const bit = position % (bytes.length * 8);
        bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        const altered = { ...parameters, [name]: bytes.toString('base64') };
        assert.equal(outcomeOf(await provider.recover(keyIdOf(kek), altered, right)), 'wrong-passphrase');
      }),
      { numRuns: 60 },
    );
  });

  test('is refused as damaged if its parameters are invalid, before memory is allocated', async () => {
    const { kek, parameters } = await provider.create('first', right);
    const doctored: readonly KeySlotParameters[] = [
      { memoryBytes: 100 * 1024 ** 3 },
      { memoryBytes: 1 },
      { memoryBytes: 65_536.5 },
      { passes: 1_000_000 },
      { passes: 0 },
      { passes: '3' },
      { salt: '' },
      { salt: 'no base64!' },
      { nonce: 'AAAA' },
      { wrapped: 'A'.repeat(1_000_000) },
      { wrapped: 5 },
    ];
    for (const change of doctored) {
      const recovery = await provider.recover(keyIdOf(kek), { ...parameters, ...change }, right);
      assert.equal(outcomeOf(recovery), 'key-slot-damaged', JSON.stringify(change).slice(0, 60));
    }
    assert.equal(outcomeOf(await provider.recover(keyIdOf(kek), {}, right)), 'key-slot-damaged');
  });

  test('is tried by few callers at a time; the others get an error that asks for another try', async () => {
    const { kek, parameters } = await provider.create('first', right);
    const attempts = Array.from({ length: 12 }, () => provider.recover(keyIdOf(kek), parameters, right));
    const outcomes = (await Promise.all(attempts)).map(outcomeOf);
    assert.equal(outcomes.filter((each) => each === 'recovered').length, 8);
    assert.equal(outcomes.filter((each) => each === 'key-provider-busy').length, 4);
    assert.equal(outcomeOf(await provider.recover(keyIdOf(kek), parameters, right)), 'recovered');
  });
});

describe('a new passphrase', () => {
  test('is accepted with twelve characters of enough different ones', () => {
    for (const good of ['correct horse', 'zwölf Zeichen', 'пароль из слов', 'k3!Lm9#qWe2$']) {
      assert.deepEqual(passphraseProblems(Buffer.from(good)), [], good);
    }
  });

  test('is refused with all its problems at once, none of which shows it', async () => {
    const weak = Buffer.from('aaaaa\n');
    assert.equal(passphraseProblems(weak).length, 3);
    await assert.rejects(
      () => provider.create('first', { passphrase: weak }),
      (error) =>
        isRollcallError(error, 'passphrase-refused') &&
        /shorter/.test(error.message) &&
        !error.message.includes('aaaaa'),
    );
  });

  test('is measured in characters, not bytes, and refused if it is not text or too long', () => {
    assert.equal(passphraseProblems(Buffer.from('öäüßéèê')).length, 1, 'seven characters, fourteen bytes');
    assert.match(passphraseProblems(Buffer.from('abcdefghijk\xff', 'latin1')).join(), /UTF-8/);
    assert.match(passphraseProblems(Buffer.from('abcdef'.repeat(200))).join(), /longer than 1024/);
  });
});
