import { type EvidenceKind, isEvidenceKind } from '../domain/events/evidence.js';
import type { OutboxRow } from './event-outbox.js';

/** A picture of a face, which only the holder of the centre's secret key can open. */
export interface SealedPicture {
  /** The X25519 public key, base64url. */
  readonly sealedTo: string;
  /** A sealed box of libsodium with the JPEG in it, base64url. */
  readonly jpeg: string;
}

/** Finds the picture kept with an event that happened at `occurredAtMs`, wall clock; never rejects for want of one. */
export type PictureOf = (event: {
  readonly kind: EvidenceKind;
  readonly eventId: string;
  readonly occurredAtMs: number;
}) => Promise<SealedPicture | undefined>;

/** What is known of an event only when it is sent. */
export interface SendingFacts {
  /** It comes later than somebody who acts on news would expect. */
  readonly isHistorical: boolean;
  /** Of the person of an attendance, where names may leave the box. */
  readonly nameOf?: (personId: string) => string | undefined;
  readonly picture?: SealedPicture;
}

/** An event as it is stored, as far as it is looked at here. */
interface StoredText {
  readonly id: string;
  readonly time: string;
  readonly data: Readonly<Record<string, unknown>>;
}

type Row = Pick<OutboxRow, 'kind' | 'payload'>;

/**
 * The text of an event as it is sent, before it is signed. The name of a person and a picture outside of the gallery lie
 * nowhere but in this text.
 */
export function outgoingText({ kind, payload }: Row, facts: SendingFacts): string {
  const { isHistorical, nameOf, picture } = facts;
  const stored = new TextDecoder().decode(payload);
  const needsName = kind === 'attendance' && nameOf !== undefined;
  const text =
    needsName || picture !== undefined ? withMore(stored, needsName ? nameOf : undefined, picture) : stored;
  return isHistorical ? `${text.slice(0, -1)},"historical":true}` : text;
}

/** The picture that goes with an event, if there is one. */
export async function pictureFor(
  { kind, payload }: Row,
  pictureOf: PictureOf,
): Promise<SealedPicture | undefined> {
  if (!isEvidenceKind(kind)) return undefined;
  const { id, time } = JSON.parse(new TextDecoder().decode(payload)) as StoredText;
  return pictureOf({ kind, eventId: id, occurredAtMs: Date.parse(time) });
}

function withMore(text: string, nameOf: SendingFacts['nameOf'], picture: SealedPicture | undefined): string {
  const event = JSON.parse(text) as StoredText;
  const personName = nameOf?.(String(event.data['person']));
  if (personName === undefined && picture === undefined) return text;
  const more = {
    ...(personName === undefined ? {} : { personName }),
    ...(picture === undefined ? {} : { picture }),
  };
  return JSON.stringify({ ...event, data: { ...event.data, ...more } });
}
