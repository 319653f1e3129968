import { cameraFiles, cameraIdsIn } from './camera-files.js';
import { channelFiles, channelIdsIn } from './channel-files.js';
import { itemsOf } from './cross-checks.js';
import type { ConfigTexts } from './last-good-file.js';
import { type OwnFile, type OwnFileKind, ownFilePath } from './own-files.js';
import { valueAt } from './problem.js';
import { wholeFile } from './yaml-positions.js';
import { parseYaml } from './yaml-text.js';

/** How files of a kind are found missing. */
interface Losable {
  readonly kind: OwnFileKind;
  readonly idsIn: (raw: unknown) => ReadonlySet<unknown>;
  /** Where an alert rule names them. */
  readonly key: 'cameras' | 'channels';
  readonly message: string;
}

const cameras: Losable = {
  kind: cameraFiles,
  idsIn: (raw) => cameraIdsIn(valueAt(raw, ['cameras'])),
  key: 'cameras',
  message: 'the file is missing, and alert rules are about its camera',
};
const channels: Losable = {
  kind: channelFiles,
  idsIn: (raw) => channelIdsIn(valueAt(raw, ['alerts'])),
  key: 'channels',
  message: 'the file is missing, and rules send alerts to its channel',
};

/** The files of the box with cameras and with alert channels. */
export interface FilesOfBox {
  readonly cameras: readonly OwnFile[];
  readonly channels: readonly OwnFile[];
}

/**
 * The files together with those that are gone: rules of the configuration that was in force last name what they held. `kept`: its
 * texts, which need no seal, because something lost does nothing. `found`: the files that are there, or that a change removes. Pure.
 */
export function withLostFiles(dataDir: string, kept: ConfigTexts | undefined, found: FilesOfBox): FilesOfBox {
  const texts = kept === undefined ? [] : [kept.file, kept.settings].map(rawOf);
  return {
    cameras: [...found.cameras, ...lostOf(cameras, found.cameras, texts, dataDir)],
    channels: [...found.channels, ...lostOf(channels, found.channels, texts, dataDir)],
  };
}

function rawOf(text: string): unknown {
  const parsed = parseYaml(text);
  return 'raw' in parsed ? parsed.raw : undefined;
}

function lostOf(
  { kind, idsIn, key, message }: Losable,
  found: readonly OwnFile[],
  texts: readonly unknown[],
  dataDir: string,
): readonly OwnFile[] {
  const known = new Set([...found.map(({ id }) => id), ...texts.flatMap((raw) => [...idsIn(raw)])]);
  const rules = texts.flatMap((raw) => itemsOf(valueAt(raw, ['alerts', 'rules'])));
  const named = rules.flatMap((rule) => (Array.isArray(rule[key]) ? (rule[key] as unknown[]) : []));
  const lost = [...new Set(named)].filter((id) => typeof id === 'string').filter((id) => !known.has(id));
  return lost.map((id) => {
    const remedy = `Add the ${kind.noun} "${id}" again in the console, or remove it from the rules.`;
    const content = { ...wholeFile, path: '', message, remedy };
    return { path: ownFilePath(kind, dataDir, id), id, content, isLost: true };
  });
}
