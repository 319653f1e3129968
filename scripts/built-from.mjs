// What a build was made from, and what it made: the same inputs make the same program, so it can be kept.
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The files at or below these paths; `except` names one that does not count. Names and content count, times do not. */
function hashOf(root, paths, { except, also = [] } = {}) {
  const filesAt = (path) => {
    if (path === except) return [];
    const place = join(root, path);
    return lstatSync(place).isDirectory()
      ? readdirSync(place).flatMap((name) => filesAt(join(path, name)))
      : [path];
  };
  const hash = createHash('sha256').update(JSON.stringify(also));
  for (const path of paths.flatMap(filesAt).sort()) {
    const content = readFileSync(join(root, path));
    hash.update(`\0${path}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

/**
 * Tells whether a folder still is what a build made of the same inputs. All paths are relative to `root`.
 *   `inputs`: files, and folders with all that is in them, that the build reads
 *   `also`: what else decides about the result, as texts
 *   `output`: the folder that the build makes
 *   `except`: a file in it that is written anew for a kept build as well
 *   `record`: where this is noted, outside the folder, so that it is no part of what was built
 */
export class BuiltFrom {
  #place;
  #inputs;

  /** Reads the inputs, as they are before the build. */
  constructor(place) {
    this.#place = place;
    this.#inputs = hashOf(place.root, place.inputs, { also: place.also });
  }

  /** A file that was changed or lost since does not count as built. */
  isKept() {
    const { root, output, record } = this.#place;
    return (
      existsSync(join(root, record)) &&
      existsSync(join(root, output)) &&
      readFileSync(join(root, record), 'utf8') === this.#noted()
    );
  }

  /** Before the build begins, so that nothing holds for one that was interrupted. */
  forget() {
    rmSync(join(this.#place.root, this.#place.record), { force: true });
  }

  /** After the build has ended. */
  note() {
    writeFileSync(join(this.#place.root, this.#place.record), this.#noted());
  }

  #noted() {
    const { root, output, except } = this.#place;
    return `${this.#inputs} ${hashOf(root, [output], { except })}\n`;
  }
}
