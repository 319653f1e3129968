import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ChannelDetails } from '../contract/alert-channels.js';
import { type ChannelKind, channelKinds } from '../kernel/alerts/channel-kind.js';
import { badInput } from '../kernel/errors.js';
import { type CommonOptions, withCommonOptions } from './common-options.js';
import type { RegisterByHand } from './derived-commands.js';
import { readPassphrase, wipeAfter } from './key/key-passphrase.js';
import { showAnswer } from './show-answer.js';

type Settings = NonNullable<ChannelDetails['settings']>;

interface SettingOptions extends CommonOptions {
  readonly kind?: ChannelKind;
  readonly secret?: boolean;
  readonly url?: string;
  readonly host?: string;
  readonly port?: number;
  readonly tls?: string;
  readonly from?: string;
  readonly to?: string[];
  readonly chat?: string;
  readonly number?: string;
  readonly contact?: string;
}

/** `add-channel` and `change-channel`: alert channels that the box keeps itself. */
export function registerAlertChannels(...[groupOf, addDerived]: Parameters<RegisterByHand>): void {
  addDerived('alerts channels');
  const alerts = groupOf('alerts');
  registerAdd(alerts);
  registerChange(alerts);
  addDerived();
}

function withSettings(command: Command): Command {
  return withCommonOptions(command)
    .addOption(
      new Option('--kind <kind>', 'how alerts are sent; by default, a new channel is a webhook').choices(
        channelKinds,
      ),
    )
    .option('--url <address>', 'of a webhook, ntfy and SMS: https:// address that alerts are posted to')
    .option('--host <name>', 'of e-mail: the mail server')
    .option('--port <number>', 'of e-mail: port of the mail server', parsePort)
    .addOption(
      new Option('--tls <way>', 'of e-mail: how the connection is protected').choices([
        'starttls',
        'implicit',
      ]),
    )
    .option('--from <address>', 'of e-mail and SMS: the sender')
    .option('--to <address...>', 'of e-mail: the recipients')
    .option('--chat <chat>', 'of Telegram: number of the chat, or @name of a public channel')
    .option('--number <number>', 'of SMS: phone number with + and country code')
    .option('--contact <address>', 'of push: e-mail address of the owner, which push services get')
    .option('--secret', 'ask for the secret of the channel, or read it from standard input');
}

function registerAdd(alerts: Command): void {
  withSettings(alerts.command('add-channel'))
    .argument('<id>', 'name of the channel in rules: lower-case letters, digits, "-" and "_"')
    .description('add an alert channel that the box keeps itself; the configuration file does not change')
    .action((id: string, options: SettingOptions) =>
      showAnswer(
        options,
        async ({ client }) => {
          const { kind = channelKinds[0] } = options;
          const input = { id, kind, settings: settingsOf(options) };
          return await withSecret(options, (secret) =>
            client.call('alerts.create-channel', { ...input, secret }),
          );
        },
        (added) => `${added.id} is added. 'rollcall alerts test ${added.id}' tries it.`,
      ),
    );
}

function registerChange(alerts: Command): void {
  withSettings(alerts.command('change-channel'))
    .argument('<id>', 'id of a channel that the box keeps itself')
    .option('--no-secret', 'delete the stored secret')
    .description('change an alert channel that the box keeps itself; what is not given stays')
    .action((id: string, options: SettingOptions) =>
      showAnswer(
        options,
        async ({ client }) => {
          const settings = settingsOf(options);
          if (
            Object.keys(settings).length === 0 &&
            options.kind === undefined &&
            options.secret === undefined
          )
            throw badInput('nothing-to-change', 'no option says what to change', {
              remedy: "Run 'rollcall alerts change-channel --help' to list the options.",
            });
          const before = (await client.call('alerts.channels', {})).find((each) => each.id === id);
          const kind = options.kind ?? before?.kind ?? channelKinds[0];
          const kept = kind === before?.kind ? before.settings : {};
          const forgetSecret = options.secret === false ? (true as const) : undefined;
          const input = { id, kind, settings: { ...kept, ...settings }, forgetSecret };
          return await withSecret(options, (secret) =>
            client.call('alerts.change-channel', { ...input, ifRevision: before?.revision, secret }),
          );
        },
        (changed) => `${changed.id} is changed. 'rollcall alerts test ${changed.id}' tries it.`,
      ),
    );
}

function settingsOf({ url, host, port, tls, from, to, chat, number, contact }: SettingOptions): Settings {
  const given = { url, host, port, tls, from, to, chat, number, contact };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** Asks for the secret where the options want one: all users of a machine can read the arguments of a command. */
async function withSecret<Result>(
  { secret }: SettingOptions,
  send: (secret: Buffer | undefined) => Promise<Result>,
): Promise<Result> {
  const question = 'secret of the channel: ';
  return await wipeAfter(
    secret === true ? await readPassphrase(question, undefined, 'secret') : undefined,
    send,
  );
}

function parsePort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new InvalidArgumentError('It must be a number from 1 to 65535.');
}
