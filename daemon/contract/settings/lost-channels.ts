import { type ChannelFile, channelFilePath, channelIdsIn } from './channel-files.js';
import { itemsOf } from './cross-checks.js';
import type { ConfigTexts } from './last-good-file.js';
import { valueAt } from './problem.js';
import { wholeFile } from './yaml-positions.js';
import { parseYaml } from './yaml-text.js';

/**
 * The channel files that are gone: rules of the configuration that was in force last name their channels. `kept`: its texts, which
 * need no seal, because a lost channel only sends nothing. `found`: the files that are there, or that a change removes. Pure.
 */
export function lostChannelFiles(
  dataDir: string,
  kept: ConfigTexts | undefined,
  found: readonly ChannelFile[],
): readonly ChannelFile[] {
  if (kept === undefined) return [];
  const sections = [kept.file, kept.settings].map(alertsIn);
  const known = new Set([
    ...found.map(({ id }) => id),
    ...sections.flatMap((each) => [...channelIdsIn(each)]),
  ]);
  const named = sections.flatMap((alerts) => itemsOf(valueAt(alerts, ['rules']))).flatMap(channelsOfRule);
  return [...new Set(named)].filter((id) => !known.has(id)).map((id) => lostFile(dataDir, id));
}

function alertsIn(text: string): unknown {
  const parsed = parseYaml(text);
  return 'raw' in parsed ? valueAt(parsed.raw, ['alerts']) : undefined;
}

const channelsOfRule = ({ channels }: { readonly [key: string]: unknown }): readonly string[] =>
  Array.isArray(channels) ? channels.filter((id) => typeof id === 'string') : [];

function lostFile(dataDir: string, id: string): ChannelFile {
  const message = 'the file is missing, and rules send alerts to its channel';
  const remedy = `Add the channel "${id}" again in the console, or remove it from the rules.`;
  return { path: channelFilePath(dataDir, id), id, content: { ...wholeFile, path: '', message, remedy } };
}
