import type { Clock, Timer } from '../../kernel/clock.js';
import { messageOf } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logger.js';
import { Recurring } from '../../kernel/recurring.js';
import type { BrokerConnection } from './broker/broker-connection.js';
import type { ConnectionTask } from './connection-task.js';
import { refusalCodeOf } from './publish-errors.js';

/** Parts of a document that must be removed one by one, by name, each with the text that its removal needs. */
export type RetainedParts = Readonly<Record<string, string>>;

/** The wanted retained message of one topic. */
export interface RetainedDocument {
  readonly topic: string;
  /** A document is published again only when its content has changed. */
  readonly content: string;
  readonly parts?: RetainedParts;
  /** The messages to publish, in order. `gone`: parts that the broker may still have and that are no longer wanted. */
  messages(gone: RetainedParts): Promise<readonly string[]>;
}

/** Remembers, over restarts, the topics with a retained message. */
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
  /** The documents that the broker must have now; called again whenever they may have changed. */
  readonly wanted: () => readonly RetainedDocument[];
  /** Calls back whenever they may have changed; returns a function that stops it. */
  readonly onChanged: (listener: () => void) => () => void;
  /** Publishes before the box is online, and changes without delay. */
  readonly isLeading?: boolean;
  readonly memory: RetainedMemory;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * How often retained messages are published again, milliseconds. Another client can overwrite them, and the broker does not
 * tell. Until the repetition, new subscribers do not get the message of the box.
 */
export const repeatEveryMs = 900_000;
/** Changes within this time are published as one, so that a flapping camera does not flood the broker. */
const gatherMs = 1_000;
/** Wait after a refusal or a failure. */
const retryMs = 60_000;
/** The box gives a former topic up after so many refusals: the rules of a broker may change a few minutes after the box. */
const mostRefusedClears = 10;

interface CurrentConnection {
  readonly connection: Pick<BrokerConnection, 'publish'>;
  readonly signal: AbortSignal;
  /** Content that was published over this connection, by topic. */
  readonly published: Map<string, string>;
}

/**
 * Keeps the retained messages of the broker as they are wanted. Publishes all of them after each connection and every
 * `repeatEveryMs`, and changed ones when they change. Clears topics that are no longer wanted, also when that happened while
 * the program was off. When the broker refuses a topic, that is logged once and tried again; other topics are published.
 */
export class RetainedDocuments implements ConnectionTask {
  readonly #options: RetainedDocumentsOptions;
  #current: CurrentConnection | undefined;
  #timer: (Timer & { readonly dueMs: number }) | undefined;
  #turn: Promise<void> = Promise.resolve();
  #isFailing = false;
  /** How often the broker refused to clear a topic. */
  readonly #refusedClears = new Map<string, number>();

  constructor(options: RetainedDocumentsOptions) {
    this.#options = options;
  }

  async beforeOnline(connection: Pick<BrokerConnection, 'publish'>, signal: AbortSignal): Promise<void> {
    if (this.#options.isLeading !== true) return;
    this.#begin(connection, signal);
    await this.#turn;
  }

  whenOnline(connection: Pick<BrokerConnection, 'publish'>, signal: AbortSignal): void {
    if (this.#current?.signal === signal) return;
    this.#begin(connection, signal);
  }

  /** Publishes everything again. */
  repeat(): void {
    this.#current?.published.clear();
    this.#scheduleUpdate(0);
  }

  #begin(connection: Pick<BrokerConnection, 'publish'>, signal: AbortSignal): void {
    const published = new Map<string, string>();
    this.#current = { connection, signal, published };
    const { clock, onChanged, isLeading } = this.#options;
    const repeating = new Recurring({
      clock,
      everyMs: repeatEveryMs,
      work: () => {
        published.clear();
        return this.#update();
      },
      onFailure: (error) => this.#report(error),
    });
    repeating.start();
    const stopListening = onChanged(() => this.#scheduleUpdate(isLeading === true ? 0 : gatherMs));
    const leave = (): void => {
      stopListening();
      void repeating[Symbol.asyncDispose]();
      this.#leave(signal);
    };
    signal.addEventListener('abort', leave, { once: true });
  }

  #leave(signal: AbortSignal): void {
    if (this.#current?.signal !== signal) return;
    this.#current = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #scheduleUpdate(delayMs: number): void {
    const { clock } = this.#options;
    const dueMs = clock.monotonicMs() + delayMs;
    if (this.#current === undefined || (this.#timer !== undefined && this.#timer.dueMs <= dueMs)) return;
    this.#timer?.cancel();
    const timer = clock.after(delayMs, () => {
      this.#timer = undefined;
      void this.#update();
    });
    this.#timer = { dueMs, cancel: () => timer.cancel() };
  }

  /** Updates run one after the other. */
  #update(): Promise<void> {
    this.#turn = this.#turn.then(() => this.#updateNow());
    return this.#turn;
  }

  async #updateNow(): Promise<void> {
    const current = this.#current;
    if (current === undefined) return;
    let failure: unknown;
    try {
      failure = await this.#publishAll(current);
    } catch (error) {
      failure = error;
    }
    if (current.signal.aborted) return;
    if (failure === undefined) {
      this.#isFailing = false;
      return;
    }
    this.#report(failure);
    this.#scheduleUpdate(retryMs);
  }

  /** Returns the last refusal of the broker, if any. Throws an error that stops everything else as well. */
  async #publishAll(current: CurrentConnection): Promise<unknown> {
    const { owner, wanted, memory } = this.#options;
    const documents = wanted();
    const topics = new Set(documents.map(({ topic }) => topic));
    const known = memory.of(owner);
    let refusal: unknown;
    const attempt = async (work: () => Promise<void>): Promise<void> => {
      if (current.signal.aborted) return;
      try {
        await work();
      } catch (error) {
        if (refusalCodeOf(error) === undefined) throw error;
        refusal = error;
      }
    };
    for (const topic of known.keys()) {
      if (!topics.has(topic)) await attempt(() => this.#clear(topic, current));
    }
    this.#remember(documents, known);
    for (const document of documents) {
      if (current.published.get(document.topic) === document.content) continue;
      await attempt(() => this.#publish(document, known.get(document.topic), current));
    }
    return refusal;
  }

  async #clear(topic: string, { connection, published }: CurrentConnection): Promise<void> {
    const { owner, memory, logger } = this.#options;
    published.delete(topic);
    try {
      await connection.publish(topic, new Uint8Array(), { isRetained: true });
    } catch (error) {
      const tries = (this.#refusedClears.get(topic) ?? 0) + 1;
      this.#refusedClears.set(topic, tries);
      if (refusalCodeOf(error) === undefined || tries < mostRefusedClears) throw error;
      // A topic of a former name of the box: a broker that admits only the present name will never take it.
      logger.warn('the broker refuses to clear a former topic; the box leaves it as it is', {
        ...{
          topic,
          remedy: `Clear it as an administrator of the broker: 'mosquitto_pub -r -n -t ${topic}'.`,
        },
      });
    }
    this.#refusedClears.delete(topic);
    memory.forget(owner, topic);
  }

  /** Called before publishing. Clearing a topic that was remembered but never published does no harm. */
  #remember(documents: readonly RetainedDocument[], known: ReadonlyMap<string, string>): void {
    const changed = new Map<string, string>();
    for (const { topic, parts = {} } of documents) {
      const text = partsText({ ...partsFrom(known.get(topic)), ...parts });
      if (known.get(topic) !== text) changed.set(topic, text);
    }
    if (changed.size > 0) this.#options.memory.remember(this.#options.owner, changed);
  }

  async #publish(
    document: RetainedDocument,
    known: string | undefined,
    { connection, published }: CurrentConnection,
  ): Promise<void> {
    const { owner, memory } = this.#options;
    const { topic, content, parts = {} } = document;
    const gone = Object.fromEntries(Object.entries(partsFrom(known)).filter(([name]) => !(name in parts)));
    for (const message of await document.messages(gone)) {
      await connection.publish(topic, new TextEncoder().encode(message), { isRetained: true });
    }
    published.set(topic, content);
    if (Object.keys(gone).length > 0) memory.remember(owner, new Map([[topic, partsText(parts)]]));
  }

  #report(failure: unknown): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    const { what, logger } = this.#options;
    const fields = { what, reason: messageOf(failure), retryInS: retryMs / 1000 };
    if (refusalCodeOf(failure) === undefined) {
      logger.error('the retained messages at the broker could not be updated', fields);
    } else {
      logger.error('the broker refuses a retained message; other messages are delivered', fields);
    }
  }
}

/**
 * Clears the retained state of the box on a former topic, after site, box or prefix were changed. Otherwise the former box
 * would be shown as offline for ever. Does not publish the present state.
 */
export function clearFormerState(
  topic: string,
  { memory, clock, logger }: Pick<RetainedDocumentsOptions, 'memory' | 'clock' | 'logger'>,
): ConnectionTask {
  return new RetainedDocuments({
    owner: 'state',
    what: 'the state of this box under its former name',
    wanted: () => [{ topic, content: '', messages: async () => [] }],
    onChanged: () => () => undefined,
    ...{ memory, clock, logger },
  });
}

function partsText(parts: RetainedParts): string {
  return JSON.stringify(Object.fromEntries(Object.entries(parts).sort(([a], [b]) => (a < b ? -1 : 1))));
}

function partsFrom(text: string | undefined): RetainedParts {
  return text === undefined ? {} : (JSON.parse(text) as RetainedParts);
}
