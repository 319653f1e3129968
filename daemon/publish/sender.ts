import type { SentEvent } from './blocking-events.js';
import type { BrokerConnection } from './broker/broker-connection.js';
import type { OutboxRow } from './event-outbox.js';
import { outgoingText, type PictureOf, pictureFor, type SendingFacts } from './outgoing.js';
import { refusedWith } from './publish-refusal.js';
import type { Signer } from './signer.js';
import type { Topics } from './topics.js';

export interface SenderOptions {
  readonly connection: Pick<BrokerConnection, 'publish'>;
  readonly topics: Topics;
  readonly signer: Signer;
  readonly nameOf?: SendingFacts['nameOf'];
  readonly pictureOf?: PictureOf;
}

/** Older than this when it is sent, an event is no news any more, milliseconds. */
export const historicalAfterMs = 60_000;

/** CloudEvents in structured mode (MQTT protocol binding, section 3.2). */
const contentType = 'application/cloudevents+json; charset=utf-8';

/** Signs events and sends them, in the order in which they are given: signing takes its time, and not always the same. */
export class Sender {
  readonly #options: SenderOptions;
  readonly #unanswered = new Map<number, SentEvent>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** What the broker neither acknowledged nor refused, in the order in which it was sent; stays when the connection ends. */
  get unanswered(): readonly SentEvent[] {
    return [...this.#unanswered.values()];
  }

  /** Resolves when the broker has acknowledged. Rejects as `BrokerConnection.publish` does. */
  async send(row: OutboxRow): Promise<void> {
    const { connection, topics } = this.#options;
    const message = this.#signed(row);
    const { sequence, kind } = row;
    const begun = Promise.all([message, this.#turn]).then(([bytes]) => {
      this.#unanswered.set(sequence, { sequence, kind, sizeBytes: bytes.byteLength });
      return {
        acknowledged: connection.publish(topics.event(kind, row.commandId), bytes, {
          isRetained: false,
          contentType,
        }),
      };
    });
    // What goes wrong with one is its own affair: the next is sent all the same.
    this.#turn = begun.catch(() => undefined);
    try {
      await (await begun).acknowledged;
      this.#unanswered.delete(sequence);
    } catch (error) {
      if (refusedWith(error) !== undefined) this.#unanswered.delete(sequence);
      throw error;
    }
  }

  async #signed(row: OutboxRow): Promise<Uint8Array> {
    const { signer, nameOf, pictureOf } = this.#options;
    const picture = pictureOf && (await pictureFor(row, pictureOf));
    const isHistorical = row.isAgain || row.ageMs > historicalAfterMs;
    const text = outgoingText(row, {
      isHistorical,
      ...(nameOf === undefined ? {} : { nameOf }),
      ...(picture === undefined ? {} : { picture }),
    });
    return new TextEncoder().encode(await signer.sign(text));
  }
}
