import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, test } from 'node:test';
import { isRollcallError } from '../../daemon/base/errors.js';
import { confirm } from '../../daemon/cli/confirm.js';

const terminal = (isTTY: boolean) => ({
  input: Object.assign(new PassThrough(), { isTTY }),
  output: new PassThrough(),
});
const question = 'This erases everything.';

describe('confirmation', () => {
  test('is not asked for where --yes was given', async () => {
    await confirm(question, true, terminal(false));
  });

  test('is refused as bad usage where nobody can be asked', async () => {
    await assert.rejects(confirm(question, undefined, terminal(false)), (error: unknown) => {
      assert.ok(isRollcallError(error, 'confirmation-needed'));
      assert.equal(error.kind, 'input');
      assert.match(error.message, /This erases everything\./);
      assert.match(error.remedy ?? '', /--yes/);
      return true;
    });
  });

  for (const answer of ['yes\n', ' YES \n']) {
    test(`is given by ${JSON.stringify(answer)}`, async () => {
      const { input, output } = terminal(true);
      input.end(answer);
      await confirm(question, false, { input, output });
      assert.match(String(output.read()), /This erases everything\.\nType 'yes'/);
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
