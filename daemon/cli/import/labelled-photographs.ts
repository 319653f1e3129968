import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { badInput, messageOf } from '../../base/errors.js';

/** A person of a labelled collection: the name of their folder and the photographs in it, sorted. */
export interface PhotographedPerson {
  readonly name: string;
  readonly paths: readonly string[];
}

const PHOTOGRAPH = /\.(jpe?g|png|webp|tiff?|heic|heif|gif)$/i;

/** Reads a folder that holds one folder per person. Throws `folder-unreadable` or `folder-empty`. */
export async function readPeople(directory: string): Promise<readonly PhotographedPerson[]> {
  const entries = await list(directory);
  const people: PhotographedPerson[] = [];
  for (const entry of entries.filter((candidate) => candidate.isDirectory() || candidate.isSymbolicLink())) {
    const paths = await readPhotographs(join(directory, entry.name));
    people.push({ name: entry.name, paths });
  }
  if (people.length > 0) return people;
  throw badInput('folder-empty', `${directory} holds no folders`, {
    remedy: 'Give a folder with one folder per person, each with photographs of that person.',
  });
}

/** The photographs that lie in a folder, sorted by name. Throws `folder-unreadable`. */
export async function readPhotographs(directory: string): Promise<readonly string[]> {
  const entries = await list(directory);
  return entries
    .filter((entry) => !entry.isDirectory() && PHOTOGRAPH.test(entry.name))
    .map((entry) => join(directory, entry.name));
}

async function list(directory: string) {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    throw badInput('folder-unreadable', `cannot read the folder ${directory}: ${messageOf(error)}`, {
      remedy: 'Give the path of a folder that this user may read.',
      cause: error,
    });
  }
}
