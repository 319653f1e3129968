import { z } from 'zod';
import { type ChannelKind, channelKinds } from '../../kernel/alerts/channel-kind.js';
import {
  emailSchema,
  ntfySchema,
  pushSchema,
  smsSchema,
  telegramSchema,
  webhookSchema,
} from './alert-channel-schema.js';
import type { ConfigProblem } from './config-problem.js';
import { itemsOf } from './cross-checks.js';
import type { OwnChannel } from './own-channel.js';
import {
  idsWithoutItem,
  type Judged,
  type JudgedFiles,
  judgeOwnFiles,
  type OwnFile,
  problemsAt,
} from './own-files.js';
import { valueAt } from './problem.js';
import { wholeFile } from './yaml-positions.js';

/** The alert channels that the box keeps itself: sealed files. */
export const channelFiles = { noun: 'channel', folder: 'channels.d', ending: '.json' } as const;

/** Where the configuration keeps the channels of a kind, and what checks one. */
export const channelLists = {
  webhook: { name: 'webhooks', schema: webhookSchema },
  email: { name: 'emails', schema: emailSchema },
  ntfy: { name: 'ntfy', schema: ntfySchema },
  telegram: { name: 'telegram', schema: telegramSchema },
  sms: { name: 'sms', schema: smsSchema },
  push: { name: 'push', schema: pushSchema },
} as const satisfies Record<ChannelKind, { readonly name: string; readonly schema: z.ZodType }>;

const fileSchema = z.strictObject({
  kind: z.enum(channelKinds),
  settings: z.record(z.string(), z.unknown()),
  sealed: z.base64(),
});

/** The text of a channel file. */
export function channelFileText({ kind, settings, sealed }: Omit<OwnChannel, 'id'>): string {
  return `${JSON.stringify({ kind, settings: JSON.parse(settings) as unknown, sealed }, null, 2)}\n`;
}

/** `alerts`: this section of the configuration file. Pure. */
export const judgeChannelFiles = (files: readonly OwnFile[], alerts: unknown): JudgedFiles<OwnChannel> =>
  judgeOwnFiles(files, 'channel', channelIdsIn(alerts), judge);

/** The ids of all channels in the section `alerts`. */
export const channelIdsIn = (alerts: unknown): ReadonlySet<unknown> =>
  new Set(
    Object.values(channelLists).flatMap(({ name }) => itemsOf(valueAt(alerts, [name])).map(({ id }) => id)),
  );

function judge(id: string, text: string): Judged<OwnChannel> {
  const parsed = fileSchema.safeParse(jsonOf(text));
  if (!parsed.success) {
    const message = 'the file is damaged: it does not have the form of a channel';
    const remedy = `Run 'rollcall alerts remove-channel ${id}', and add the channel again.`;
    return { problems: [{ ...wholeFile, path: '', message, remedy }] };
  }
  const { kind, settings, sealed } = parsed.data;
  const problems = channelProblems(kind, { ...settings, id });
  if (problems.length > 0) return { problems };
  return { item: { id, kind, settings: JSON.stringify(settings), sealed } };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What is wrong with the settings of a channel, explained as at its place in the configuration file. */
export function channelProblems(kind: ChannelKind, settings: unknown): readonly ConfigProblem[] {
  const { name, schema } = channelLists[kind];
  return problemsAt(['alerts', name, 0], schema, settings).map((problem) => ({
    ...{ ...wholeFile, ...problem },
    path: problem.path.join('.'),
  }));
}

/**
 * The configuration with the channels of the box behind those of the file. A file that cannot be used has a placeholder: a rule
 * that names it is not wrong.
 */
export function withChannels(raw: unknown, { usable, unusable }: JudgedFiles<OwnChannel>): unknown {
  const alerts = valueAt(raw, ['alerts']) ?? {};
  const isRecord = typeof raw === 'object' && raw !== null && typeof alerts === 'object';
  if (!isRecord || (usable.length === 0 && unusable.length === 0)) return raw;
  const added = (kind: ChannelKind): readonly unknown[] => [
    ...usable
      .filter((channel) => channel.kind === kind)
      .map(({ id, settings }) => ({ ...(JSON.parse(settings) as object), id })),
    ...(kind === 'webhook' ? [...idsWithoutItem(unusable)] : []).map((id) => ({
      ...{ id, url: placeholderUrl, secret: 'none' },
    })),
  ];
  const joined = channelKinds.map((kind) => {
    const { name } = channelLists[kind];
    const before = valueAt(alerts, [name]) ?? [];
    // Where the section is no list, the schema reports it.
    return [name, Array.isArray(before) ? [...before, ...added(kind)] : before] as const;
  });
  return { ...raw, alerts: { ...alerts, ...Object.fromEntries(joined) } };
}

const placeholderUrl = 'https://channel-file-unusable.invalid/';

/** True for what `withChannels` adds in place of a channel whose file cannot be used. */
export const isPlaceholder = ({ url }: { readonly url: string }): boolean => url === placeholderUrl;
