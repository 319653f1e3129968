import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type ChannelKind, channelKinds } from '../../kernel/alerts/channel-kind.js';
import { messageOf } from '../../kernel/errors.js';
import { isSlug } from '../../kernel/ids.js';
import { emailSchema, ntfySchema, smsSchema, telegramSchema, webhookSchema } from './alert-channel-schema.js';
import type { ConfigProblem, UnusableChannelFile } from './config-problem.js';
import { itemsOf } from './cross-checks.js';
import type { OwnChannel } from './own-channel.js';
import { explainIssue, valueAt } from './problem.js';
import { readText } from './read-text.js';
import { wholeFile } from './yaml-positions.js';

/** A file with one alert channel that the box keeps itself. */
export interface ChannelFile {
  readonly path: string;
  readonly id: string;
  /** Its text, or why it cannot be read. Undefined: as if there were no such file. */
  readonly content: { readonly text: string } | ConfigProblem | undefined;
}

/** Where the configuration keeps the channels of a kind, and what checks one. */
export const channelLists = {
  webhook: { name: 'webhooks', schema: webhookSchema },
  email: { name: 'emails', schema: emailSchema },
  ntfy: { name: 'ntfy', schema: ntfySchema },
  telegram: { name: 'telegram', schema: telegramSchema },
  sms: { name: 'sms', schema: smsSchema },
} as const satisfies Record<ChannelKind, { readonly name: string; readonly schema: z.ZodType }>;

const fileSchema = z.strictObject({
  kind: z.enum(channelKinds),
  settings: z.record(z.string(), z.unknown()),
  sealed: z.base64(),
});

const ending = '.json';

/** The folder of the channel files. Only the daemon and root may write to it. */
export const channelFolder = (dataDir: string): string => join(dataDir, 'channels.d');

/** The file of a channel that the box keeps itself. */
export const channelFilePath = (dataDir: string, id: string): string =>
  join(channelFolder(dataDir), `${id}${ending}`);

/** The text of a channel file. */
export function channelFileText({ kind, settings, sealed }: Omit<OwnChannel, 'id'>): string {
  return `${JSON.stringify({ kind, settings: JSON.parse(settings) as unknown, sealed }, null, 2)}\n`;
}

/** Reads all channel files. A folder that cannot be read is reported like a file. Other files in it are none of them. */
export async function readChannelFiles(dataDir: string): Promise<readonly ChannelFile[]> {
  const folder = channelFolder(dataDir);
  try {
    const names = await readdir(folder);
    const ids = names.filter((name) => name.endsWith(ending)).map((name) => name.slice(0, -ending.length));
    return await Promise.all(ids.filter(isSlug).sort().map(readChannelFile));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    const message = `the folder cannot be read: ${messageOf(error)}`;
    const remedy = 'Run this command as root, and check the disk.';
    return [{ path: folder, id: '', content: { ...wholeFile, path: '', message, remedy } }];
  }
  async function readChannelFile(id: string): Promise<ChannelFile> {
    const path = channelFilePath(dataDir, id);
    return { path, id, content: await readText(path) };
  }
}

/** Channels that can be used, and files that cannot. */
interface JudgedChannels {
  readonly channels: readonly OwnChannel[];
  readonly unusable: readonly UnusableChannelFile[];
}

/** Separates the files that can be used from those that cannot. `alerts`: this section of the configuration file. Pure. */
export function judgeChannelFiles(files: readonly ChannelFile[], alerts: unknown): JudgedChannels {
  const ids = channelIdsIn(alerts);
  const channels: OwnChannel[] = [];
  const unusable: UnusableChannelFile[] = [];
  for (const { path, id, content } of files) {
    if (content === undefined) continue;
    const judged = ids.has(id) ? { problems: [repeated(id, path)] } : judge(id, content);
    if ('channel' in judged) channels.push(judged.channel);
    else
      unusable.push({ path, id, problems: judged.problems.map((problem) => ({ ...problem, file: path })) });
  }
  return { channels, unusable };
}

/** The ids of all channels in the section `alerts`. */
export const channelIdsIn = (alerts: unknown): ReadonlySet<unknown> =>
  new Set(
    Object.values(channelLists).flatMap(({ name }) => itemsOf(valueAt(alerts, [name])).map(({ id }) => id)),
  );

function repeated(id: string, path: string): ConfigProblem {
  return {
    ...wholeFile,
    path: '',
    message: `the configuration file also has a channel "${id}"; that one is used`,
    remedy: `Remove it from the configuration file, or delete ${path}.`,
  };
}

function judge(
  id: string,
  content: { readonly text: string } | ConfigProblem,
): { readonly channel: OwnChannel } | { readonly problems: readonly ConfigProblem[] } {
  if (!('text' in content)) return { problems: [content] };
  const parsed = fileSchema.safeParse(jsonOf(content.text));
  if (!parsed.success) {
    const message = 'the file is damaged: it does not have the form of a channel';
    const remedy = `Run 'rollcall alerts remove-channel ${id}', and add the channel again.`;
    return { problems: [{ ...wholeFile, path: '', message, remedy }] };
  }
  const { kind, settings, sealed } = parsed.data;
  const problems = channelProblems(kind, { ...settings, id });
  if (problems.length > 0) return { problems };
  return { channel: { id, kind, settings: JSON.stringify(settings), sealed } };
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
  const result = schema.safeParse(settings);
  if (result.success) return [];
  const place = ['alerts', name, 0];
  return result.error.issues
    .map((issue) => ({ ...issue, path: [...place, ...issue.path] }))
    .flatMap((issue) => explainIssue(issue, (path) => valueAt(settings, path.slice(place.length))))
    .map((problem) => ({ ...wholeFile, ...problem, path: problem.path.slice(place.length).join('.') }));
}

/**
 * The configuration with the channels of the box behind those of the file. A file that cannot be used has a placeholder: a rule
 * that names it is not wrong.
 */
export function withChannels(raw: unknown, { channels, unusable }: JudgedChannels): unknown {
  const alerts = valueAt(raw, ['alerts']) ?? {};
  const isRecord = typeof raw === 'object' && raw !== null && typeof alerts === 'object';
  if (!isRecord || (channels.length === 0 && unusable.length === 0)) return raw;
  const known = channelIdsIn(alerts);
  const added = (kind: ChannelKind): readonly unknown[] => [
    ...channels
      .filter((channel) => channel.kind === kind)
      .map(({ id, settings }) => ({ ...(JSON.parse(settings) as object), id })),
    ...unusable
      .filter(({ id }) => kind === 'webhook' && id !== '' && !known.has(id))
      .map(({ id }) => ({ id, url: placeholderUrl, secret: 'none' })),
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
