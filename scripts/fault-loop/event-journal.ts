import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';

/** A fact that a process said it recorded. */
export interface NotedFact {
  /** Counted over all processes of a loop; it is in the name of the track, so that it is found again in what arrives. */
  readonly number: number;
  /** What `record` gave back; absent where the process was killed before it could be noted. */
  readonly recorded?: { readonly id: string; readonly sequence: number };
}

/**
 * What the processes that are killed note in a file beside the database, with one system call per line: before a fact is
 * recorded, and after. What the kernel has taken outlives SIGKILL, and SQLite has no part in it.
 */
export class EventJournal implements Disposable {
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, 'a');
  }

  intends(number: number): void {
    writeSync(this.#file, `intends ${number}\n`);
  }

  recorded(number: number, { id, sequence }: { readonly id: string; readonly sequence: number }): void {
    writeSync(this.#file, `recorded ${number} ${id} ${sequence}\n`);
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }
}

/** In the order of the numbers. */
export function readJournal(path: string): readonly NotedFact[] {
  const facts = new Map<number, NotedFact>();
  if (!existsSync(path)) return [];
  for (const line of readFileSync(path, 'utf8').split('\n').slice(0, -1)) {
    const [what, name, id = '', sequence] = line.split(' ');
    const number = Number(name);
    if (what === 'intends') facts.set(number, { number });
    else facts.set(number, { number, recorded: { id, sequence: Number(sequence) } });
  }
  return [...facts.values()];
}

const trackPrefix = 'fact-';

export const trackOf = (number: number): string => `${trackPrefix}${number}`;

/** Undefined for a track that no loop has named. */
export function numberOf(track: unknown): number | undefined {
  if (typeof track !== 'string' || !track.startsWith(trackPrefix)) return undefined;
  return Number(track.slice(trackPrefix.length));
}
