import type { Position } from './yaml-positions.js';

/** One problem in a configuration file. It never repeats a value that may be a secret. */
export interface ConfigProblem extends Position {
  /** Dotted, such as `cameras.0.url`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
  readonly remedy?: string;
  /** The camera file, the channel file or the settings file; absent for the configuration file. */
  readonly file?: string;
}

/** A camera or channel file that was left out, so that the others are used. */
export interface UnusableFile {
  readonly path: string;
  /** By the name of the file; absent if that is not the name of such a file. */
  readonly id?: string;
  /** `repeated`: the configuration file has this id, and what it says is used. `lost`: there is no file, and rules name its id. */
  readonly why: 'damaged' | 'repeated' | 'lost';
  readonly problems: readonly ConfigProblem[];
}

/** More than people read at once. To find the place of each costs time, and a text over the API may have thousands. */
export const mostProblems = 100;
