import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, test } from 'node:test';
import { readNewPassphrase, readPassphrase } from '../../daemon/cli/key/key-passphrase.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { until } from '../support/until.js';
import { writtenText } from '../support/written-text.js';

/** A terminal on which the test types, and its output. */
function terminal(isTTY: boolean) {
  const modes: boolean[] = [];
  const shown = new PassThrough();
  const input = Object.assign(new PassThrough(), {
    isTTY,
    setRawMode: (isRaw: boolean) => void modes.push(isRaw),
  });
  return { input, output: shown, modes, shown: () => writtenText(shown) };
}

const refusedWith = (code: string) => (error: unknown) => isRollcallError(error, code);

describe('a passphrase on a terminal', () => {
  test('is not shown, and backspace takes back whole characters', async () => {
    const typed = terminal(true);
    const reading = readPassphrase('Passphrase: ', typed);
    typed.input.write(Buffer.from('gehe\u00df\u007fim', 'utf8'));
    typed.input.write(Buffer.from('\b\r', 'utf8'));
    assert.equal((await reading).toString('utf8'), 'gehei');
    assert.equal(typed.shown(), 'Passphrase: \n');
    assert.deepEqual(typed.modes, [true, false]);
  });

  test('is cancelled by Ctrl-C, and the terminal is as before', async () => {
    const typed = terminal(true);
    const reading = readPassphrase('Passphrase: ', typed);
    typed.input.write(Buffer.from('abc\u0003', 'utf8'));
    await assert.rejects(reading, refusedWith('not-confirmed'));
    assert.deepEqual(typed.modes, [true, false]);
  });

  test('is asked for twice if it is new', async () => {
    for (const [again, isSame] of [
      ['one thing\r', true],
      ['another\r', false],
    ] as const) {
      const typed = terminal(true);
      const reading = readNewPassphrase(typed);
      typed.input.write(Buffer.from('one thing\r', 'utf8'));
      let shown = '';
      await until('the second question', () => {
        shown += typed.shown();
        return shown.includes('Repeat');
      });
      typed.input.write(Buffer.from(again, 'utf8'));
      if (isSame) assert.equal((await reading).toString('utf8'), 'one thing');
      else await assert.rejects(reading, refusedWith('passphrases-differ'));
    }
  });
});

describe('a passphrase from standard input', () => {
  for (const [given, taken] of [
    ['words', 'words'],
    ['words\n', 'words'],
    ['words\r\n', 'words'],
    [' words \n\n', ' words \n'],
  ] as const) {
    test(`${JSON.stringify(given)} is ${JSON.stringify(taken)}`, async () => {
      const piped = terminal(false);
      piped.input.end(Buffer.from(given, 'utf8'));
      assert.equal((await readPassphrase('?', piped)).toString('utf8'), taken);
      assert.equal(piped.shown(), '');
    });
  }

  test('is refused if it is empty or far too long', async () => {
    const empty = terminal(false);
    empty.input.end('\n');
    await assert.rejects(readPassphrase('?', empty), refusedWith('passphrase-needed'));
    const endless = terminal(false);
    endless.input.end(Buffer.alloc(5000, 'a'));
    await assert.rejects(readPassphrase('?', endless), refusedWith('passphrase-too-long'));
  });
});
