import { type Command, Option } from 'commander';
import type { CameraDetails } from '../contract/cameras.js';
import { mask, zone } from '../contract/zones.js';
import { badInput } from '../kernel/errors.js';
import { type Direction, directions } from '../kernel/events/event.js';
import { areasIn } from './camera-areas.js';
import { readCameraLogin } from './camera-login.js';
import { type CommonOptions, withCommonOptions } from './common-options.js';
import { wipeAfter } from './key/key-passphrase.js';
import { showAnswer } from './show-answer.js';
import { whichCamera } from './which-camera.js';

/** What both `add` and `change` take. */
interface SettingOptions extends CommonOptions {
  readonly name?: string;
  readonly login?: boolean;
  readonly substream?: string;
  readonly transport?: 'tcp' | 'udp';
  readonly direction?: Direction;
  readonly fingerprint?: string;
  readonly allowBasicLogin?: boolean;
  /** The files that hold them. False: they are removed. */
  readonly zones?: string | false;
  readonly masks?: string | false;
}

interface AddOptions extends SettingOptions {
  readonly name: string;
  readonly disabled?: true;
}

interface ChangeOptions extends SettingOptions {
  readonly url?: string;
  readonly enable?: true;
  readonly disable?: true;
}

/** `add` and `change`: cameras that the box keeps itself. */
export function registerCameraChanges(camera: Command): void {
  registerAdd(camera);
  registerChange(camera);
}

function withSettings(command: Command): Command {
  return command
    .option(
      '--substream <address>',
      'smaller stream of the same camera to watch; see docs/how-to/add-a-camera.md',
    )
    .addOption(new Option('--transport <kind>', 'transport of the media').choices(['tcp', 'udp']))
    .addOption(new Option('--direction <way>', 'what an attendance at this camera means').choices(directions))
    .option('--fingerprint <sha256>', 'for rtsps://: the only certificate to accept')
    .option('--allow-basic-login', 'send the password unencrypted if the camera asks for it')
    .option('--zones <file>', 'JSON file with the detection and ignored zones; "-": standard input')
    .option('--masks <file>', 'JSON file with the privacy masks; "-": standard input');
}

function registerAdd(camera: Command): void {
  const add = withCommonOptions(camera.command('add'))
    .argument('<id>', 'stable name in events and topics: lower-case letters, digits, "-" and "_"')
    .argument('<address>', 'rtsp:// or rtsps:// address without user and password')
    .requiredOption('--name <text>', 'name shown to people')
    .option('--login', 'ask for user:password, or read it from standard input')
    .option('--disabled', 'do not open the camera yet');
  withSettings(add)
    .description('add a camera that the box keeps itself; the configuration file does not change')
    .action((id: string, url: string, options: AddOptions) =>
      showAnswer(
        options,
        async ({ client }) => {
          const { name, disabled } = options;
          const isEnabled = disabled === true ? { isEnabled: false } : {};
          const { zones, masks } = await areasOf(options);
          const areas = { zones: zones ?? undefined, masks: masks ?? undefined };
          const input = { id, url, name, ...settingsOf(options), ...areas, ...isEnabled };
          return await withLogin(options, (login) => client.call('cameras.create', { ...input, login }));
        },
        (added) => describeChange(added, 'added'),
      ),
    );
}

function registerChange(camera: Command): void {
  const change = withCommonOptions(camera.command('change'))
    .argument('<camera>', 'id, start of an id, or name of a camera that the box keeps itself')
    .option('--name <text>', 'name shown to people')
    .option('--url <address>', 'rtsp:// or rtsps:// address without user and password')
    .option('--login', 'ask for a new user:password, or read it from standard input')
    .option('--no-login', 'delete the stored login')
    .addOption(new Option('--enable', 'open the camera').conflicts('disable'))
    .option('--disable', 'close the camera until it is enabled');
  // Commander takes `true` as the default of an option whose negation comes first.
  withSettings(change)
    .option('--no-substream', 'decode the one stream of the camera all the time')
    .option('--no-fingerprint', 'accept what an authority has signed')
    .option('--no-allow-basic-login', 'never send the password unencrypted')
    .option('--no-zones', 'remove the zones')
    .option('--no-masks', 'remove the privacy masks')
    .description('change a camera that the box keeps itself; what is not given stays')
    .action((given: string, options: ChangeOptions) =>
      showAnswer(
        options,
        async ({ client }) => {
          const id = await whichCamera(client, given);
          const input = changesOf(options, await areasOf(options));
          return await withLogin(options, (login) => client.call('cameras.change', { id, ...input, login }));
        },
        (changed) => describeChange(changed, 'changed'),
      ),
    );
}

/** Asks for the login where the options want one. */
async function withLogin<Result>(
  { login }: SettingOptions,
  send: (login: Buffer | undefined) => Promise<Result>,
): Promise<Result> {
  return await wipeAfter(login === true ? await readCameraLogin() : undefined, send);
}

function settingsOf(options: SettingOptions) {
  const { substream, transport, direction, fingerprint, allowBasicLogin } = options;
  return { substream, transport, direction, fingerprint, allowBasicLogin };
}

/** The zones and masks of the files. Null: to remove them. */
async function areasOf({ zones, masks }: SettingOptions) {
  if (zones === '-' && masks === '-') {
    throw badInput('areas-unreadable', 'both --zones and --masks read standard input', {
      remedy: 'Put one of them into a file.',
    });
  }
  return {
    zones: await areasIn(zones, 'zones', zone),
    masks: await areasIn(masks, 'masks', mask),
  };
}

function changesOf(options: ChangeOptions, areas: Awaited<ReturnType<typeof areasOf>>) {
  const { name, url, enable, disable, login, substream, fingerprint } = options;
  const isEnabled = enable === true ? true : disable === true ? false : undefined;
  const changes = {
    ...settingsOf(options),
    ...areas,
    ...{ name, url, isEnabled },
    // Commander gives `false` for `--no-substream` and `--no-fingerprint`.
    substream: (substream as unknown) === false ? null : substream,
    fingerprint: (fingerprint as unknown) === false ? null : fingerprint,
    forgetLogin: login === false ? (true as const) : undefined,
  };
  const isEmpty = login === undefined && Object.values(changes).every((value) => value === undefined);
  if (!isEmpty) return changes;
  throw badInput('nothing-to-change', 'no option says what to change', {
    remedy: "Run 'rollcall camera change --help' to list the options.",
  });
}

function describeChange({ id, isEnabled, settings }: CameraDetails, what: string): string {
  const login = settings.credential === undefined ? 'without a login' : 'with a login';
  const next = isEnabled ? "'rollcall camera list' shows its state." : 'It is disabled.';
  const watched = settings.substream === undefined ? '' : `, substream ${settings.substream}`;
  return `${id} is ${what}: ${settings.url}${watched}, ${login}. ${next}`;
}
