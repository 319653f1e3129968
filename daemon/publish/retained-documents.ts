import type { Clock, Timer } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { Recurring } from '../base/recurring.js';
import type { BrokerConnection } from './broker/broker-connection.js';
import type { Companion } from './companion.js';
import { refusedWith } from './publish-refusal.js';

/** Pieces of a document that have to be taken back one by one, each with what that needs to be said. */
export type DocumentParts = Readonly<Record<string, string>>;

/** What is to stand retained on one topic. */
export interface RetainedDocument {
  readonly topic: string;
  /** Two that are alike say the same: the second is not published. */
  readonly content: string;
  readonly parts?: DocumentParts;
  /** What to publish, one message after the other; `gone` are parts that the broker may still have and that are no more. */
  messages(gone: DocumentParts): Promise<readonly string[]>;
}

/** Remembers, over restarts, which topics have something retained. */
export interface RetainedMemory {
  of(owner: string): ReadonlyMap<string, string>;
  remember(owner: string, parts: ReadonlyMap<string, string>): void;
  forget(owner: string, topic: string): void;
}

export interface RetainedDocumentsOptions {
  /** Its name in the memory. */
  readonly owner: string;
  /** For people: `the states of the cameras`. */
  readonly what: string;
  /** What is to stand at the broker now; asked anew whenever something may have changed. */
  readonly wanted: () => readonly RetainedDocument[];
  /** Calls back whenever that may have changed; returns how to stop. */
  readonly onChanged: (listener: () => void) => () => void;
  /** They go out before anything else, and changes of them at once. */
  readonly isLeading?: boolean;
  readonly memory: RetainedMemory;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * How often what stands retained is published once more, milliseconds: whoever else may write there may have put something in
 * its place, and no broker tells. Until then nobody who comes new finds what the box has said.
 */
export const repeatEveryMs = 900_000;
/** Changes within this time are published together, the last of them only: a flapping camera must not flood. */
const gatherMs = 1_000;
/** After a refusal, or when nothing can be remembered. */
const retryMs = 60_000;

/** One connection, and what was said over it. */
interface Joined {
  readonly connection: Pick<BrokerConnection, 'publish'>;
  readonly signal: AbortSignal;
  readonly said: Map<string, string>;
}

/**
 * Keeps retained messages at the broker as they are wanted: all of them after each connection and then every `repeatEveryMs`,
 * and those that change, one after the other. What is not wanted any more is taken back, also when that came about while the program was off. Where the
 * broker refuses a topic, that is said once and tried again; others are published.
 */
export class RetainedDocuments implements Companion {
  readonly #options: RetainedDocumentsOptions;
  #joined: Joined | undefined;
  #timer: (Timer & { readonly dueMs: number }) | undefined;
  #turn: Promise<void> = Promise.resolve();
  #isFailing = false;

  constructor(options: RetainedDocumentsOptions) {
    this.#options = options;
  }

  async lead(connection: Pick<BrokerConnection, 'publish'>, signal: AbortSignal): Promise<void> {
    if (this.#options.isLeading !== true) return;
    this.#begin(connection, signal);
    await this.#turn;
  }

  join(connection: Pick<BrokerConnection, 'publish'>, signal: AbortSignal): void {
    if (this.#joined?.signal === signal) return;
    this.#begin(connection, signal);
  }

  #begin(connection: Pick<BrokerConnection, 'publish'>, signal: AbortSignal): void {
    const said = new Map<string, string>();
    this.#joined = { connection, signal, said };
    const { clock, onChanged, isLeading } = this.#options;
    const repeating = new Recurring({
      clock,
      everyMs: repeatEveryMs,
      work: () => {
        said.clear();
        return this.#settleNext();
      },
      onFailure: (error) => this.#report(error),
    });
    repeating.start();
    const forget = onChanged(() => this.#settleWithin(isLeading === true ? 0 : gatherMs));
    const leave = (): void => {
      forget();
      void repeating[Symbol.asyncDispose]();
      this.#leave(signal);
    };
    signal.addEventListener('abort', leave, { once: true });
  }

  /** Publishes everything once more. */
  repeat(): void {
    this.#joined?.said.clear();
    this.#settleWithin(0);
  }

  #leave(signal: AbortSignal): void {
    if (this.#joined?.signal !== signal) return;
    this.#joined = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #settleWithin(delayMs: number): void {
    const { clock } = this.#options;
    const dueMs = clock.monotonicMs() + delayMs;
    if (this.#joined === undefined || (this.#timer !== undefined && this.#timer.dueMs <= dueMs)) return;
    this.#timer?.cancel();
    const timer = clock.after(delayMs, () => {
      this.#timer = undefined;
      void this.#settleNext();
    });
    this.#timer = { dueMs, cancel: () => timer.cancel() };
  }

  #settleNext(): Promise<void> {
    this.#turn = this.#turn.then(() => this.#settle());
    return this.#turn;
  }

  async #settle(): Promise<void> {
    const joined = this.#joined;
    if (joined === undefined) return;
    let failure: unknown;
    try {
      failure = await this.#settleAll(joined);
    } catch (error) {
      failure = error;
    }
    if (joined.signal.aborted) return;
    if (failure === undefined) {
      this.#isFailing = false;
      return;
    }
    this.#report(failure);
    this.#settleWithin(retryMs);
  }

  /** Returns the last refusal, where there was one. Throws what keeps everything from being published. */
  async #settleAll(joined: Joined): Promise<unknown> {
    const { owner, wanted, memory } = this.#options;
    const documents = wanted();
    const topics = new Set(documents.map(({ topic }) => topic));
    const known = memory.of(owner);
    let refusal: unknown;
    const attempt = async (work: () => Promise<void>): Promise<void> => {
      if (joined.signal.aborted) return;
      try {
        await work();
      } catch (error) {
        if (refusedWith(error) === undefined) throw error;
        refusal = error;
      }
    };
    for (const topic of known.keys()) {
      if (!topics.has(topic)) await attempt(() => this.#takeBack(topic, joined));
    }
    this.#remember(documents, known);
    for (const document of documents) {
      if (joined.said.get(document.topic) === document.content) continue;
      await attempt(() => this.#publish(document, known.get(document.topic), joined));
    }
    return refusal;
  }

  async #takeBack(topic: string, { connection, said }: Joined): Promise<void> {
    const { owner, memory } = this.#options;
    said.delete(topic);
    await connection.publish(topic, new Uint8Array(), { isRetained: true });
    memory.forget(owner, topic);
  }

  /** Before anything is published: what is remembered and is not there is taken back in vain, which harms nobody. */
  #remember(documents: readonly RetainedDocument[], known: ReadonlyMap<string, string>): void {
    const news = new Map<string, string>();
    for (const { topic, parts = {} } of documents) {
      const text = partsText({ ...partsOf(known.get(topic)), ...parts });
      if (known.get(topic) !== text) news.set(topic, text);
    }
    if (news.size > 0) this.#options.memory.remember(this.#options.owner, news);
  }

  async #publish(
    document: RetainedDocument,
    known: string | undefined,
    { connection, said }: Joined,
  ): Promise<void> {
    const { owner, memory } = this.#options;
    const { topic, content, parts = {} } = document;
    const gone = Object.fromEntries(Object.entries(partsOf(known)).filter(([name]) => !(name in parts)));
    for (const message of await document.messages(gone)) {
      await connection.publish(topic, new TextEncoder().encode(message), { isRetained: true });
    }
    said.set(topic, content);
    if (Object.keys(gone).length > 0) memory.remember(owner, new Map([[topic, partsText(parts)]]));
  }

  #report(failure: unknown): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    const { what, logger } = this.#options;
    const fields = { what, reason: messageOf(failure), retryInS: retryMs / 1000 };
    if (refusedWith(failure) === undefined) {
      logger.error('what is retained at the broker could not be brought up to date', fields);
    } else {
      logger.error('the broker refuses a retained topic; everything else flows', fields);
    }
  }
}

function partsText(parts: DocumentParts): string {
  return JSON.stringify(Object.fromEntries(Object.entries(parts).sort(([a], [b]) => (a < b ? -1 : 1))));
}

function partsOf(text: string | undefined): DocumentParts {
  return text === undefined ? {} : (JSON.parse(text) as DocumentParts);
}
