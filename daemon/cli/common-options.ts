import type { Command } from 'commander';

/** Where a box keeps its configuration unless told otherwise. */
export const defaultConfigPath = '/etc/rollcall/rollcall.yaml';

export interface CommonOptions {
  readonly config: string;
  readonly json?: boolean;
}

/** Adds `--config` and `--json`, which every command has. */
export function withCommonOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', 'configuration file', defaultConfigPath)
    .option('--json', 'print JSON instead of text');
}
