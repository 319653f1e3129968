import type { Command } from 'commander';

/** Default path of the configuration. */
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
