import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { messageOf } from '../../kernel/errors.js';
import { isSlug } from '../../kernel/ids.js';
import type { ConfigProblem, UnusableFile } from './config-problem.js';
import { explainIssue, valueAt } from './problem.js';
import { readText } from './read-text.js';
import { wholeFile } from './yaml-positions.js';

/** What the box keeps itself beside its configuration, in one file each. */
export interface OwnFileKind {
  readonly noun: 'camera' | 'channel';
  /** Below the data of the box. Only the daemon and root may write to it. */
  readonly folder: string;
  readonly ending: string;
}

/** A file with one camera or alert channel that the box keeps itself. */
export interface OwnFile {
  readonly path: string;
  /** By its name; absent if the name is not that of such a file. */
  readonly id?: string;
  /** Its text, or why it cannot be read. Undefined: as if there were no such file. */
  readonly content: { readonly text: string } | ConfigProblem | undefined;
  /** True if the file is missing although alert rules still name what it held. */
  readonly isLost?: true;
}

export const ownFilePath = ({ folder, ending }: OwnFileKind, dataDir: string, id: string): string =>
  join(dataDir, folder, `${id}${ending}`);

/** Reads all files of a kind. A folder that cannot be read is reported like a file. */
export async function readOwnFiles(kind: OwnFileKind, dataDir: string): Promise<readonly OwnFile[]> {
  const folder = join(dataDir, kind.folder);
  try {
    const names = await readdir(folder);
    const files = names.filter((name) => /\.(?:ya?ml|json)$/.test(name) && !name.startsWith('.')).sort();
    return await Promise.all(files.map((name) => readOwnFile(kind, folder, name)));
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
}

async function readOwnFile({ noun, ending }: OwnFileKind, folder: string, name: string): Promise<OwnFile> {
  const path = join(folder, name);
  const id = name.slice(0, -ending.length);
  if (name.endsWith(ending) && isSlug(id)) return { path, id, content: await readText(path) };
  const message = `the name of the file is not that of a ${noun} file`;
  const remedy = `Name it ID${ending}, after the id of its ${noun}.`;
  return { path, content: { ...wholeFile, path: '', message, remedy } };
}

/** What a file holds, or what is wrong with it. */
export type Judged<Item> = { readonly item: Item } | { readonly problems: readonly ConfigProblem[] };

export interface JudgedFiles<Item> {
  readonly usable: readonly Item[];
  readonly unusable: readonly UnusableFile[];
}

/** Separates the files that can be used from those that cannot. `configured`: the ids in the configuration file. Pure. */
export function judgeOwnFiles<Item>(
  files: readonly OwnFile[],
  noun: OwnFileKind['noun'],
  configured: ReadonlySet<unknown>,
  judge: (id: string, text: string) => Judged<Item>,
): JudgedFiles<Item> {
  const usable: Item[] = [];
  const unusable: UnusableFile[] = [];
  for (const { path, id, content, isLost } of files) {
    if (content === undefined) continue;
    const isRepeated = id !== undefined && configured.has(id);
    const judged = isRepeated
      ? { problems: [repeated(noun, id, path)] }
      : 'text' in content
        ? judge(id ?? '', content.text)
        : { problems: [content] };
    if ('item' in judged) usable.push(judged.item);
    else {
      const why = isRepeated ? 'repeated' : isLost === true ? 'lost' : 'damaged';
      const problems = judged.problems.map((problem) => ({ ...problem, file: path }));
      unusable.push({ path, ...(id === undefined ? {} : { id }), why, problems });
    }
  }
  return { usable, unusable };
}

function repeated(noun: string, id: string, path: string): ConfigProblem {
  return {
    ...wholeFile,
    path: '',
    message: `the configuration file also has a ${noun} "${id}"; that one is used`,
    remedy: `Remove it from the configuration file, or delete ${path}.`,
  };
}

/** What is wrong with the content of a file, explained as at its place in the configuration file. */
export function problemsAt(place: readonly (string | number)[], schema: z.ZodType, content: unknown) {
  const result = schema.safeParse(content);
  if (result.success) return [];
  return result.error.issues
    .map((issue) => ({ ...issue, path: [...place, ...issue.path] }))
    .flatMap((issue) => explainIssue(issue, (path) => valueAt(content, path.slice(place.length))))
    .map((problem) => ({ ...problem, path: problem.path.slice(place.length) }));
}

/** The ids of files that cannot be used, for which something must stand: a rule that names one is not wrong. */
export const idsWithoutItem = (unusable: readonly UnusableFile[]): ReadonlySet<string> =>
  new Set(unusable.flatMap(({ id, why }) => (id === undefined || why === 'repeated' ? [] : [id])));
