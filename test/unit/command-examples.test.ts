import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { exitCodeMeanings, rollcallProgram } from '../../daemon/cli/commands.js';
import { commandsOf } from '../../daemon/cli/reference/command-tree.js';
import { bashCompletion } from '../../daemon/cli/reference/completion.js';
import { examplesText } from '../../daemon/cli/reference/examples.js';
import { manualPage } from '../../daemon/cli/reference/manual.js';
import { commandLinePage } from '../../scripts/command-line-page.js';
import { expectedTexts } from '../support/expected-text.js';

const expected = expectedTexts('command-examples.txt');
const program = await rollcallProgram(undefined);

describe('the examples in the help', () => {
  for (const named of commandsOf(program)) {
    const name = named.words.join(' ');
    test(`of ${name} are as ever`, () => expected(name, examplesText(named)));
  }
});

test('the manual page begins as ever, and has the parts of a command', () => {
  const page = manualPage(program, exitCodeMeanings).replace(/"rollcall [^"]*"/, '"rollcall VERSION"');
  const part = page.indexOf('rollcall person photo replace');
  expected('manual: beginning', page.slice(0, 1500));
  expected('manual: a command', page.slice(part - 200, part + 1800));
  expected('manual: end', page.slice(-600));
});

test('the script of the completion begins as ever, and ends so', () => {
  const script = bashCompletion(program);
  expected('completion: beginning', script.slice(0, 2500));
  expected('completion: end', script.slice(-600));
});

test('the help of the program and of a group is as ever', () => {
  for (const path of ['rollcall', 'rollcall strangers', 'rollcall strangers list']) {
    const { command } = commandsOf(program).find(({ words }) => words.join(' ') === path) ?? {};
    command?.configureHelp({ helpWidth: 100 });
    let text = '';
    command?.configureOutput({
      writeOut: (piece) => {
        text += piece;
      },
    });
    command?.outputHelp();
    expected(`help of ${path}`, text);
  }
});

test('docs/reference/command-line.md matches the commands', async () => {
  const page = readFileSync(new URL('../../docs/reference/command-line.md', import.meta.url), 'utf8');
  assert.equal(page, await commandLinePage(), 'run: npm run docs');
});
