import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { Command } from 'commander';
import {
  addCommands,
  commands,
  exitCodeMeanings,
  rollcallProgram,
  withHelpSpelledOut,
} from '../../daemon/cli/commands.js';
import { commandsOf } from '../../daemon/cli/reference/command-tree.js';
import { bashCompletion } from '../../daemon/cli/reference/completion.js';
import { examplesOf } from '../../daemon/cli/reference/examples.js';
import { manualPage } from '../../daemon/cli/reference/manual.js';
import { rollcall } from '../support/box.js';
import { root } from '../support/built.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const namesOf = (program: Command): readonly string[] => program.commands.map((command) => command.name());

test('the program loads only the command that its first word names', async () => {
  for (const word of commands.keys()) {
    const program = new Command();
    await addCommands(program, word);
    assert.deepEqual(namesOf(program), [word]);
  }
});

test('the program loads all commands for the help and for an unknown word', async () => {
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

test('bash completion offers commands, options, values and file names', async () => {
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

  test('is roff that groff formats without a warning', { skip: withoutGroff }, () => {
    const { stderr, status } = spawnSync('groff', ['-ww', '-man', '-Tutf8', '-z'], {
      input: page,
      encoding: 'utf8',
    });
    assert.equal(stderr, '');
    assert.equal(status, 0);
  });

  test('names every command and every option as the user types them', { skip: withoutGroff }, async () => {
    const { stdout } = spawnSync('groff', ['-man', '-Tascii', '-P-cbou', '-rLL=999n'], {
      input: page,
      encoding: 'utf8',
    });
    for (const { words, command } of commandsOf(await rollcallProgram(undefined))) {
      if (command.commands.length > 0) continue;
      assert.ok(stdout.includes(`\n   ${words.join(' ')}`), words.join(' '));
      for (const { flags } of command.options) assert.ok(stdout.includes(`       ${flags}`), flags);
      for (const [line] of examplesOf({ words, command }))
        assert.ok(stdout.includes(`\n           ${line}\n`), line);
    }
  });
});

/** The words behind `rollcall` in a line for the shell, up to what takes its output. */
function wordsOf(line: string): readonly string[] {
  const own = /(?:^|[|] |sudo )rollcall( .*?)?(?: [|>] .*)?$/.exec(line)?.[1] ?? '';
  return [...own.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, one, two, three]) => one ?? two ?? three ?? '',
  );
}

test('every command has examples, and each example uses existing commands and options', async () => {
  const program = await rollcallProgram(undefined);
  const all = commandsOf(program);
  let ran = '';
  for (const { words, command } of all) {
    command.configureOutput({ writeErr: () => undefined });
    if (command.commands.length === 0) {
      command.action(() => {
        ran = words.join(' ');
      });
    }
  }
  for (const named of all) {
    const path = named.words.join(' ');
    const examples = examplesOf(named);
    assert.ok(examples.length > 0, `${path} has no example`);
    for (const [line] of examples) {
      ran = '';
      await assert.doesNotReject(program.parseAsync([...wordsOf(line)], { from: 'user' }), line);
      assert.ok(named.command.commands.length > 0 || ran === path, `"${line}" is an example of ${path}`);
      assert.notEqual(ran, '', line);
    }
  }
});

test('the help of an option contains no repetition', async () => {
  for (const { words, command } of commandsOf(await rollcallProgram(undefined))) {
    for (const { flags, description } of command.options) {
      const parts = description.split('; ');
      const said = new Set(
        parts.filter((part) => !parts.some((other) => other !== part && other.startsWith(part))),
      );
      assert.equal(said.size, parts.length, `${words.join(' ')} ${flags}: ${description}`);
    }
  }
});

test('--help shows the examples of a command, of a group and of the program', async () => {
  const program = await rollcallProgram(undefined);
  const helpOf = (path: string): string => {
    let text = '';
    const { command } = commandsOf(program).find(({ words }) => words.join(' ') === path) ?? {};
    command?.configureOutput({
      writeOut: (part) => {
        text += part;
      },
    });
    command?.outputHelp();
    return text;
  };
  assert.match(helpOf('rollcall events tail'), /Examples:\n {2}rollcall events tail\n {6}show the last ten/);
  assert.match(
    helpOf('rollcall person'),
    /Examples:\n {2}rollcall person add [\s\S]*\n {2}rollcall person list/,
  );
  assert.match(helpOf('rollcall'), /Examples:\n {2}rollcall status\n/);
});

const usageErrors: readonly (readonly [line: string, said: RegExp])[] = [
  ['stauts', /unknown command 'stauts'\n\(Did you mean status\?\)/],
  ['person delete x', /unknown command 'delete'\nThe commands of 'rollcall person' are: add, .*erase/],
  ['status --jsn', /unknown option '--jsn'\n\(Did you mean --json\?\)\nRun 'rollcall status --help'/],
  ['camera test', /missing required argument 'camera'\nRun 'rollcall camera test --help'/],
  ['events list --kind foo', /'foo' is invalid\. Allowed choices are attendance, /],
  ['status now', /too many arguments/],
  ['help stauts', /^error: unknown command 'stauts'\n\(Did you mean status\?\)/],
  ['stauts --help', /^error: unknown command 'stauts'/],
  ['help person delete', /^error: unknown command 'delete'\nThe commands of 'rollcall person' are/],
  ['person help ad', /^error: unknown command 'ad'/],
];

for (const [line, said] of usageErrors) {
  test(`wrong usage is answered with a hint: ${line}`, async () => {
    const words = line.split(' ');
    const program = await rollcallProgram(words[0]);
    let text = '';
    for (const { command } of commandsOf(program)) {
      command.configureOutput({
        writeErr: (part) => {
          text += part;
        },
      });
    }
    await assert.rejects(program.parseAsync(withHelpSpelledOut(program, words), { from: 'user' }), {
      exitCode: 1,
    });
    assert.match(text, said);
  });
}

test('help COMMAND prints the same as COMMAND --help', async () => {
  const program = await rollcallProgram(undefined);
  for (const [given, asked] of [
    ['help', '--help'],
    ['help person add', 'person add --help'],
    ['person help add', 'person add --help'],
    ['person add Ada --help', 'person add Ada --help'],
    ['person add help --image a.jpg', 'person add help --image a.jpg'],
    ['--version', '--version'],
  ] as const) {
    assert.equal(withHelpSpelledOut(program, given.split(' ')).join(' '), asked);
  }
  assert.deepEqual(withHelpSpelledOut(program, []), []);
});

test('version shows the versions of program, Node.js and system, as text and as JSON', async () => {
  const [text, json] = await Promise.all([rollcall(['--version']), rollcall(['version', '--json'])]);
  const stamped = join(root, 'dist/program/version.json');
  const { version } = JSON.parse(await readFile(stamped, 'utf8')) as { version: string };
  const { node } = process.versions;
  assert.ok(
    text.stdout.startsWith(`rollcall ${version}, Node.js ${node}, ${process.platform} `),
    text.stdout,
  );
  const told = JSON.parse(json.stdout) as Record<string, unknown>;
  assert.deepEqual([told['rollcall'], told['node'], told['platform']], [version, node, process.platform]);
  assert.deepEqual([text.exitCode, json.exitCode], [0, 0]);
});

test('--version loads no command', async () => {
  for (const flag of ['-V', '--version']) assert.deepEqual((await rollcallProgram(flag)).commands, []);
});

test('check-config accepts the file as an argument, too, and refuses two files', async () => {
  await using directory = await temporaryDirectory();
  const [good, bad] = [join(directory.path, 'good.yaml'), join(directory.path, 'bad.yaml')];
  await writeFile(good, 'site: { id: here, timeZone: UTC }\nbox: { id: box }\n');
  await writeFile(bad, 'site: {}\n');
  const [valid, invalid, both] = await Promise.all([
    rollcall(['check-config', good]),
    rollcall(['check-config', bad]),
    rollcall(['check-config', good, '--config', bad]),
  ]);
  assert.deepEqual([valid.exitCode, valid.stdout], [0, `${good}: valid, 0 cameras\n`]);
  assert.equal(invalid.exitCode, 1);
  assert.match(invalid.stdout, /bad\.yaml:1:/);
  assert.equal(both.exitCode, 2);
  assert.match(both.stderr, /two files are named: .*good\.yaml and .*bad\.yaml/);
});

test('the program prints the script and the page on standard output', async () => {
  const script = await rollcall(['completion', 'bash']);
  assert.equal(script.exitCode, 0, script.stderr);
  assert.equal(script.stdout, bashCompletion(await rollcallProgram(undefined)));
  const page = await rollcall(['man']);
  assert.equal(page.exitCode, 0, page.stderr);
  assert.match(page.stdout, /^\.TH ROLLCALL 1 /);
});
