import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type ChildEnd, closeOf } from '../../scripts/child-end.js';
import { patienceMs } from './until.js';

/** A child whose lines are read from its start: a test may ask for what has happened already. */
export interface HeardChild {
  /** All that it printed so far, on its piped outputs. */
  readonly lines: readonly string[];
  /** Settles when it has ended and all that it printed was read. */
  readonly ended: Promise<ChildEnd>;
  /** Resolves when `isTrue`, which is asked now and after each line. Rejects if the child ends before or takes too long. */
  until(what: string, isTrue: () => boolean): Promise<void>;
  /** The same for an event that the child causes elsewhere, such as a connection. */
  causes<T>(what: string, event: Promise<T>): Promise<T>;
}

/** Call it in the turn that spawns `child`, so that it misses nothing. */
export function hear(child: ChildProcess): HeardChild {
  const lines: string[] = [];
  const looks = new Set<() => void>();
  for (const input of [child.stdout, child.stderr]) {
    if (input === null) continue;
    createInterface({ input }).on('line', (line) => {
      lines.push(line);
      for (const look of [...looks]) look();
    });
  }
  const ended = closeOf(child);
  // Whoever asks gets the reason; a child that nobody asks about must not end the test process.
  ended.catch(() => undefined);

  async function causes<T>(what: string, event: Promise<T>): Promise<T> {
    const described = (how: string): Error => new Error(`the child ${how} ${what}:\n${lines.join('\n')}`);
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(described('took too long for')), patienceMs);
    });
    const tooEarly = ended.then(({ code, signal }) => {
      throw described(`ended (${code ?? signal}) before`);
    });
    try {
      return await Promise.race([event, tooEarly, tooLong]);
    } finally {
      clearTimeout(timer);
    }
  }

  function until(what: string, isTrue: () => boolean): Promise<void> {
    if (isTrue()) return Promise.resolve();
    let look = (): void => undefined;
    const seen = new Promise<void>((resolve) => {
      look = () => isTrue() && resolve();
      looks.add(look);
    });
    return causes(what, seen).finally(() => looks.delete(look));
  }

  return { lines, ended, until, causes };
}
