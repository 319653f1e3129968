import { dirname, join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { loadConfig } from '../contract/settings/load.js';
import type { Config } from '../contract/settings/schema.js';
import { ControlClient, daemonUnreachable } from '../core/api/client.js';
import { eraseBox } from '../core/erasure/box-erasure.js';
import { exitCodes, print, runAction } from '../host/output.js';
import { createPrivateFile } from '../host/private-file.js';
import { systemClock } from '../host/system-clock.js';
import { badInput, isRollcallError, operational } from '../kernel/errors.js';
import { type CommonOptions, withCommonOptions } from './common-options.js';
import { confirm } from './confirm.js';
import { invalidConfig } from './daemon-client.js';

interface EraseOptions extends CommonOptions {
  readonly yes?: boolean;
}

export function registerBox(program: Command): void {
  const box = program.command('box').description('the end of the life of a box');
  withCommonOptions(box.command('erase'))
    .argument('<certificate>', 'path of the certificate of erasure; a new file outside the data of the box')
    .option('-y, --yes', 'do not ask for confirmation')
    .description(
      'erase all data and keys of this box, which must be stopped, and write a signed certificate; the program stays',
    )
    .action((given: string, options: EraseOptions) =>
      runAction(options.json === true, async () => {
        const path = resolve(given);
        const config = await configOf(options.config);
        const credentialsFolder = join(dirname(options.config), 'credentials');
        assertOutside(path, [config.dataDir, config.secretsDir, credentialsFolder]);
        await assertStopped(config);
        const { site, box: named, dataDir } = config;
        await confirm(
          `Everything that the box ${named.id} of the site ${site.id} keeps in ${dataDir} will be erased, with all its keys. It cannot be taken back.`,
          options.yes,
        );
        // Before anything is erased: a certificate that cannot be written would be missing.
        await using file = await createPrivateFile(path);
        const certificate = await eraseBox({ config, credentialsFolder, clock: systemClock });
        await file.keep(Buffer.from(certificate));
        print(
          options.json === true,
          JSON.parse(certificate),
          () => `Everything is erased. The certificate is in ${path}.`,
        );
        return exitCodes.done;
      }),
    );
}

async function configOf(path: string): Promise<Config> {
  const loaded = await loadConfig(path);
  if (loaded.ok) return loaded.config;
  throw invalidConfig(path, loaded.problems);
}

/** @throws `certificate-place` */
function assertOutside(path: string, folders: readonly string[]): void {
  const folder = folders.find((each) => !relative(each, path).startsWith('..'));
  if (folder === undefined) return;
  throw badInput('certificate-place', `${folder} is erased, and the certificate would be erased with it`, {
    remedy: 'Give a path elsewhere, such as /root/erased.json.',
  });
}

/** @throws `daemon-running` */
async function assertStopped({ control: { socketPath } }: Config): Promise<void> {
  try {
    await new ControlClient(socketPath, 'en').call('health.live');
  } catch (error) {
    if (isRollcallError(error, daemonUnreachable)) return;
  }
  throw operational('daemon-running', 'rollcalld is running, and would go on writing', {
    remedy: "Run 'systemctl disable --now rollcalld rollcall-gate', then this command again.",
  });
}
