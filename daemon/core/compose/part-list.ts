import { defect } from '../../kernel/errors.js';

/** What a part adds to the box. */
type Made<Result> = Awaited<Result> extends object ? Awaited<Result> : unknown;

interface Served {
  readonly handlers?: object;
}

/**
 * The parts of the daemon, in the order in which they are opened. A part is a function of everything that the parts before it
 * made, so the compiler refuses one that needs what no part before it makes. What a part returns is there for the parts after
 * it. Its `handlers`, if any, are joined with those of the other parts.
 */
export class PartList<Box extends object> {
  readonly #start: object;
  readonly #parts: readonly ((box: never) => unknown)[];

  private constructor(start: object, parts: readonly ((box: never) => unknown)[]) {
    this.#start = start;
    this.#parts = parts;
  }

  static startingWith<Start extends object>(start: Start): PartList<Start> {
    return new PartList<Start>(start, []);
  }

  with<Result>(part: (box: Box) => Result): PartList<Box & Made<Result>> {
    return new PartList(this.#start, [...this.#parts, part]);
  }

  /** Opens one part after another. Throws what a part throws; the caller's lifetime then closes the parts before it. */
  async open(): Promise<Box> {
    let box = this.#start;
    for (const part of this.#parts) box = joined(box, ((await part(box as never)) ?? {}) as Served);
    return box as Box;
  }
}

function joined(box: Served, { handlers = {}, ...made }: Served): object {
  const served = box.handlers ?? {};
  const taken =
    Object.keys(made).find((name) => name in box) ?? Object.keys(handlers).find((name) => name in served);
  if (taken !== undefined) throw defect('part-name-taken', `two parts of the daemon make '${taken}'`);
  return { ...box, ...made, handlers: { ...served, ...handlers } };
}
