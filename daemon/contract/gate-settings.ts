import { z } from 'zod';
import { logLevels } from '../kernel/logger.js';

/** Names below the folder that core and gate share. The core writes there; the gate can only read and connect. */
export const handoverFiles = {
  /** How the gate listens: `gateSettings` as JSON. No secret. */
  settings: 'gate.json',
  /** The certificates that the gate shows, and their private key, as PEM. */
  certificate: 'tls.pem',
  /** The socket on which the core answers the gate. */
  socket: 'gate.sock',
} as const;

/** The folder below, in which vision processes open sockets for live pictures: they can write nowhere else. */
export const liveFolderName = 'live';

/** Bounds on what callers may take from the gate. Times are milliseconds. */
export const gateLimits = z.strictObject({
  connections: z.int().min(1).default(2_000),
  connectionsPerAddress: z.int().min(1).default(200),
  requestsAtOnce: z.int().min(1).default(256),
  requestsAtOncePerAddress: z.int().min(1).default(64),
  /** Requests that the gate holds in its memory: with a body that still arrives, at the core, or with an answer not yet read. */
  requestsHeld: z.int().min(1).default(1_024),
  requestsHeldPerAddress: z.int().min(1).default(128),
  requestsPerConnection: z.int().min(1).default(1_000),
  streamsPerConnection: z.int().min(1).default(32),
  /** From the connection to the end of the headers of its first request; also for the handshake of TLS. */
  headersMs: z.int().min(1).default(10_000),
  /** How long a connection may stay without a request. */
  idleMs: z.int().min(1).default(30_000),
  /** How long the next part of a body may take. */
  bodyIdleMs: z.int().min(1).default(15_000),
  /** How long a caller may take to accept the next part of an answer. */
  readIdleMs: z.int().min(1).default(30_000),
  /** How often the gate asks a connection of HTTP/2 for a sign of life, and how long it waits for one. */
  signOfLifeMs: z.int().min(1).default(30_000),
});
export type GateLimits = z.output<typeof gateLimits>;

/** Everything the gate knows about the box. The core makes it from the configuration. */
export const gateSettings = z.strictObject({
  address: z.string().min(1).max(64),
  port: z.int().min(0).max(65_535),
  minimumTls: z.enum(['1.2', '1.3']),
  /** Names and addresses, in lower case, that a request may be for. */
  hosts: z.array(z.string().max(253)).max(64).readonly(),
  /** Origins of other web pages that may call the API. */
  origins: z.array(z.string().max(300)).max(64).readonly(),
  logLevel: z.enum(logLevels),
  limits: gateLimits.prefault({}),
});
export type GateSettings = z.output<typeof gateSettings>;

/** Headers that only the gate makes. The gate removes those that a caller sends. */
export const gateHeaders = {
  requestId: 'x-request-id',
  /** The address of the caller. */
  address: 'x-rollcall-address',
  /** `none`: no web page asks. `same`: a page of this box. `listed`: a page of an origin that the configuration lists. */
  origin: 'x-rollcall-origin',
} as const;
