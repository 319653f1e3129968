import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { SearchGallery } from '../core/sightings/gallery-search.js';
import { badInput, messageOf } from '../kernel/errors.js';
import type { EnrolledPerson } from '../kernel/identification/calibration.js';
import { type Candidate, type Embedding, similarityToPerson } from '../kernel/identification/match.js';
import { personId } from '../kernel/ids.js';
import { samplePhoto } from '../vision/photo-sample.js';
import type { ReplaySetup } from './replay-setup.js';

/** A clip of a labelled collection. */
export interface Clip {
  /** Path in the folder of clips. */
  readonly name: string;
  /** The person in the clip: the name of its folder. Undefined if it is in no folder. */
  readonly truth: string | undefined;
}

const CLIP = /\.(mp4|mkv|mov|m4v|avi|webm|mpe?g|ts|gif)$/i;

/** Throws `folder-unreadable` or `folder-empty`. */
export async function readClips(directory: string): Promise<readonly Clip[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(
    (error: unknown) => {
      throw badInput('folder-unreadable', `cannot read the folder ${directory}: ${messageOf(error)}`, {
        remedy: 'Give the path of a folder that this user may read.',
        cause: error,
      });
    },
  );
  const names = entries
    .filter((entry) => !entry.isDirectory() && CLIP.test(entry.name))
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .sort();
  if (names.length === 0) {
    throw badInput('folder-empty', `${directory} contains no clips`, {
      remedy: 'Give a folder with clips: MP4, Matroska, QuickTime, AVI, WebM, MPEG or GIF.',
    });
  }
  return names.map((name) => ({ name, truth: name.includes(sep) ? name.split(sep)[0] : undefined }));
}

/** Enrols every photograph that enrolment would accept. Throws `folder-unreadable`, `folder-empty` or `no-references`. */
export async function enrolAll(
  directory: string,
  { analyser }: ReplaySetup,
  note: (text: string) => void,
): Promise<readonly EnrolledPerson[]> {
  const gallery: EnrolledPerson[] = [];
  for (const { name, paths } of await readPeople(directory)) {
    const references: Embedding[] = [];
    for (const path of paths) {
      const { embedding, refusal } = await samplePhoto(path, analyser);
      if (refusal === undefined && embedding !== undefined) references.push(embedding);
    }
    if (references.length > 0) gallery.push({ personId: personId(name), references });
    else note(`left out ${name}: enrolment would refuse all photos`);
  }
  if (gallery.length > 0) return gallery;
  throw badInput('no-references', `enrolment would refuse every photo in ${directory}`, {
    remedy: 'Give sharp photos of single faces that look into the camera.',
  });
}

/** Searches like the gallery of a daemon. */
export function searchIn(gallery: readonly EnrolledPerson[]): SearchGallery {
  return (embedding, { count }) =>
    Promise.resolve(
      gallery
        .map(
          ({ personId: person, references }): Candidate => ({
            personId: person,
            similarity: similarityToPerson(embedding, references),
          }),
        )
        .sort((x, y) => y.similarity - x.similarity)
        .slice(0, count),
    );
}

/** A person of a labelled collection: the name of their folder and the photographs in it, sorted. */
interface PhotographedPerson {
  readonly name: string;
  readonly paths: readonly string[];
}

const PHOTOGRAPH = /\.(jpe?g|png|webp|tiff?|gif|avif|heic|heif)$/i;

/** Reads a folder with one folder per person. Throws `folder-unreadable` or `folder-empty`. */
export async function readPeople(directory: string): Promise<readonly PhotographedPerson[]> {
  const entries = await list(directory);
  const people: PhotographedPerson[] = [];
  for (const entry of entries.filter((candidate) => candidate.isDirectory() || candidate.isSymbolicLink())) {
    const paths = await readPhotographs(join(directory, entry.name));
    people.push({ name: entry.name, paths });
  }
  if (people.length > 0) return people;
  throw badInput('folder-empty', `${directory} contains no folders`, {
    remedy: 'Give a folder with one folder per person, each with photos of that person.',
  });
}

/** The photographs in a folder, sorted by name. Throws `folder-unreadable`. */
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
