import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { badInput, messageOf } from '../../base/errors.js';
import type { EnrolledPerson } from '../../domain/identification/calibration.js';
import { type Candidate, type Embedding, similarityOf } from '../../domain/identification/match.js';
import { personId } from '../../domain/ids.js';
import type { SearchGallery } from '../../records/decider.js';
import { samplePhoto } from '../../vision/photo-sample.js';
import { readPeople } from '../import/labelled-photographs.js';
import type { ReplaySetup } from './replay-setup.js';

/** A clip of a labelled collection. */
export interface Clip {
  /** Its path inside the folder of the clips. */
  readonly name: string;
  /** The folder that it lies in: who is seen. Undefined where it lies in none. */
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
    throw badInput('folder-empty', `${directory} holds no clips`, {
      remedy: 'Give a folder with clips: MP4, Matroska, QuickTime, AVI, WebM, MPEG or GIF.',
    });
  }
  return names.map((name) => ({ name, truth: name.includes(sep) ? name.split(sep)[0] : undefined }));
}

/** Enrols every photograph that enrolment would take. Throws `folder-unreadable`, `folder-empty` or `no-references`. */
export async function enrolAll(
  directory: string,
  { analyser }: ReplaySetup,
  say: (text: string) => void,
): Promise<readonly EnrolledPerson[]> {
  const gallery: EnrolledPerson[] = [];
  for (const { name, paths } of await readPeople(directory)) {
    const references: Embedding[] = [];
    for (const path of paths) {
      const { embedding, refusal } = await samplePhoto(path, analyser);
      if (refusal === undefined && embedding !== undefined) references.push(embedding);
    }
    if (references.length > 0) gallery.push({ personId: personId(name), references });
    else say(`left out, enrolment would refuse all photographs: ${name}`);
  }
  if (gallery.length > 0) return gallery;
  throw badInput('no-references', `enrolment would refuse every photograph in ${directory}`, {
    remedy: 'Give sharp photographs of single faces that look into the camera.',
  });
}

/** Answers as the gallery of a daemon would. */
export function searchIn(gallery: readonly EnrolledPerson[]): SearchGallery {
  return (embedding, { count }) =>
    Promise.resolve(
      gallery
        .map(
          ({ personId: person, references }): Candidate => ({
            personId: person,
            similarity: Math.max(...references.map((reference) => similarityOf(reference, embedding))),
          }),
        )
        .sort((x, y) => y.similarity - x.similarity)
        .slice(0, count),
    );
}
