import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from 'commander';
import { addCommands, commands } from '../../daemon/cli/commands.js';

const namesOf = (program: Command): readonly string[] => program.commands.map((command) => command.name());

test('each command is added alone by its own word', async () => {
  for (const word of commands.keys()) {
    const program = new Command();
    await addCommands(program, word);
    assert.deepEqual(namesOf(program), [word]);
  }
});

test('all commands are there for the help and for a word that calls none', async () => {
  for (const word of [undefined, '--help', 'help', 'stauts', 'constructor']) {
    const program = new Command();
    await addCommands(program, word);
    assert.deepEqual(namesOf(program), [...commands.keys()], word);
  }
});
