import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mock, test } from 'node:test';
import { Command } from 'commander';
import { commands } from '../../daemon/cli/commands.js';
import { ControlClient } from '../../daemon/core/api/client.js';
import { RollcallError } from '../../daemon/kernel/errors.js';

/** What a command did: what it asked the daemon, what it printed, and its exit code. */
export interface Asked {
  readonly code: number | undefined;
  readonly out: string;
  readonly err: string;
  readonly calls: readonly (readonly [operation: string, input: unknown])[];
  /** Whether the line was no command with these options. */
  readonly isWrongUsage: boolean;
}

/** The answers of the daemon by operation; a function sees the input, and may throw. */
export type Answers = Readonly<Record<string, unknown>>;

interface Running {
  readonly answers: Answers;
  readonly calls: (readonly [operation: string, input: unknown])[];
  out: string;
  err: string;
}

const running = new AsyncLocalStorage<Running>();
const directory = mkdtempSync(join(tmpdir(), 'rollcall-asked-'));
// Several test files of one process use it, one after the other.
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));

/** A configuration of a box in Berlin, where no daemon runs. */
export const configPath = join(directory, 'rollcall.yaml');
writeFileSync(
  configPath,
  JSON.stringify({
    ...{ site: { id: 'here', timeZone: 'Europe/Berlin' }, box: { id: 'box' } },
    control: { socketPath: join(directory, 'control.sock') },
    secretsDir: directory,
  }),
);

/** A file that a command can read. */
export const filePath = join(directory, 'file');
writeFileSync(filePath, 'made up');

// Other tests of the same process keep the client and the streams as they are.
const call = ControlClient.prototype.call as (...given: unknown[]) => Promise<unknown>;
mock.method(ControlClient.prototype, 'call', async function (this: ControlClient, ...given: unknown[]) {
  const store = running.getStore();
  if (store === undefined) return await call.apply(this, given);
  const { answers, calls } = store;
  const [operation, input] = given as [operation: string, input: unknown];
  calls.push([operation, input]);
  if (!(operation in answers)) throw new Error(`nothing answers ${operation}`);
  const answer = answers[operation];
  return typeof answer === 'function' ? await answer(input) : answer;
});

for (const [stream, name] of [
  [process.stdout, 'out'],
  [process.stderr, 'err'],
] as const) {
  const write = stream.write.bind(stream) as (...given: unknown[]) => boolean;
  mock.method(stream, 'write', (...given: unknown[]) => {
    const store = running.getStore();
    if (store === undefined) return write(...given);
    store[name] += String(given[0]);
    return true;
  });
}

/** The command with this name, and those below it. */
export async function commandNamed(name: string): Promise<(program: Command) => unknown> {
  const load = commands.get(name);
  assert.ok(load !== undefined, name);
  return await load();
}

/**
 * Runs a command in this process. It reads a configuration of its own, and the daemon that it asks is made up: an operation without an
 * answer fails.
 */
export function askCommand(
  register: (program: Command) => unknown,
  line: readonly string[],
  answers: Answers = {},
): Promise<Asked> {
  const store: Running = { answers, calls: [], out: '', err: '' };
  return running.run(store, async () => {
    const program = new Command('rollcall').exitOverride();
    register(program);
    const earlier = process.exitCode;
    process.exitCode = undefined;
    try {
      await program.parseAsync([...line, '--config', configPath], { from: 'user' });
      const code = process.exitCode === undefined ? undefined : Number(process.exitCode);
      return { ...store, code, isWrongUsage: false };
    } catch (error) {
      // Commander refuses a wrong usage with a message on standard error.
      if (!(error instanceof Error) || !('exitCode' in error)) throw error;
      return { ...store, code: Number(error.exitCode), isWrongUsage: true };
    } finally {
      process.exitCode = earlier;
    }
  });
}

/** Bytes are shown as their text. */
function jsonOf(input: unknown): string {
  const isBytes = (value: unknown): value is { readonly data: readonly number[] } =>
    typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer';
  return JSON.stringify(input, (_, value: unknown) =>
    isBytes(value) ? `bytes: ${Buffer.from(value.data).toString('utf8')}` : value,
  );
}

/** All that can be seen of a command, as text. */
export async function toldOf(
  register: (program: Command) => unknown,
  line: readonly string[],
  answers?: Answers,
): Promise<string> {
  const { code, out, err, calls } = await askCommand(register, line, answers);
  return [
    `$ rollcall ${line.map((word) => (/^[\w./:@+=,-]+$/.test(word) ? word : `'${word}'`)).join(' ')}`,
    ...calls.map(
      ([operation, input]) => `asks ${operation}${input === undefined ? '' : ` ${jsonOf(input)}`}`,
    ),
    ...(out === '' ? [] : ['prints', out.trimEnd()]),
    ...(err === '' ? [] : ['says', err.trimEnd()]),
    `ends with ${code ?? 'no code'}`,
  ]
    .join('\n')
    .replaceAll(directory, '/box');
}

/** A command line, with words in single quotes where they hold spaces. */
export type AskedLine = readonly [line: string, when: string, answers?: Answers];

/** Runs each line: all that can be seen of it must be as `expected` has it. */
export function testCommands(
  register: (program: Command) => unknown,
  expected: (title: string, text: string) => void,
  lines: readonly AskedLine[],
): void {
  const wordsOf = (line: string) =>
    (line.match(/'[^']*'|\S+/g) ?? []).map((word) => word.replaceAll("'", ''));
  for (const [line, when, answers] of lines) {
    const shown = line.replaceAll(directory, '/box');
    test(`'${shown}' asks and answers as ever when ${when}`, async () => {
      expected(`${shown}: ${when}`, await toldOf(register, wordsOf(line), answers));
    });
  }
  test('each of these commands tells a failure as JSON if it is asked to, and only then', async () => {
    for (const line of new Set(lines.map(([each]) => each.replace(' --json', '')))) {
      const plain = await askCommand(register, wordsOf(line), onlyFailures);
      if (plain.code !== 0 && !plain.isWrongUsage) assert.equal(plain.out, '', line);
      const { code, out, isWrongUsage } = await askCommand(
        register,
        [...wordsOf(line), '--json'],
        onlyFailures,
      );
      if (code === 0 || isWrongUsage) continue;
      assert.equal(typeof (JSON.parse(out) as { error?: { code?: string } }).error?.code, 'string', line);
    }
  });
}

const onlyFailures = new Proxy<Answers>(
  {},
  {
    has: () => true,
    get: () => () => {
      throw new RollcallError({ kind: 'operational', code: 'made-up', message: 'it fails' });
    },
  },
);
