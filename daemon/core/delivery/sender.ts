import { type EvidenceKind, evidenceKindOf } from '../../kernel/events/evidence.js';
import { present } from '../../kernel/present.js';
import type { OutboxRow } from '../records/outbox/outbox.js';
import type { BrokerConnection } from './broker/broker-connection.js';
import type { Signer } from './signer.js';
import type { Topics } from './topics.js';

/** A picture of a face. Only the holder of the centre's secret key can open it. */
export interface SealedPicture {
  /** The X25519 public key, base64url. */
  readonly sealedTo: string;
  /** A sealed box of libsodium that contains the JPEG, base64url. */
  readonly jpeg: string;
}

/** Finds the picture of an event. `occurredAtMs`: wall clock. Resolves with undefined when there is none. */
export type PictureOf = (event: {
  readonly kind: EvidenceKind;
  readonly eventId: string;
  readonly occurredAtMs: number;
}) => Promise<SealedPicture | undefined>;

/** What is added to an event when it is sent. */
export interface SendingFacts {
  /** The event is sent late or again: a receiver must not react as if it happened now. */
  readonly isHistorical: boolean;
  /** The name of the person of an attendance; absent where names must not leave the box. */
  readonly nameOf?: (personId: string) => string | undefined;
  readonly picture?: SealedPicture;
}

export interface SenderOptions {
  readonly connection: Pick<BrokerConnection, 'publish'>;
  readonly topics: Topics;
  readonly signer: Signer;
  readonly nameOf?: SendingFacts['nameOf'];
  readonly pictureOf?: PictureOf;
}

/** An event that is older when it is sent is marked as historical, milliseconds. */
export const historicalAfterMs = 60_000;

/** CloudEvents in structured mode (MQTT protocol binding, section 3.2). */
const contentType = 'application/cloudevents+json; charset=utf-8';

/** Signs and sends events in the order of the calls, although some take longer to sign than others. */
export class Sender {
  readonly #options: SenderOptions;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** Resolves when the broker has acknowledged the event. Rejects as `BrokerConnection.publish` does. */
  async send(row: OutboxRow): Promise<void> {
    const { connection, topics } = this.#options;
    const message = this.#signed(row);
    const { sequence, kind } = row;
    const topic = topics.event(kind, row.commandId);
    const options = { isRetained: false, contentType, event: { sequence, kind } };
    const begun = Promise.all([message, this.#turn]).then(([bytes]) => ({
      acknowledged: connection.publish(topic, bytes, options),
    }));
    // A failure of this event must not keep the next one from being sent.
    this.#turn = begun.catch(() => undefined);
    await (await begun).acknowledged;
  }

  async #signed(row: OutboxRow): Promise<Uint8Array> {
    const { signer, nameOf, pictureOf } = this.#options;
    const picture = pictureOf && (await pictureFor(row, pictureOf));
    const isHistorical = row.isAgain || row.ageMs > historicalAfterMs;
    const text = outgoingText(row, { isHistorical, ...present({ nameOf, picture }) });
    return new TextEncoder().encode(await signer.sign(text));
  }
}

/** The part of a recorded event that is read here. */
interface RecordedText {
  readonly id: string;
  readonly time: string;
  readonly data: Readonly<Record<string, unknown>>;
}

type EventBytes = Pick<OutboxRow, 'kind' | 'payload'>;

/**
 * The text of an event as it is sent, before it is signed. Outside of the gallery, the name of a person and a picture exist
 * only in this text.
 */
export function outgoingText({ kind, payload }: EventBytes, facts: SendingFacts): string {
  const { isHistorical, nameOf, picture } = facts;
  const recorded = new TextDecoder().decode(payload);
  const needsName = kind === 'attendance' && nameOf !== undefined;
  const text =
    needsName || picture !== undefined
      ? withPersonalData(recorded, needsName ? nameOf : undefined, picture)
      : recorded;
  return isHistorical ? `${text.slice(0, -1)},"historical":true}` : text;
}

/** The picture of an event; undefined where it has none. */
export async function pictureFor(
  { kind: eventKind, payload }: EventBytes,
  pictureOf: PictureOf,
): Promise<SealedPicture | undefined> {
  const kind = evidenceKindOf(eventKind);
  if (kind === undefined) return undefined;
  const { id, time } = JSON.parse(new TextDecoder().decode(payload)) as RecordedText;
  return pictureOf({ kind, eventId: id, occurredAtMs: Date.parse(time) });
}

function withPersonalData(
  text: string,
  nameOf: SendingFacts['nameOf'],
  picture: SealedPicture | undefined,
): string {
  const event = JSON.parse(text) as RecordedText;
  const personName = nameOf?.(String(event.data['person']));
  if (personName === undefined && picture === undefined) return text;
  return JSON.stringify({ ...event, data: { ...event.data, ...present({ personName, picture }) } });
}
