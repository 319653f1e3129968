import { isRollcallError, type RollcallError } from '../../kernel/errors.js';
import { present } from '../../kernel/present.js';
import type { BrokerConnection, PublishOptions } from './broker/broker-connection.js';
import type { HangUpHistory, SentMessage } from './hang-up-history.js';
import { refusalCodeOf, subscriptionHangUp } from './publish-errors.js';
import type { Topics } from './topics.js';

/** MQTT 5 section 3.9.3, and the only code of MQTT 3.1.1. */
const unspecified = 0x80;

export interface CarefulOptions {
  readonly connection: BrokerConnection;
  readonly hangUps: HangUpHistory;
  readonly topics: Pick<Topics, 'pattern'>;
}

/**
 * A connection that refuses messages on which the broker is known to hang up, as the broker would if it could, and that sends
 * suspects alone.
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

  /** Messages that the broker has not answered, in the order of sending. They stay after the end of the connection. */
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
    const { hangUps, connection } = this.#options;
    const message = this.#message(topic, payload.byteLength, options.event);
    const refusal = hangUps.refusalOf(message);
    if (refusal !== undefined) throw refusal;
    await this.#send(message, () => connection.publish(topic, payload, options));
  }

  async subscribe(topic: string, onMessage: (payload: Uint8Array) => void): Promise<void> {
    const { hangUps, connection } = this.#options;
    const message = this.#message(topic, 0);
    const refusal = hangUps.refusalOf(message);
    if (refusal !== undefined) throw subscriptionHangUp(topic);
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
    return { pattern, topic, sizeBytes, ...present({ event }) };
  }

  async #send(message: SentMessage, send: () => Promise<void>): Promise<void> {
    const { hangUps, connection } = this.#options;
    const turn = this.#isOver ? connection.closed : this.#turnstile.enter(() => hangUps.mustGoAlone(message));
    if (turn !== undefined) {
      const ending = await Promise.race([turn, connection.closed]);
      if (ending !== undefined) throw ending;
    }
    this.#onTheWay.add(message);
    try {
      await send();
      this.#onTheWay.delete(message);
      hangUps.took(message);
    } catch (error) {
      const reasonCode = isRollcallError(error, 'broker-subscribe-refused')
        ? unspecified
        : refusalCodeOf(error);
      if (reasonCode !== undefined) {
        this.#onTheWay.delete(message);
        hangUps.refused(message, reasonCode);
      }
      throw error;
    } finally {
      this.#turnstile.leave();
    }
  }
}

/** Admits messages in order: several together, or one alone where it has to be. */
class Turnstile {
  #insideCount = 0;
  #isClosed = false;
  readonly #waiting: { readonly isAlone: () => boolean; readonly enter: () => void }[] = [];

  /** Undefined: the caller is admitted immediately. Each admitted caller must call `leave`. */
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
