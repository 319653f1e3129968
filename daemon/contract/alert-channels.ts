import { z } from 'zod';
import { channelKinds } from '../kernel/alerts/channel-kind.js';
import { table } from '../kernel/text-table.js';
import { ifRevision, operation } from './operation.js';

const id = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?$/)
  .describe(
    'Lower-case letters, digits, "-" and "_", beginning and ending with a letter or digit. It names the channel in rules and cannot be changed.',
  );
const knownId = z.string().min(1).max(64).describe('The id of a channel that the box keeps itself.');
const kind = z.enum(channelKinds);
const line = z.string().min(1).max(2048);

/** All settings of a channel; those of other kinds are refused: docs/reference/configuration.md has the bounds and the defaults. */
export const channelSettings = z.strictObject({
  url: line
    .exactOptional()
    .describe(
      'Of a webhook, ntfy and SMS: the address that alerts are posted to. Of Telegram: the server of the Bot API, if it is your own.',
    ),
  host: line.exactOptional().describe('Of e-mail: the mail server.'),
  port: z.int().min(1).max(65_535).exactOptional(),
  tls: z.string().max(20).exactOptional().describe('Of e-mail: `starttls` (default) or `implicit`.'),
  from: line.exactOptional().describe('Of e-mail and SMS: the sender.'),
  to: z.array(line).max(20).exactOptional().describe('Of e-mail: the recipients.'),
  chat: line.exactOptional().describe('Of Telegram: the chat.'),
  number: line.exactOptional().describe('Of SMS: the phone number that receives the messages.'),
  contact: line
    .exactOptional()
    .describe('Of push: e-mail address of the owner of the box, which push services get with every alert.'),
  hosts: z
    .array(line)
    .max(20)
    .exactOptional()
    .describe(
      'Of push: the hosts of push services that the box may post to. Absent: those of the makers of browsers.',
    ),
});

const given = {
  kind,
  settings: channelSettings,
};

/** A channel. Only one that the box keeps itself shows where it leads. */
export const channelDetails = z.object({
  id: z.string(),
  kind: kind.exactOptional().describe('Absent if the file of the channel cannot be used.'),
  isOwn: z.boolean().describe('False: the channel is in the configuration file, and is changed there.'),
  revision: z.int().positive().exactOptional(),
  hasSecret: z
    .boolean()
    .exactOptional()
    .describe('Whether the box keeps a secret for it. It is never shown.'),
  settings: channelSettings.exactOptional(),
  problem: z.string().exactOptional().describe('Why the channel cannot be used: nothing is sent by it.'),
});
export type ChannelDetails = z.infer<typeof channelDetails>;

const secret = {
  isRequired: false,
  maximumBytes: 1024,
  description:
    'Of a webhook: what signs the requests, at least 16 bytes. Of e-mail and SMS: `user:password` of the server. Of ntfy: an access token. Of Telegram: the token of the bot. The box keeps it sealed and never shows it.',
} as const;

const changeErrors = [
  ...([
    'channel-refused',
    'channel-address-refused',
    'channel-secret-form',
    'login-form',
    'webhook-secret-short',
  ] as const),
  ...(['configuration-refused', 'starting', 'audit-key-missing'] as const),
  ...(['key-file-exists', 'key-file-not-written', 'key-file-not-moved', 'own-file-not-changed'] as const),
] as const;
const guarded = ['no-such-channel', 'channel-of-configuration'] as const;

/** Where alerts go decides who learns of them: administrators only, with a fresh proof, and a second person where settings need one. */
const guards = {
  scope: 'config:write',
  audit: 'write',
  needsStepUp: true,
  secondPerson: 'settings',
  isLong: true,
} as const;

function describeChannels(channels: readonly ChannelDetails[]): string {
  if (channels.length === 0) return 'There are no alert channels.';
  const rows = channels.map(({ id: channel, kind: of = '-', isOwn, settings: found, problem }) => {
    const server = found?.url ?? found?.host ?? found?.chat ?? '-';
    return [channel, of, isOwn ? 'box' : 'configuration file', problem ?? server];
  });
  return table(['channel', 'kind', 'kept in', 'server'], rows);
}

export const alertChannelOperations = {
  'alerts.channels': operation({
    method: 'GET',
    path: '/alert-channels',
    summary: 'List the alert channels and the settings of those that the box keeps itself.',
    description: 'Secrets are never shown, and of channels in the configuration file only id and kind.',
    answer: { kind: 'json', schema: z.array(channelDetails).readonly() },
    errors: [],
    // Services take the path of an address for a secret.
    scope: 'config:write',
    rate: 'default',
    commandLines: [
      {
        words: 'alerts channels',
        does: 'list the alert channels and where they lead',
        text: describeChannels,
        examples: [
          ['rollcall alerts channels', 'show the channels of the box and of the configuration file'],
        ],
      },
    ],
  }),
  'alerts.create-channel': operation({
    ...guards,
    method: 'POST',
    path: '/alert-channels',
    summary: 'Add an alert channel that the box keeps itself.',
    description:
      'The configuration file does not change. Nothing is sent until a rule names the channel; `alerts.test` tries it. A server on the box itself or on its link is refused (`channel-address-refused`), unless `api.channelNetworks` allows it.',
    input: z.strictObject({ id, ...given }),
    secrets: { secret },
    answer: { kind: 'json', schema: channelDetails },
    creates: { id: 'id', foundBy: 'alerts.channels' },
    errors: ['channel-exists', 'too-many-channels', ...changeErrors],
    rate: 'addresses',
  }),
  'alerts.change-channel': operation({
    ...guards,
    method: 'PUT',
    path: '/alert-channels/{id}',
    summary: 'Replace the settings of an alert channel that the box keeps itself.',
    description:
      'Without a secret, the stored one stays. A change of kind, address, host, port or protection needs the secret again: otherwise it could be sent to another server.',
    input: z.strictObject({
      ...{ id: knownId, ifRevision, ...given },
      forgetSecret: z.literal(true).optional().describe('Delete the stored secret.'),
    }),
    secrets: { secret },
    answer: { kind: 'json', schema: channelDetails },
    errors: [...guarded, 'changed-meanwhile', 'channel-secret-needed', 'channel-altered', ...changeErrors],
    rate: 'addresses',
  }),
  'alerts.delete-channel': operation({
    ...guards,
    method: 'DELETE',
    path: '/alert-channels/{id}',
    summary: 'Remove an alert channel that the box keeps itself, and its secret.',
    description: 'Refused while a rule names it. Alerts that wait for the channel are given up.',
    input: z.strictObject({ id: knownId }),
    answer: { kind: 'json', schema: z.object({ id: z.string() }) },
    errors: [...guarded, 'channel-in-use', ...changeErrors],
    rate: 'default',
    commandLines: [
      {
        words: 'alerts remove-channel',
        does: 'remove an alert channel that the box keeps itself, and its secret',
        arguments: { id: ['channel', 'id of the channel'] },
        confirms: ({ input: { id: channel } }) =>
          `The box removes the channel "${channel}" and deletes its secret. Alerts that wait for it are given up.`,
        text: (_: unknown, { input: { id: channel } }) => `${channel} is removed.`,
        examples: [['rollcall alerts remove-channel guards', 'remove a channel that no rule uses']],
      },
    ],
  }),
} as const;
