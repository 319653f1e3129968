/** What becomes of a person. `replaced`: a restore put a gallery in place that does not have them. */
export type Fate = 'active' | 'removed' | 'withdrawn' | 'erased' | 'replaced';

/** By the number of the person. */
export type Changes = Readonly<Record<number, Fate>>;

/** A value as it lay in the file, in hexadecimal pieces. */
export interface SealedSamples {
  readonly seed: number;
  readonly id: string;
  readonly pieces: readonly string[];
}

/** A person found in an opened gallery. */
export interface FoundPerson extends SealedSamples {
  readonly fate: Fate;
}

/** What an opened gallery is found to be. */
export interface GalleryState {
  readonly persons: readonly FoundPerson[];
  readonly tombstones: readonly string[];
  readonly isRotating: boolean;
  readonly isMoving: boolean;
  /** What is wrong with it, whatever was done before. */
  readonly problems: readonly string[];
}

/** What a child says, a line of JSON each. */
export type Entry =
  | { readonly is: 'opening' }
  | { readonly is: 'state'; readonly state: GalleryState; readonly openMs: number }
  /** Problems that show when a rotation that had not ended has done so. */
  | { readonly is: 'settled'; readonly problems: readonly string[] }
  | {
      readonly is: 'intent';
      readonly operation: string;
      readonly changes: Changes;
      /** All of it or nothing; otherwise each person by themselves. */
      readonly isAtomic: boolean;
      /** A file that is there, whole, once it is done. */
      readonly makes?: string;
    }
  | { readonly is: 'done'; readonly operation: string; readonly tookMs: number }
  | ({ readonly is: 'samples' } & SealedSamples);

/** What the child is to do without end. */
export interface Order {
  readonly operation: string;
  readonly firstSeed: number;
  /** Lets a rotation that had not ended do so first, and looks what the old key still opens. */
  readonly settles: boolean;
}

export interface Attempt {
  readonly operation: string;
  readonly changes?: Changes;
  readonly isAtomic?: boolean;
  readonly makes?: string;
}

/** Tells what is about to be done before, and that it was done after. */
export class Journal {
  readonly #write: (entry: Entry) => void;

  constructor(write: (entry: Entry) => void) {
    this.#write = write;
  }

  write(entry: Entry): void {
    this.#write(entry);
  }

  async attempt<T>(attempt: Attempt, work: () => T | Promise<T>): Promise<T> {
    const { operation, changes = {}, isAtomic = true, makes } = attempt;
    this.#write({
      is: 'intent',
      operation,
      changes,
      isAtomic,
      ...(makes === undefined ? {} : { makes }),
    });
    const startMs = performance.now();
    const result = await work();
    this.#write({ is: 'done', operation, tookMs: performance.now() - startMs });
    return result;
  }
}
