import { isRollcallError, type RollcallError } from '../base/errors.js';
import type { Acceptance, SentMessage } from './acceptance.js';
import type { BrokerConnection, PublishOptions } from './broker/broker-connection.js';
import { hungUpOnSubscription, refusedWith } from './publish-refusal.js';
import type { Topics } from './topics.js';

/** MQTT 5 section 3.9.3, and the only code of MQTT 3.1.1. */
const unspecified = 0x80;

export interface CarefulOptions {
  readonly connection: BrokerConnection;
  readonly acceptance: Acceptance;
  readonly topics: Pick<Topics, 'pattern'>;
}

/**
 * A connection over which only goes what the broker is not known to hang up on, and over which suspects go alone. What is
 * held back is refused here, as a broker with a word for it would refuse it.
 */
export class CarefulConnection implements BrokerConnection {
  readonly #options: CarefulOptions;
  readonly #turnstile = new Turnstile();
  readonly #onTheWay = new Set<SentMessage>();

  #isOver = false;

  constructor(options: CarefulOptions) {
    this.#options = options;
    void options.connection.closed.then(() => {
      this.#isOver = true;
    });
  }

  /** What the broker has not answered, in the order in which it was sent; stays when the connection ends. */
  get onTheWay(): readonly SentMessage[] {
    return [...this.#onTheWay];
  }

  get version(): BrokerConnection['version'] {
    return this.#options.connection.version;
  }

  get receiveMaximum(): number {
    return this.#options.connection.receiveMaximum;
  }

  get closed(): Promise<RollcallError> {
    return this.#options.connection.closed;
  }

  async publish(topic: string, payload: Uint8Array, options: PublishOptions): Promise<void> {
    const { acceptance, connection } = this.#options;
    const message = this.#message(topic, payload.byteLength, options.event);
    const refusal = acceptance.refusalOf(message);
    if (refusal !== undefined) throw refusal;
    await this.#send(message, () => connection.publish(topic, payload, options));
  }

  async subscribe(topic: string, onMessage: (payload: Uint8Array) => void): Promise<void> {
    const { acceptance, connection } = this.#options;
    const message = this.#message(topic, 0);
    const refusal = acceptance.refusalOf(message);
    if (refusal !== undefined) throw hungUpOnSubscription(topic);
    await this.#send(message, () => connection.subscribe(topic, onMessage));
  }

  end(): Promise<void> {
    return this.#options.connection.end();
  }

  abort(): void {
    this.#options.connection.abort();
  }

  #message(topic: string, sizeBytes: number, event?: SentMessage['event']): SentMessage {
    const pattern = this.#options.topics.pattern(topic);
    return { pattern, topic, sizeBytes, ...(event === undefined ? {} : { event }) };
  }

  async #send(message: SentMessage, send: () => Promise<void>): Promise<void> {
    const { acceptance, connection } = this.#options;
    const turn = this.#isOver
      ? connection.closed
      : this.#turnstile.enter(() => acceptance.mustGoAlone(message));
    if (turn !== undefined) {
      const ending = await Promise.race([turn, connection.closed]);
      if (ending !== undefined) throw ending;
    }
    this.#onTheWay.add(message);
    try {
      await send();
      this.#onTheWay.delete(message);
      acceptance.took(message);
    } catch (error) {
      const reasonCode = isRollcallError(error, 'broker-subscribe-refused')
        ? unspecified
        : refusedWith(error);
      if (reasonCode !== undefined) {
        this.#onTheWay.delete(message);
        acceptance.refused(message, reasonCode);
      }
      throw error;
    } finally {
      this.#turnstile.leave();
    }
  }
}

/** Lets through together, or one alone where it has to be; always in the order in which they came. */
class Turnstile {
  #insideCount = 0;
  #isClosed = false;
  readonly #waiting: { readonly isAlone: () => boolean; readonly enter: () => void }[] = [];

  /** Undefined: go in at once. Everyone who went in leaves. */
  enter(isAlone: () => boolean): Promise<void> | undefined {
    if (this.#waiting.length === 0 && this.#admits(isAlone)) return undefined;
    return new Promise((resolve) => {
      this.#waiting.push({ isAlone, enter: resolve });
    });
  }

  leave(): void {
    this.#insideCount -= 1;
    this.#isClosed = false;
    for (
      let [next] = this.#waiting;
      next !== undefined && this.#admits(next.isAlone);
      [next] = this.#waiting
    ) {
      this.#waiting.shift();
      next.enter();
    }
  }

  #admits(isAlone: () => boolean): boolean {
    if (this.#isClosed) return false;
    const closes = isAlone();
    if (closes && this.#insideCount > 0) return false;
    this.#insideCount += 1;
    this.#isClosed = closes;
    return true;
  }
}
