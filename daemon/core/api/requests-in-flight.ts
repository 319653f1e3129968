import type { Caller } from '../../contract/caller.js';
import type { OperationDeclaration, RateClass } from '../../contract/operation.js';
import { networkOf } from '../../host/network-of.js';
import { failure } from '../../words/errors.js';

/** What requests may take at the same moment. */
export interface InFlightBounds {
  readonly requests: number;
  /** For each account and each API key, or for each address without a login. */
  readonly requestsOfCaller: number;
  /** Memory for bodies. */
  readonly bodyBytes: number;
  /** Streams of one caller in all. One camera, or one stream without a camera, has one of a caller. */
  readonly streamsOfCaller: number;
  /** By class: work that costs seconds of the processor, such as photographs and password hashes. */
  readonly ofClass: Readonly<Partial<Record<RateClass, number>>>;
}

/** What is spared of the machine: photographs and passwords from outside wait outside, and cameras keep their cores. */
export const defaultClassBounds: InFlightBounds['ofClass'] = {
  login: 16,
  enrolment: 4,
  guidance: 4,
  recognition: 8,
  detection: 8,
  days: 4,
  heavy: 8,
};

const retryAfterS = 2;

interface Entering {
  readonly declaration: OperationDeclaration;
  readonly caller: Caller;
  /** What its body may take, bytes. */
  readonly bodyBytes: number;
  readonly path: Readonly<Record<string, string>>;
}

/** Counts what the requests in work take, and refuses those beyond the bounds at once: a queue would only make all of them late. */
export class InFlight {
  readonly #bounds: () => InFlightBounds;
  readonly #taken = new Map<string, number>();

  constructor(bounds: () => InFlightBounds) {
    this.#bounds = bounds;
  }

  /** The requests in work. */
  get requests(): number {
    return this.#taken.get('requests') ?? 0;
  }

  /** Takes what a request needs. Returns how to give it back, once. @throws `busy` */
  enter({ declaration, caller, bodyBytes, path }: Entering): () => void {
    const { requests, requestsOfCaller, bodyBytes: allBodies, streamsOfCaller, ofClass } = this.#bounds();
    const { rate } = declaration;
    const who = subjectOf(caller);
    const needs: [key: string, amount: number, bound: number, what: Crowd][] = [
      ['requests', 1, requests, 'busy:requests'],
      ['bodies', bodyBytes, allBodies, 'busy:memory'],
    ];
    if (caller.isLimited) {
      needs.push([`of ${who}`, 1, requestsOfCaller, 'busy:own-requests']);
      // Callers without a login cannot take the places of those who have one.
      const crowd = caller.actor === 'anonymous' ? `${rate} without a login` : rate;
      needs.push([`class ${crowd}`, 1, ofClass[rate] ?? requests, 'busy:kind']);
      if (rate === 'stream') {
        const subject = `${declaration.path} ${path[declaration.camera ?? ''] ?? ''}`;
        needs.push([`streams of ${who}`, 1, streamsOfCaller, 'busy:own-streams']);
        needs.push([`stream of ${who} ${subject}`, 1, 1, 'busy:own-stream']);
      }
    }
    const full = needs.find(([key, amount, bound]) => (this.#taken.get(key) ?? 0) + amount > bound);
    if (full !== undefined) throw failure(full[3], {}, { details: { retryAfterS }, retryable: true });
    for (const [key, amount] of needs) this.#add(key, amount);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      for (const [key, amount] of needs) this.#add(key, -amount);
    };
  }

  #add(key: string, amount: number): void {
    const taken = (this.#taken.get(key) ?? 0) + amount;
    if (taken > 0) this.#taken.set(key, taken);
    else this.#taken.delete(key);
  }
}

type Crowd = `busy:${'requests' | 'memory' | 'own-requests' | 'kind' | 'own-streams' | 'own-stream'}`;

/** An address may have many programs with keys of their own: it counts only where nothing else is known. */
function subjectOf({ userId, actor, address }: Caller): string {
  if (userId !== undefined) return userId;
  return actor === 'anonymous' && address !== undefined ? networkOf(address) : actor;
}
