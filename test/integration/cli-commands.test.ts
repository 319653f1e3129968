import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { Command } from 'commander';
import { addCommands, commands, exitCodeMeanings, rollcallProgram } from '../../daemon/cli/commands.js';
import { commandsOf } from '../../daemon/cli/reference/command-tree.js';
import { bashCompletion } from '../../daemon/cli/reference/completion.js';
import { manualPage } from '../../daemon/cli/reference/manual.js';
import { rollcall } from '../support/box.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

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

const withoutGroff = spawnSync('groff', ['--version']).error !== undefined && 'groff is not installed';

/** What bash offers for the word at the end of each line, in the order of the lines. */
async function completions(
  lines: readonly string[],
  directory: string,
): Promise<readonly (readonly string[])[]> {
  const script = bashCompletion(await rollcallProgram(undefined));
  const play = `${script}
while IFS= read -r COMP_LINE; do
  COMP_POINT=\${#COMP_LINE}
  _rollcall
  printf '%s|' "\${COMPREPLY[@]}"
  echo
done`;
  const { stdout, stderr } = spawnSync('bash', ['-c', play], {
    cwd: directory,
    input: lines.map((line) => `${line}\n`).join(''),
    encoding: 'utf8',
  });
  assert.equal(stderr, '');
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split('|').filter((offer) => offer !== ''));
}

test('bash completes commands, options, values and file names', async () => {
  await using directory = await temporaryDirectory();
  mkdirSync(join(directory.path, 'photographs'));
  for (const name of ['photo one.jpg', 'phone.csv']) writeFileSync(join(directory.path, name), '');
  const expected = new Map([
    ['rollcall che', ['check-config']],
    ['rollcall person re', ['rename', 'remove', 'restore']],
    ['rollcall backup recovery-key ', ['init']],
    ['rollcall events list --ki', ['--kind']],
    ['rollcall events list --kind att', ['attendance', 'attack']],
    ['rollcall events list --kind=una', []],
    ['rollcall events list --kind=unk', ['unknown']],
    ['rollcall key init --provider p', ['passphrase']],
    ['rollcall person add Ada --notes ', []],
    ['rollcall person add Ada --image ph', ['phone.csv', 'photo one.jpg', 'photographs']],
    ['rollcall person add Ada --image phone.csv pho', ['phone.csv', 'photo one.jpg', 'photographs']],
    ['rollcall person import --photographs ', ['photographs']],
    ['rollcall person import phone', ['phone.csv']],
    ['rollcall status --json --conf', ['--config']],
    ['rollcall trust add centre --scope persons:w', ['write']],
    ['rollcall nonsense ', (await rollcallProgram(undefined)).commands.map((command) => command.name())],
  ]);
  const found = await completions([...expected.keys()], directory.path);
  [...expected].forEach(([line, offers], index) => {
    assert.deepEqual([...(found[index] ?? [])].sort(), [...offers].sort(), line);
  });
});

describe('the manual page', () => {
  let page = '';
  before(async () => {
    page = manualPage(await rollcallProgram(undefined), exitCodeMeanings);
  });

  test('is roff that groff takes without a warning', { skip: withoutGroff }, () => {
    const { stderr, status } = spawnSync('groff', ['-ww', '-man', '-Tutf8', '-z'], {
      input: page,
      encoding: 'utf8',
    });
    assert.equal(stderr, '');
    assert.equal(status, 0);
  });

  test('names every command and every option as they are typed', { skip: withoutGroff }, async () => {
    const { stdout } = spawnSync('groff', ['-man', '-Tascii', '-P-cbou', '-rLL=999n'], {
      input: page,
      encoding: 'utf8',
    });
    for (const { words, command } of commandsOf(await rollcallProgram(undefined))) {
      if (command.commands.length > 0) continue;
      assert.ok(stdout.includes(`\n   ${words.join(' ')}`), words.join(' '));
      for (const { flags } of command.options) assert.ok(stdout.includes(`       ${flags}`), flags);
    }
  });
});

test('the program prints both on standard output', async () => {
  const script = await rollcall(['completion', 'bash']);
  assert.equal(script.exitCode, 0, script.stderr);
  assert.equal(script.stdout, bashCompletion(await rollcallProgram(undefined)));
  const page = await rollcall(['man']);
  assert.equal(page.exitCode, 0, page.stderr);
  assert.match(page.stdout, /^\.TH ROLLCALL 1 /);
});
