import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../kernel/errors.js';
import { isSlug } from '../../kernel/ids.js';
import { cameraSchema } from './camera-schema.js';
import type { ConfigProblem, UnusableCameraFile } from './config-problem.js';
import { itemsOf } from './cross-checks.js';
import { explainIssue, valueAt } from './problem.js';
import { readText } from './read-text.js';
import { wholeFile } from './yaml-positions.js';
import { parseYaml } from './yaml-text.js';

/** A file with the settings of one camera that the box keeps itself. */
export interface CameraFile {
  readonly path: string;
  /** By its name; absent if the name is not that of a camera file. */
  readonly id?: string;
  /** Its text, or why it cannot be read. Undefined: as if there were no such file. */
  readonly content: { readonly text: string } | ConfigProblem | undefined;
}

const ending = '.yaml';

/** The folder of the camera files. Only the daemon and root may write to it. */
export const cameraFolder = (dataDir: string): string => join(dataDir, 'cameras.d');

/** The file of a camera that the box keeps itself. */
export const cameraFilePath = (dataDir: string, id: string): string =>
  join(cameraFolder(dataDir), `${id}${ending}`);

/** Reads all camera files. A folder that cannot be read is reported like a file. */
export async function readCameraFiles(dataDir: string): Promise<readonly CameraFile[]> {
  const folder = cameraFolder(dataDir);
  let names: readonly string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    const isForbidden = code === 'EACCES' || code === 'EPERM';
    const message = isForbidden
      ? 'this user may not read the folder'
      : `the folder cannot be read: ${messageOf(error)}`;
    const remedy = isForbidden ? 'Run this command as root.' : 'Check the disk.';
    return [{ path: folder, content: { ...wholeFile, path: '', message, remedy } }];
  }
  const files = names.filter((name) => /\.ya?ml$/.test(name) && !name.startsWith('.')).sort();
  return Promise.all(files.map((name) => readCameraFile(folder, name)));
}

async function readCameraFile(folder: string, name: string): Promise<CameraFile> {
  const path = join(folder, name);
  const id = name.slice(0, -ending.length);
  if (name.endsWith(ending) && isSlug(id)) return { path, id, content: await readText(path) };
  const message = 'the name of the file is not that of a camera file';
  const remedy = `Name it ID${ending}, after the id of its camera.`;
  return { path, content: { ...wholeFile, path: '', message, remedy } };
}

/**
 * Separates the camera files that can be used from those that cannot. `configured`: the cameras of the configuration file, as
 * written there. Pure.
 */
export function judgeCameraFiles(
  files: readonly CameraFile[],
  configured: unknown,
): { readonly usable: readonly unknown[]; readonly unusable: readonly UnusableCameraFile[] } {
  const ids = new Set(itemsOf(configured).map(({ id }) => id));
  const usable: unknown[] = [];
  const unusable: UnusableCameraFile[] = [];
  for (const { path, id, content } of files) {
    if (content === undefined) continue;
    const isRepeated = id !== undefined && ids.has(id);
    const judged = isRepeated ? { problems: [repeated(id, path)] } : judge(id, content);
    if ('raw' in judged) usable.push(judged.raw);
    else {
      const problems = judged.problems.map((problem) => ({ ...problem, file: path }));
      unusable.push({ path, ...(id === undefined ? {} : { id }), isRepeated, problems });
    }
  }
  return { usable, unusable };
}

function repeated(id: string, path: string): ConfigProblem {
  return {
    ...wholeFile,
    path: '',
    message: `the configuration file also has a camera "${id}"; that one is used`,
    remedy: `Remove it from the configuration file, or delete ${path}.`,
  };
}

function judge(
  id: string | undefined,
  content: { readonly text: string } | ConfigProblem,
): { readonly raw: unknown } | { readonly problems: readonly ConfigProblem[] } {
  if (!('text' in content)) return { problems: [content] };
  const parsed = parseYaml(content.text);
  if (!('raw' in parsed)) return parsed;
  const { raw, positions } = parsed;
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    const message = 'the file does not have the settings of a camera';
    const remedy = 'Write id, name and url into it, one on each line.';
    return { problems: [{ ...wholeFile, path: '', message, remedy }] };
  }
  const result = cameraSchema.safeParse(raw);
  if (!result.success) {
    // The settings of a camera are explained at their place in the configuration file.
    const place = ['cameras', 0];
    const problems = result.error.issues
      .map((issue) => ({ ...issue, path: [...place, ...issue.path] }))
      .flatMap((issue) => explainIssue(issue, (path) => valueAt(raw, path.slice(place.length))))
      .map((problem) => ({ ...problem, path: problem.path.slice(place.length) }))
      .map((problem) => ({ ...positions.of(problem.path), ...problem, path: problem.path.join('.') }));
    return { problems };
  }
  if (result.data.id === id) return { raw };
  const remedy = `Name the file ${result.data.id}${ending}, or write id: ${id}.`;
  const message = 'is not the name of the file';
  return { problems: [{ ...positions.of(['id']), path: 'id', message, remedy }] };
}
