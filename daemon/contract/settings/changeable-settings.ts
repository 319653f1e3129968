import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConfigProblem } from './config-problem.js';
import { wholeSettings } from './diff.js';
import { valueAt } from './problem.js';
import { readText } from './read-text.js';
import type { YamlPositions } from './yaml-positions.js';
import { parseYaml } from './yaml-text.js';

/** The file with the settings that the box keeps itself: those that were changed over the API. */
export interface SettingsFile {
  readonly path: string;
  /** Its text, or why it cannot be read. Undefined: there is no such file. */
  readonly content: { readonly text: string } | ConfigProblem | undefined;
}

/**
 * What may be changed over the API: what the box decides, reports and keeps. Never where data goes, who reaches the box, which
 * secrets and files it uses, who must approve, and how long the traces of changes stay.
 */
const changeable: readonly string[] = [
  ...[
    'attendance',
    'rules',
    'identification',
    'evidence',
    'clips',
    'alerts.rules',
    'persons',
    'disk',
    'logging',
  ],
  ...['liveness.attackAfterS', 'liveness.minimumBlinks', 'liveness.require', 'liveness.promptDelayS'],
  ...['vision.processes', 'vision.threads', 'vision.detector', 'vision.landmarks', 'vision.passivePad'],
  ...['retention', 'backups.schedule', 'backups.keep'],
];

/** Exceptions: these prove what happened, and that an erased person stays erased. */
const guarded: readonly string[] = [
  'retention.auditEntries',
  'retention.tombstones',
  'retention.databaseCopies',
];

const isBelow = (path: string, others: readonly string[]): boolean =>
  others.some((other) => path === other || path.startsWith(`${other}.`));

/** True if the setting at this dotted path may be changed over the API. */
export const isChangeable = (path: string): boolean => isBelow(path, changeable) && !isBelow(path, guarded);

export const settingsFilePath = (dataDir: string): string => join(dataDir, 'settings.yaml');

export async function readSettingsFile(dataDir: string): Promise<SettingsFile> {
  const path = settingsFilePath(dataDir);
  try {
    await access(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { path, content: undefined };
  }
  return { path, content: await readText(path) };
}

/** The text of the settings file; empty where there is none, or where it cannot be read. */
export const settingsTextOf = ({ content }: SettingsFile): string =>
  content !== undefined && 'text' in content ? content.text : '';

/** The values of a settings file and their places, or its problems. `raw` is undefined where it has no values. */
type ParsedSettings =
  | { readonly raw: Tree | undefined; readonly path: string; readonly positions?: YamlPositions }
  | { readonly problems: readonly ConfigProblem[] };

/** A part of a parsed YAML file. */
type Tree = Readonly<Record<string, unknown>>;

const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads the values of a settings file. One that may not be changed over the API is a problem. Pure. */
export function parseSettings({ path, content }: SettingsFile): ParsedSettings {
  const inFile = (problems: readonly ConfigProblem[]): ParsedSettings => ({
    problems: problems.map((problem) => ({ ...problem, file: path })),
  });
  if (content === undefined) return { raw: undefined, path };
  if (!('text' in content)) return inFile([content]);
  const parsed = parseYaml(content.text);
  if ('problems' in parsed) return inFile(parsed.problems);
  const { raw, positions } = parsed;
  if (raw === null) return { raw: undefined, path };
  if (!isTree(raw)) {
    const message = 'the file does not have sections of the configuration';
    return inFile([{ line: 1, column: 1, path: '', message, remedy: 'Write a section such as "rules:".' }]);
  }
  const foreign = wholeSettings().filter(
    (setting) => !isChangeable(setting.path.join('.')) && valueAt(raw, setting.path) !== undefined,
  );
  const isWithCameras = valueAt(raw, ['cameras']) !== undefined;
  const paths = [...foreign.map((setting) => setting.path), ...(isWithCameras ? [['cameras']] : [])];
  if (paths.length === 0) return { raw, path, positions };
  return inFile(
    paths.map((each) => ({
      ...positions.of(each),
      path: each.join('.'),
      message: 'cannot be set here',
      remedy: 'Set it in the configuration file, and remove it here.',
    })),
  );
}

/** The settings of the file, with those of the box in their place. Sections are joined; a list is taken as a whole. */
export function withSettings(file: unknown, own: unknown): unknown {
  if (own === undefined || (file !== undefined && isTree(own) && !isTree(file))) return file;
  if (!isTree(file) || !isTree(own)) return own;
  const joined = Object.keys(own).map((key) => [key, withSettings(valueAt(file, [key]), own[key])] as const);
  return { ...file, ...Object.fromEntries(joined) };
}

/** True if the value at `path` of what `withSettings` returns is one of the box. */
export function isOwnSetting(file: unknown, own: unknown, path: readonly (string | number)[]): boolean {
  const [key, ...rest] = path;
  if (own === undefined || (file !== undefined && isTree(own) && !isTree(file))) return false;
  if (key === undefined || !isTree(file) || !isTree(own)) return true;
  return isOwnSetting(valueAt(file, [key]), valueAt(own, [key]), rest);
}

/** The dotted paths of the settings that the file sets. */
export function settingsIn(raw: unknown): readonly string[] {
  // Most boxes have no such file, and the list of all settings takes a part of every start.
  if (raw === undefined) return [];
  return wholeSettings()
    .filter(({ path }) => valueAt(raw, path) !== undefined)
    .map(({ path }) => path.join('.'));
}
