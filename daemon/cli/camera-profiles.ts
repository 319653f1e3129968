import type { Command } from 'commander';
import type { DeviceProfiles } from '../contract/cameras.js';
import { table } from '../kernel/text-table.js';
import type { Language } from '../words/language.js';
import { readCameraLogin } from './camera-login.js';
import { type CommonOptions, withCommonOptions } from './common-options.js';
import { failedTest } from './connection-lines.js';
import { wipeAfter } from './key/key-passphrase.js';
import { showAnswer } from './show-answer.js';

interface ProfilesOptions extends CommonOptions {
  readonly login?: true;
  readonly fingerprint?: string;
}

/** `profiles`: what a device offers to watch. By hand, because the login must not be an argument. */
export function registerCameraProfiles(camera: Command): void {
  withCommonOptions(camera.command('profiles'))
    .argument('<device>', 'host, host:port, http://host or https://host of an ONVIF device')
    .option('--login', 'ask for user:password, or read it from standard input')
    .option('--fingerprint <sha256>', 'with https://: the only certificate to accept')
    .description('ask an ONVIF device for its streams and their addresses (exit code 1 if it tells none)')
    .action((device: string, options: ProfilesOptions) =>
      showAnswer(
        options,
        async ({ client }) => {
          const { login, fingerprint } = options;
          const secret = login === true ? await readCameraLogin() : undefined;
          return await wipeAfter(secret, (given) =>
            client.call('cameras.profiles', { device, fingerprint, login: given }),
          );
        },
        (told, { language }) => describeProfiles(device, told, language),
        ({ outcome }) => outcome === 'failed',
      ),
    );
}

function describeProfiles(device: string, told: DeviceProfiles, language: Language): string {
  if (told.outcome === 'failed') {
    return failedTest(device, told, language);
  }
  const rows = told.profiles.map(({ name = '', codec = '', widthPx, heightPx, fps, url, isElsewhere }) => [
    ...[name, codec, widthPx === undefined ? '' : `${widthPx}x${heightPx ?? '?'}`],
    ...[
      fps === undefined ? '' : `${fps} fps`,
      `${url ?? 'no address'}${isElsewhere ? ' (ANOTHER HOST)' : ''}`,
    ],
  ]);
  const isElsewhere = told.profiles.some((profile) => profile.isElsewhere);
  return [
    table(['name', 'codec', 'size', 'rate', 'address'], rows),
    ...(told.isCutShort ? ['The device has more profiles than these.'] : []),
    ...(isElsewhere
      ? [
          'WARNING: the device names addresses on another host.\n  what to do: Use one only if you trust that host: it gets the login of the camera.',
        ]
      : []),
  ].join('\n');
}
