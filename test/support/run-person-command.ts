import { type ChildProcess, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { stringify } from 'yaml';
import { builtCommand } from './box.js';
import type { PersonServer } from './person-server.js';

export interface CommandOutcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The `rollcall person` commands as processes of their own, against a server. */
export interface PersonCommands {
  run(args: readonly string[], input?: string): Promise<CommandOutcome>;
  start(args: readonly string[]): ChildProcess;
}

export async function personCommands({
  directory,
  socketPath,
}: Pick<PersonServer, 'directory' | 'socketPath'>): Promise<PersonCommands> {
  const configPath = join(directory, 'rollcall.yaml');
  const config = { site: { id: 'here', timeZone: 'UTC' }, box: { id: 'box' }, control: { socketPath } };
  await writeFile(configPath, stringify(config));
  const start = (args: readonly string[]): ChildProcess =>
    spawn(process.execPath, [builtCommand(), 'person', ...args, '--config', configPath], {
      stdio: 'pipe',
    });
  return {
    start,
    run: async (args, input = '') => {
      const child = start(args);
      child.stdin?.end(input);
      const { stdout, stderr } = child;
      if (stdout === null || stderr === null) throw new Error('the command has no output');
      const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
      const [out, err, exitCode] = await Promise.all([text(stdout), text(stderr), ended]);
      return { exitCode, stdout: out, stderr: err };
    },
  };
}
