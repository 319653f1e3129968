import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, test } from 'node:test';
import { confirm } from '../../daemon/cli/confirm.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { writtenText } from '../support/written-text.js';

const terminal = (isTTY: boolean) => ({
  input: Object.assign(new PassThrough(), { isTTY }),
  output: new PassThrough(),
});
const question = 'This erases everything.';

describe('confirmation', () => {
  test('is not asked for where --yes was given', async () => {
    await confirm(question, true, terminal(false));
  });

  test('is refused as wrong usage without a terminal', async () => {
    const { input, output } = terminal(false);
    await assert.rejects(confirm(question, undefined, { input, output }), (error: unknown) => {
      assert.ok(isRollcallError(error, 'confirmation-needed'));
      assert.equal(error.kind, 'input');
      assert.match(error.message, /^cannot ask for confirmation without a terminal; use --yes/);
      assert.doesNotMatch(error.message, /erases/, 'what is asked may name a person: no place for an error');
      assert.equal(writtenText(output), 'This erases everything.\n');
      return true;
    });
  });

  for (const answer of ['yes\n', ' YES \n']) {
    test(`is given by ${JSON.stringify(answer)}`, async () => {
      const { input, output } = terminal(true);
      input.end(answer);
      await confirm(question, false, { input, output });
      assert.match(writtenText(output), /This erases everything\.\nType 'yes'/);
    });
  }

  for (const answer of ['y\n', '\n', 'no\n', '']) {
    test(`is not given by ${JSON.stringify(answer)}`, async () => {
      const { input, output } = terminal(true);
      input.end(answer);
      await assert.rejects(confirm(question, false, { input, output }), (error: unknown) =>
        isRollcallError(error, 'not-confirmed'),
      );
    });
  }
});
