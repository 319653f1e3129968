import type { BrokerConnection } from './broker/broker-connection.js';
import type { OutboxRow } from './event-outbox.js';
import { outgoingText, type PictureOf, pictureFor, type SendingFacts } from './outgoing.js';
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
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** Resolves when the broker has acknowledged. Rejects as `BrokerConnection.publish` does. */
  async send(row: OutboxRow): Promise<void> {
    const { connection, topics } = this.#options;
    const message = this.#signed(row);
    const { sequence, kind } = row;
    const topic = topics.event(kind, row.commandId);
    const options = { isRetained: false, contentType, event: { sequence, kind } };
    const begun = Promise.all([message, this.#turn]).then(([bytes]) => ({
      acknowledged: connection.publish(topic, bytes, options),
    }));
    // What goes wrong with one is its own affair: the next is sent all the same.
    this.#turn = begun.catch(() => undefined);
    await (await begun).acknowledged;
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
