import type { IncomingMessage } from 'node:http';
import type { Caller } from '../../contract/caller.js';
import type { OperationDeclaration, RateClass } from '../../contract/operation.js';
import { bodyLimit } from './body.js';
import { hasBody } from './body-stream.js';
import type { RateLimits } from './rate-limits.js';
import { defaultClassBounds, InFlight, type InFlightBounds } from './requests-in-flight.js';

/** A request before its body is read. */
export interface Entrant {
  readonly declaration: OperationDeclaration;
  readonly caller: Caller;
  readonly incoming: IncomingMessage;
  readonly path: Readonly<Record<string, string>>;
}

/** Admits requests within the limits of a caller and of the box. */
export interface Admission {
  /**
   * Counts a request by its account, or by its address without a valid login. Returns headers of the answer that say what is
   * left of the limit. @throws `rate-limited`
   */
  count(rateClass: RateClass, caller: Caller): Promise<Readonly<Record<string, string>>>;
  /** Takes what the request needs. Returns how to give it back. @throws `busy` */
  enter(entrant: Entrant): () => void;
}

/** The bounds of callers on this machine, who are trusted but make mistakes. */
export const localBounds: InFlightBounds = {
  requests: 512,
  requestsOfCaller: 512,
  bodyBytes: 512 * 1024 * 1024,
  streamsOfCaller: 64,
  ofClass: {},
};

/** The bounds of callers from the network by the configuration. */
export function networkBounds(api: {
  readonly requestsAtOnce: number;
  readonly bodiesMiB: number;
}): InFlightBounds {
  return {
    requests: api.requestsAtOnce,
    // One caller must not take all.
    requestsOfCaller: Math.max(4, Math.floor(api.requestsAtOnce / 4)),
    bodyBytes: api.bodiesMiB * 1024 * 1024,
    streamsOfCaller: 8,
    ofClass: defaultClassBounds,
  };
}

/** Admission by what is in work, and for limited callers by how often they ask. */
export function createAdmission(
  bounds: () => InFlightBounds,
  rates: Pick<RateLimits, 'count'> | undefined,
): Admission {
  const inFlight = new InFlight(bounds);
  return {
    count: async (rateClass, caller) =>
      caller.isLimited && rates !== undefined ? await rates.count(rateClass, caller) : {},
    enter({ declaration, caller, incoming, path }) {
      const bodyBytes = announcedBytes(declaration, incoming);
      return inFlight.enter({ declaration, caller, bodyBytes, path });
    },
  };
}

/** What the body may take: its declared length, or without one the limit of the operation. A longer one is refused later. */
function announcedBytes(declaration: OperationDeclaration, incoming: IncomingMessage): number {
  if (!hasBody(incoming)) return 0;
  const limit = bodyLimit(declaration);
  const declared = Number(incoming.headers['content-length'] ?? limit);
  return Math.min(declared, limit);
}
