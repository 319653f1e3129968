import type { Caller } from '../../contract/caller.js';
import type { Call, Handlers } from '../../contract/handlers.js';
import type { importOperations } from '../../contract/imports.js';
import type { Clock, Timer } from '../../kernel/clock.js';
import { messageOf } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logger.js';
import { refusal } from '../../words/errors.js';
import type { EnrolledPersons } from './enrolled-persons.js';
import { stagedRowFor } from './photo-enrolment.js';

/** Each import holds an index of its own in memory. */
const mostImports = 8;
/** The most of one caller from the network, so that no account can take the places of all. */
const mostOfOne = 2;
/** An import of a caller from the network is abandoned after so much time without a row. */
const idleMs = 15 * 60_000;

interface OpenImport {
  /** Only who began the import can use it. */
  readonly by: Caller;
  /** Its present work: an import is never abandoned in the middle of a row. */
  readonly working: Set<Promise<unknown>>;
  /** Ends the answer to `imports.begin`. */
  readonly end: () => void;
  /** Abandons it when it is not used. */
  idle?: Timer;
}

/**
 * Imports. Each lives as long as the answer to `imports.begin`: when the caller is gone, or from the network sends no row for
 * a while, the staged rows are forgotten.
 */
export class OpenImports implements Handlers<typeof importOperations> {
  readonly #persons: EnrolledPersons;
  readonly #logger: Logger;
  readonly #open = new Map<string, OpenImport>();
  /** Imports that begin at this moment. */
  readonly #beginning = new Set<Pick<OpenImport, 'by'>>();
  readonly #clock: Pick<Clock, 'after'>;

  constructor(persons: EnrolledPersons, clock: Pick<Clock, 'after'>, logger: Logger) {
    this.#persons = persons;
    this.#clock = clock;
    this.#logger = logger;
  }

  readonly 'imports.begin' = async (_: unknown, { caller, signal }: Call) => {
    this.#requireRoom(caller);
    const beginning = { by: caller };
    this.#beginning.add(beginning);
    const importId = await this.#persons.beginImport().finally(() => {
      this.#beginning.delete(beginning);
    });
    const ended = new Promise<void>((end) => {
      this.#open.set(importId, { by: caller, working: new Set(), end });
    });
    this.#watch(importId);
    const abandon = () => void this.#abandonQuietly(importId, caller);
    signal.addEventListener('abort', abandon, { once: true });
    if (signal.aborted) abandon();
    return (async function* lines() {
      yield { importId };
      await ended;
    })();
  };

  readonly 'imports.stage': Handlers<typeof importOperations>['imports.stage'] = (
    { importId, ...row },
    { caller },
  ) =>
    this.#run(importId, caller, async () =>
      stagedRowFor(await this.#persons.stage(importId, row, caller), caller),
    );

  readonly 'imports.commit': Handlers<typeof importOperations>['imports.commit'] = (
    { importId },
    { caller },
  ) =>
    this.#run(importId, caller, async () => {
      const personIds = await this.#persons.commitImport(importId, caller);
      this.#close(importId);
      return { personIds };
    });

  readonly 'imports.abandon': Handlers<typeof importOperations>['imports.abandon'] = async (
    { importId },
    { caller },
  ) => {
    if (this.#open.get(importId)?.by.actor !== caller.actor) return { isAbandoned: false };
    return { isAbandoned: await this.#abandon(importId, caller) };
  };

  /** @throws `too-many-imports` */
  #requireRoom({ actor, isLimited }: Caller): void {
    const all = [...this.#open.values(), ...this.#beginning];
    const own = all.filter(({ by }) => by.actor === actor).length;
    const isOneTooMany = isLimited && own >= mostOfOne;
    if (all.length < mostImports && !isOneTooMany) return;
    const open = isOneTooMany ? `${own} of your imports are open` : `${all.length} imports are open`;
    throw refusal('too-many-imports', { open });
  }

  /** Callers from the network can hold a connection open for ever. */
  #watch(importId: string): void {
    const open = this.#open.get(importId);
    if (open === undefined || !open.by.isLimited) return;
    open.idle?.cancel();
    open.idle = this.#clock.after(idleMs, () => void this.#abandonQuietly(importId, open.by));
  }

  /** @throws `no-such-import` */
  async #run<T>(importId: string, { actor }: Caller, start: () => Promise<T>): Promise<T> {
    const open = this.#open.get(importId);
    if (open === undefined || open.by.actor !== actor) {
      throw refusal('no-such-import');
    }
    const work = start();
    open.working.add(work);
    this.#watch(importId);
    try {
      return await work;
    } finally {
      open.working.delete(work);
      this.#watch(importId);
    }
  }

  /** False if the import is over. */
  async #abandon(importId: string, by: Caller): Promise<boolean> {
    const working = this.#open.get(importId)?.working;
    while (working !== undefined && working.size > 0) await Promise.allSettled(working);
    if (!this.#close(importId)) return false;
    return this.#persons.abandonImport(importId, by);
  }

  async #abandonQuietly(importId: string, by: Caller): Promise<void> {
    try {
      await this.#abandon(importId, by);
    } catch (error) {
      // The next opening of the gallery forgets staged rows.
      this.#logger.warn('the rows of an import that ended could not be forgotten yet', {
        reason: messageOf(error),
      });
    }
  }

  /** False if the import is over. */
  #close(importId: string): boolean {
    const open = this.#open.get(importId);
    open?.idle?.cancel();
    open?.end();
    return this.#open.delete(importId);
  }
}
