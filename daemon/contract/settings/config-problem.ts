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

/** A camera file that was left out, so that the other cameras run. */
export interface UnusableCameraFile {
  readonly path: string;
  /** By the name of the file; absent if that is not the name of a camera file. */
  readonly id?: string;
  /** True if the configuration file has a camera of this id. That camera runs. */
  readonly isRepeated: boolean;
  readonly problems: readonly ConfigProblem[];
}

/** A channel file that was left out: nothing is sent by this channel. */
export interface UnusableChannelFile {
  readonly path: string;
  /** By the name of the file; empty for the folder. */
  readonly id: string;
  readonly problems: readonly ConfigProblem[];
}

/** More than people read at once. To find the place of each costs time, and a text over the API may have thousands. */
export const mostProblems = 100;
