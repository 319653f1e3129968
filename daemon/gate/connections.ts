import type { Socket } from 'node:net';
import type { GateLimits } from '../contract/gate-settings.js';
import { networkOf } from '../host/network-of.js';
import type { Clock } from '../kernel/clock.js';
import { TokenBucket } from '../kernel/token-bucket.js';
import { plainAddress } from './request-rules.js';

/** The address and port of the other side, which name a connection while it lasts. */
interface Peer {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

/** A connection from the network. */
export interface Connection {
  /** The caller's address as text. */
  readonly address: string;
  /** Connections and requests are counted by it: the address, or the network of an IPv6 address, whose owner has 2^64 of them. */
  readonly group: string;
  readonly socket: Socket;
  /** Address and port of the caller. */
  readonly key: string;
  requests: number;
  /** Requests that are not answered yet. */
  open: number;
  /** When the last request ended, or the connection began. */
  sinceMs: number;
  /** Streams that the caller may still give up early. */
  readonly resets: TokenBucket;
}

/** A caller may give up so many streams at once, and one more each fifth of a second. A page that is left gives up a few. */
const resetAllowance = { most: 50, everyMs: 200 };

/** Counts connections and requests, and ends connections that hold their place without a request. */
export class Connections {
  readonly #clock: Clock;
  readonly #limits: GateLimits;
  readonly #all = new Map<string, Connection>();
  /** Those that never made a request, the oldest first. */
  readonly #silent = new Set<Connection>();
  /** Those whose requests are all answered, the one that waits longest first. */
  readonly #idle = new Set<Connection>();
  readonly #connectionsOf = new Map<string, number>();
  readonly #held: Places;
  readonly #atCore: Places;
  #refused = 0;

  constructor(clock: Clock, limits: GateLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#held = new Places(limits.requestsHeld, limits.requestsHeldPerAddress);
    this.#atCore = new Places(limits.requestsAtOnce, limits.requestsAtOncePerAddress);
  }

  get count(): number {
    return this.#all.size;
  }

  get requests(): number {
    return this.#atCore.taken;
  }

  /** Connections that were refused or ended early since the last call. */
  takeRefused(): number {
    const refused = this.#refused;
    this.#refused = 0;
    return refused;
  }

  /**
   * Takes a new connection in, or ends it. Where all places are taken, the oldest connection without a request gives its
   * place, or the one that is idle longest: honest callers ask within a fraction of a second, and connect again by themselves.
   */
  admit(socket: Socket): void {
    const key = keyOf(socket);
    const address = plainAddress(socket.remoteAddress ?? '');
    const group = networkOf(address);
    const already = this.#connectionsOf.get(group) ?? 0;
    const { connections, connectionsPerAddress } = this.#limits;
    const mayCome = key !== undefined && already < connectionsPerAddress;
    if (!mayCome || (this.#all.size >= connections && !this.#endOldest())) {
      this.#refused += 1;
      socket.destroy();
      return;
    }
    this.#connectionsOf.set(group, already + 1);
    const resets = new TokenBucket(this.#clock, resetAllowance);
    const sinceMs = this.#clock.monotonicMs();
    const connection = { address, group, socket, key, requests: 0, open: 0, sinceMs, resets };
    this.#all.set(key, connection);
    this.#silent.add(connection);
    socket.once('close', () => this.#forget(connection));
  }

  /** False if every connection has a request in work. */
  #endOldest(): boolean {
    const [oldest] = this.#silent.size > 0 ? this.#silent : this.#idle;
    if (oldest === undefined) return false;
    if (oldest.requests === 0) this.#refused += 1;
    oldest.socket.destroy();
    this.#forget(oldest);
    return true;
  }

  /** Once for each: its address and port may belong to a newer connection later. */
  #forget(connection: Connection): void {
    const { key, group } = connection;
    if (this.#all.get(key) !== connection) return;
    this.#all.delete(key);
    this.#silent.delete(connection);
    this.#idle.delete(connection);
    countDown(this.#connectionsOf, group);
  }

  /** The connection that a request came on; undefined if it has ended. */
  of(peer: Peer): Connection | undefined {
    const key = keyOf(peer);
    return key === undefined ? undefined : this.#all.get(key);
  }

  /** A request began on the connection. Call the returned function once when it has ended. */
  begin(connection: Connection): () => void {
    connection.requests += 1;
    connection.open += 1;
    this.#silent.delete(connection);
    this.#idle.delete(connection);
    return () => {
      connection.open -= 1;
      connection.sinceMs = this.#clock.monotonicMs();
      if (connection.open === 0 && this.#all.get(connection.key) === connection) this.#idle.add(connection);
    };
  }

  /** A place for a request to the core; undefined if all are taken. Call the returned function once to give it back. */
  takePlace({ group }: Connection): (() => void) | undefined {
    return this.#atCore.take(group);
  }

  /**
   * A place for a request in the memory of the gate; undefined if all are taken. More of them than at the core: a body that arrives
   * slowly waits here. Call the returned function once to give it back.
   */
  hold({ group }: Connection): (() => void) | undefined {
    return this.#held.take(group);
  }

  /** Ends every connection that has been without a request for too long. Call it about once a second. */
  sweep(): void {
    const nowMs = this.#clock.monotonicMs();
    const { headersMs, idleMs } = this.#limits;
    for (const { socket, open, requests, sinceMs } of this.#all.values()) {
      if (open > 0 || nowMs - sinceMs < (requests === 0 ? headersMs : idleMs)) continue;
      if (requests === 0) this.#refused += 1;
      socket.destroy();
    }
  }

  /** Ends all connections. */
  endAll(): void {
    for (const { socket } of this.#all.values()) socket.destroy();
  }
}

/** Counts what is taken, in all and of each group of callers. */
class Places {
  readonly #most: number;
  readonly #mostOfGroup: number;
  readonly #takenBy = new Map<string, number>();
  #taken = 0;

  constructor(most: number, mostOfGroup: number) {
    this.#most = most;
    this.#mostOfGroup = mostOfGroup;
  }

  get taken(): number {
    return this.#taken;
  }

  take(group: string): (() => void) | undefined {
    const already = this.#takenBy.get(group) ?? 0;
    if (this.#taken >= this.#most || already >= this.#mostOfGroup) return undefined;
    this.#taken += 1;
    this.#takenBy.set(group, already + 1);
    return () => {
      this.#taken -= 1;
      countDown(this.#takenBy, group);
    };
  }
}

function keyOf({ remoteAddress, remotePort }: Peer): string | undefined {
  return remoteAddress === undefined || remotePort === undefined
    ? undefined
    : `${remoteAddress} ${remotePort}`;
}

function countDown(counts: Map<string, number>, key: string): void {
  const left = (counts.get(key) ?? 0) - 1;
  if (left > 0) counts.set(key, left);
  else counts.delete(key);
}
