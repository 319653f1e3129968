import type { IncomingMessage } from 'node:http';
import type { Caller } from '../contract/caller.js';
import type { OperationDeclaration } from '../contract/operation.js';
import { bodyLimit } from './body.js';
import { hasBody } from './body-stream.js';
import { defaultClassBounds, InFlight, type InFlightBounds } from './in-flight.js';
import type { RateLimits } from './rate-limits.js';

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
   * Headers of the answer that say what is left of the limit, and how to give back what the request took.
   * @throws `rate-limited`, `busy`
   */
  admit(entrant: Entrant): Promise<{ readonly headers: Readonly<Record<string, string>>; release(): void }>;
  /** Counts a request without rights: by its account, or by its address without a valid login. @throws `rate-limited` */
  countRefused(caller: Caller): Promise<void>;
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
    async admit({ declaration, caller, incoming, path }) {
      const headers =
        caller.isLimited && rates !== undefined ? await rates.count(declaration.rate, caller) : {};
      const bodyBytes = announcedBytes(declaration, incoming);
      return { headers, release: inFlight.enter({ declaration, caller, bodyBytes, path }) };
    },
    async countRefused(caller) {
      if (caller.isLimited) await rates?.count('default', caller);
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
