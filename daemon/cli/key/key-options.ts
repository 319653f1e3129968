import { type Command, Option } from 'commander';
import { loadConfig } from '../../contract/settings/load.js';
import { keyProviderKinds } from '../../kernel/gallery/key-provider-kind.js';
import { invalidConfig } from '../daemon-client.js';
import { type SecretFiles, secretFiles } from './key-secret-file.js';

/** Adds `--provider`. */
export function withProviderOption(command: Command, absent: string): Command {
  return command.addOption(
    new Option('--provider <kind>', `where the key comes from; ${absent}`).choices(keyProviderKinds),
  );
}

/** The paths of the gallery key in this configuration. @throws `invalid-config` */
export async function configuredSecretFiles(configPath: string): Promise<SecretFiles> {
  const loaded = await loadConfig(configPath);
  if (loaded.ok) return secretFiles(loaded.config.secretsDir, loaded.config.gallery.key);
  throw invalidConfig(configPath, loaded.problems);
}
