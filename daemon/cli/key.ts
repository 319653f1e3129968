import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Command } from 'commander';
import { badInput } from '../base/errors.js';
import { loadConfig } from '../config/load.js';
import { createKeyFile } from '../host/key-file.js';
import { type CommonOptions, withCommonOptions } from './common-options.js';
import { exitCodes, print, runAction } from './output.js';

/** Bytes of a gallery key: XChaCha20-Poly1305 takes 256 bits. */
const keyBytes = 32;

export function registerKey(program: Command): void {
  const key = program.command('key').description('the key that the gallery is sealed with');
  withCommonOptions(key.command('init'))
    .description('make a new random gallery key in the secrets directory; never overwrites one')
    .action((options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const loaded = await loadConfig(options.config);
        if (!loaded.ok) {
          throw badInput('invalid-config', `${options.config} is not valid`, {
            remedy: `run 'rollcall check-config --config ${options.config}'`,
          });
        }
        const path = join(loaded.config.secretsDir, loaded.config.gallery.key);
        const bytes = randomBytes(keyBytes);
        try {
          await createKeyFile(path, bytes);
        } finally {
          bytes.fill(0);
        }
        print(options.json === true, { created: path }, () =>
          [
            `created ${path}, readable by its owner only`,
            'Whoever has this file and the database can read the gallery; without it nobody can.',
            'Keep a copy in a safe place off this box.',
          ].join('\n'),
        );
        return exitCodes.done;
      }),
    );
}
