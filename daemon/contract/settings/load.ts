import { parseDocument } from 'yaml';
import { present } from '../../kernel/present.js';
import { cameraFiles, judgeCameraFiles } from './camera-files.js';
import {
  isOwnSetting,
  parseSettings,
  readSettingsFile,
  type SettingsFile,
  settingsFilePath,
  settingsIn,
  settingsTextOf,
  withSettings,
} from './changeable-settings.js';
import { channelFiles, isPlaceholder, judgeChannelFiles, withChannels } from './channel-files.js';
import { type ConfigProblem, mostProblems, type UnusableFile } from './config-problem.js';
import { type ConfigTexts, readLastGood } from './last-good-file.js';
import { type FilesOfBox, withLostFiles } from './lost-files.js';
import { idsWithoutItem, type OwnFile, readOwnFiles } from './own-files.js';
import { explainIssue, valueAt } from './problem.js';
import { readText } from './read-text.js';
import { timeZoneField } from './scalars.js';
import { type Config, configSchema, fileSchema } from './schema.js';
import { wholeFile } from './yaml-positions.js';
import { parseYaml } from './yaml-text.js';

const noSettings: SettingsFile = { path: '', content: undefined };

/** A configuration with the texts that it is made of, or all problems of the file in the order of its lines. */
export type LoadedConfig =
  | { readonly ok: true; readonly config: Config; readonly texts: ConfigTexts }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

export interface LoadOptions {
  /** Where the camera files lie. Default: the folder that the file names. */
  readonly dataDir?: string;
  /** Takes the place of the camera or channel file with its path, so that a change can be checked before it is written. */
  readonly instead?: Partial<Record<keyof FilesOfBox, OwnFile>>;
  /** Takes the place of the text of the settings file, for the same purpose. */
  readonly settings?: string;
}

/**
 * Reads and checks a YAML configuration file, and the settings file, the camera files and the channel files beside the data of the
 * box. A camera or channel whose file was lost is unusable like one whose file is damaged: it must not keep the box from its start.
 * Never throws for an unusable file.
 */
export async function loadConfig(
  path: string,
  { dataDir: givenDir, instead, settings }: LoadOptions = {},
): Promise<LoadedConfig> {
  const read = await readText(path);
  if (!('text' in read)) return { ok: false, problems: [read] };
  const dataDir = givenDir ?? folderIn('dataDir', read.text);
  const found = await readFilesOfBox(dataDir, instead);
  const own =
    settings === undefined
      ? await readSettingsFile(dataDir)
      : { path: settingsFilePath(dataDir), content: { text: settings } };
  const loaded = parseConfig(read.text, found.cameras, own, found.channels);
  if (loaded.ok) return loaded;
  const { cameras, channels } = withLostFiles(dataDir, await readLastGood(dataDir), found);
  return parseConfig(read.text, cameras, own, channels);
}

/** Reads the camera files and the channel files; `instead` as for `loadConfig`. */
export async function readFilesOfBox(
  dataDir: string,
  instead: LoadOptions['instead'] = {},
): Promise<FilesOfBox> {
  const replaced = (files: readonly OwnFile[], given: OwnFile | undefined): readonly OwnFile[] =>
    given === undefined ? files : [...files.filter(({ path }) => path !== given.path), given];
  return {
    cameras: replaced(await readOwnFiles(cameraFiles, dataDir), instead.cameras),
    channels: replaced(await readOwnFiles(channelFiles, dataDir), instead.channels),
  };
}

/** The folders of data and secrets by the file at `path`, which may be invalid; the defaults where the file does not tell. */
export async function findFolders(
  path: string,
): Promise<{ readonly dataDir: string; readonly secretsDir: string }> {
  const read = await readText(path);
  const text = 'text' in read ? read.text : '';
  return { dataDir: foundFolder('dataDir', text), secretsDir: foundFolder('secretsDir', text) };
}

function foundFolder(name: FolderName, text: string): string {
  // A file that is not valid YAML usually still has its line.
  const [, line] = new RegExp(`^${name}:\\s*["']?([^"'#\\n]+?)["']?\\s*(?:#.*)?$`, 'm').exec(text) ?? [];
  return folderIn(name, line === undefined ? text : `${name}: ${JSON.stringify(line)}`);
}

type FolderName = 'dataDir' | 'secretsDir';

/** A folder of the box, as the file names it; the default where that cannot be read. */
function folderIn(name: FolderName, text: string): string {
  const parsed = parseYaml(text);
  const given = 'raw' in parsed ? valueAt(parsed.raw, [name]) : undefined;
  const schema = fileSchema.shape[name];
  return schema.safeParse(given).data ?? schema.parse(undefined);
}

/**
 * The socket path and the time zone in the file. The rest of the file may be invalid, because the daemon may still run
 * with an earlier version of it. Where a file is not valid YAML, they come from the copy that was in force last. A value that
 * cannot be read is absent.
 */
export async function loadSite(
  path: string,
): Promise<{ readonly socketPath?: string; readonly timeZone?: string }> {
  const read = await readText(path);
  if (!('text' in read)) return {};
  let document = parseDocument(read.text, { prettyErrors: false });
  if (document.errors.length > 0) {
    const kept = await readLastGood((await findFolders(path)).dataDir);
    if (kept === undefined) return {};
    document = parseDocument(kept.file, { prettyErrors: false });
  }
  const socketPath: unknown = document.getIn(['control', 'socketPath']);
  const control = fileSchema.shape.control.safeParse(socketPath === undefined ? {} : { socketPath });
  const timeZone = timeZoneField.safeParse(document.getIn(['site', 'timeZone']));
  return present({ socketPath: control.data?.socketPath, timeZone: timeZone.data });
}

/** Checks the text of a configuration file, of camera files, of a settings file and of channel files. Pure. */
export function parseConfig(
  text: string,
  files: readonly OwnFile[] = [],
  settings: SettingsFile = noSettings,
  channels: readonly OwnFile[] = [],
): LoadedConfig {
  const parsed = parseYaml(text);
  if (!('raw' in parsed)) return refuse(parsed.problems);
  const { raw: inFile, positions } = parsed;
  if (inFile === null) {
    const remedy = 'Start from config/rollcall.example.yaml.';
    return refuse([{ ...wholeFile, path: '', message: 'the file is empty', remedy }]);
  }
  const changed = parseSettings(settings);
  if ('problems' in changed) return refuse(changed.problems);
  const judged = judgeChannelFiles(channels, valueAt(inFile, ['alerts']));
  const raw = withChannels(withSettings(inFile, changed.raw), judged);
  const section = valueAt(raw, ['cameras']);
  const own = section === undefined ? [] : section;
  const { usable, unusable } = judgeCameraFiles(files, own);
  const result = configSchema.safeParse(withCameras(raw, own, [...usable, ...placeholdersOf(unusable)]));
  if (result.success) {
    const count = Array.isArray(own) ? own.length : 0;
    const cameras = result.data.cameras.slice(0, count + usable.length);
    return {
      ok: true,
      config: {
        ...result.data,
        cameras: cameras.map((camera, index) => (index < count ? camera : { ...camera, isOwn: true })),
        unusableCameraFiles: unusable,
        alerts: {
          ...result.data.alerts,
          webhooks: result.data.alerts.webhooks.filter((webhook) => !isPlaceholder(webhook)),
        },
        ownChannels: judged.usable,
        unusableChannelFiles: judged.unusable,
        ownSettings: settingsIn(changed.raw),
      },
      texts: { file: text, settings: settingsTextOf(settings) },
    };
  }
  return refuse(
    result.error.issues
      .slice(0, mostProblems)
      .flatMap((issue) => explainIssue(issue, (path) => valueAt(raw, path)))
      .slice(0, mostProblems)
      .map((problem) => {
        const path = problem.path.join('.');
        const isOwn = isOwnSetting(inFile, changed.raw, problem.path);
        if (!isOwn) return { ...positions.of(problem.path), ...problem, path };
        const place = changed.positions?.of(problem.path) ?? wholeFile;
        return { ...place, ...problem, path, file: changed.path };
      }),
  );
}

/** Left as it is where nothing is added, or where the section is no list, which the schema reports. */
function withCameras(raw: unknown, own: unknown, added: readonly unknown[]): unknown {
  const isRecord = typeof raw === 'object' && raw !== null && !Array.isArray(raw);
  if (added.length === 0 || !isRecord || !Array.isArray(own)) return raw;
  return { ...raw, cameras: [...own, ...added] };
}

/** Stand for cameras whose files cannot be used: an alert that names one is not wrong. */
const placeholdersOf = (unusable: readonly UnusableFile[]): readonly unknown[] =>
  [...idsWithoutItem(unusable)].map((id) => ({ id, name: id, url: 'rtsp://localhost/', enabled: false }));

function refuse(problems: readonly ConfigProblem[]): LoadedConfig {
  return { ok: false, problems: [...problems].sort((a, b) => a.line - b.line || a.column - b.column) };
}
