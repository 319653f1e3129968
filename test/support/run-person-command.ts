import { type ChildProcess, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { builtCommand, type CommandResult, rollcall } from './box.js';
import type { PersonServer } from './person-server.js';

/** The `rollcall person` commands as processes of their own, against a server. */
export interface PersonCommands {
  run(args: readonly string[], input?: string): Promise<CommandResult>;
  start(args: readonly string[]): ChildProcess;
}

export async function personCommands({
  directory,
  socketPath,
}: Pick<PersonServer, 'directory' | 'socketPath'>): Promise<PersonCommands> {
  const configPath = join(directory, 'rollcall.yaml');
  const config = { site: { id: 'here', timeZone: 'UTC' }, box: { id: 'box' }, control: { socketPath } };
  await writeFile(configPath, stringify(config));
  const command = (args: readonly string[]) => ['person', ...args, '--config', configPath];
  return {
    run: (args, input) => rollcall(command(args), input),
    start: (args) => spawn(process.execPath, [builtCommand(), ...command(args)], { stdio: 'pipe' }),
  };
}
