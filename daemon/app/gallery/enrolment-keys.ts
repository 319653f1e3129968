import { webcrypto } from 'node:crypto';
import type { Clock } from '../../base/clock.js';
import { badInput } from '../../base/errors.js';
import type { EnrolmentRequest, PhotographResult } from '../../contract/enrolment.js';

/** How long an enrolment is remembered under its key. */
const rememberedMs = 24 * 60 * 60_000;
/** The most remembered enrolments: some megabytes. The oldest are forgotten first. */
const mostRemembered = 10_000;

/** What an enrolment under a key did. Without names: they are read again for the answer. */
export interface RememberedEnrolment {
  readonly content: string;
  readonly personId: string;
  readonly photographs: readonly PhotographResult[];
  readonly resembles: readonly { readonly personId: string; readonly similarity: number }[];
}

/**
 * Enrolments by the key that the caller chose, so that a request that is repeated after a lost answer does not enrol the person
 * again. Each caller has keys of their own. They are kept in memory: after a restart, a repeated request is refused because the
 * face resembles the person of the first one.
 */
export class EnrolmentKeys {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  /** In order of their time. */
  readonly #known = new Map<string, RememberedEnrolment & { readonly atMs: number }>();

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** @throws `idempotency-key-reused` if the key belongs to an enrolment with other content */
  find(actor: string, key: string, content: string): RememberedEnrolment | undefined {
    this.#expire();
    const known = this.#known.get(placeOf(actor, key));
    if (known === undefined || known.content === content) return known;
    throw badInput(
      'idempotency-key-reused',
      'The person was not enrolled: the idempotency key belongs to an earlier request with other content.',
      { remedy: 'Choose a new random key for every enrolment. Use a key again only to repeat a request.' },
    );
  }

  remember(actor: string, key: string, enrolment: RememberedEnrolment): void {
    this.#expire();
    this.#known.set(placeOf(actor, key), { ...enrolment, atMs: this.#clock.monotonicMs() });
    const [oldest] = this.#known.keys();
    if (this.#known.size > mostRemembered && oldest !== undefined) this.#known.delete(oldest);
  }

  /** Forgets the enrolments of a person. */
  forget(personId: string): void {
    for (const [place, known] of this.#known) {
      if (known.personId === personId) this.#known.delete(place);
    }
  }

  #expire(): void {
    const untilMs = this.#clock.monotonicMs() - rememberedMs;
    for (const [place, { atMs }] of this.#known) {
      if (atMs > untilMs) return;
      this.#known.delete(place);
    }
  }
}

const placeOf = (actor: string, key: string): string => `${actor}\n${key}`;

/** A hash of everything that an enrolment holds. Computed in other threads: photographs may have 64 MiB. */
export async function contentOf({ photographs, ...request }: EnrolmentRequest): Promise<string> {
  const hashes: string[] = [];
  for (const photograph of photographs) hashes.push(await hashOf(photograph));
  const { idempotencyKey: _, ...profile } = request;
  return await hashOf(Buffer.from(JSON.stringify([Object.entries(profile).sort(), hashes])));
}

async function hashOf(bytes: Buffer): Promise<string> {
  // The hash takes no views of a shared buffer by their type.
  return Buffer.from(await webcrypto.subtle.digest('SHA-256', new Uint8Array(bytes))).toString('hex');
}
