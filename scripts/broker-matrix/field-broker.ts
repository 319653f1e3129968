import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { TestCertificate } from '../../test/support/test-certificate.js';
import { patienceMs, until } from '../../test/support/until.js';
import {
  type BrokerPlace,
  type BrokerProcess,
  type PlaceFolder,
  type SmallDisk,
  startIn,
} from './broker-place.js';
import type { Certificates } from './site.js';
import type { Worker } from './worker.js';

/** What completes the example of a broker in `config/`. */
export interface BrokerSetup {
  /** PEM: who signs the certificates of clients. */
  readonly authority: string;
  readonly certificate: TestCertificate;
  /** Takes no larger message, bytes, and of the events of the box only `attendance` and replies; listens without TLS as well. */
  readonly strictTo?: number;
}

/** A broker that runs with its example of `config/`, on the loopback interface. */
export interface FieldBroker extends AsyncDisposable {
  /** Of MQTT over TLS; the host is localhost. */
  readonly port: number;
  /** Where it speaks a protocol without TLS: a strict broker MQTT, unless it has none without TLS. */
  readonly plainPort: number;
  /** What it printed last. */
  log(): string;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** Starts again on the same port with what is on its disk. */
  start(): Promise<void>;
  /** How often its log says what it says when only a restart helps; always 0 of a broker that needs none. */
  complaintCount(): number;
  /** Takes away what it needs to store messages, and gives it back. */
  readonly storage: SmallDisk;
  /** A worker of the centre, in the way that suits the broker. */
  startWorker(certificates: Certificates): Promise<Worker>;
}

/** Several nodes of one broker, all running. */
export interface BrokerCluster extends AsyncDisposable {
  readonly nodes: readonly { readonly port: number; kill(): Promise<void>; log(): string }[];
}

/** One kind of broker: how it starts, and what it cannot do. */
export interface BrokerKind {
  readonly name: string;
  /** Undefined where the place does not have it. */
  versionIn(place: BrokerPlace): string | undefined;
  /** The reason for each thing that a cell may find in place of what is wanted. */
  readonly limits: Readonly<Record<string, string>>;
  start(place: BrokerPlace, setup: BrokerSetup): Promise<FieldBroker>;
  /** Three nodes; absent where this matrix has no cluster of the kind. */
  startCluster?(place: BrokerPlace, setup: BrokerSetup): Promise<BrokerCluster>;
}

export type Changes = readonly (readonly [from: string, to: string])[];

/** The example in `config/` with other paths, ports and limits. Throws where the example lacks one of them. */
export function exampleWith(name: string, changes: Changes): string {
  let text = readFileSync(new URL(`../../config/${name}`, import.meta.url), 'utf8');
  for (const [from, to] of changes) {
    if (!text.includes(from)) throw new Error(`config/${name} has no "${from}"`);
    text = text.replaceAll(from, () => to);
  }
  return text;
}

/** Starts a broker that is one process and needs nothing but its configuration. It removes `folder` when it is disposed of. */
export async function startSingle(
  place: BrokerPlace,
  command: readonly string[],
  {
    folder,
    complaint,
    ...parts
  }: Pick<FieldBroker, 'port' | 'plainPort' | 'storage' | 'startWorker'> & {
    readonly folder: PlaceFolder;
    /** Matches `complaintCount`. With the flag `g`. */
    readonly complaint?: RegExp;
  },
): Promise<FieldBroker> {
  let running: BrokerProcess;
  const start = async (): Promise<void> => {
    running = startIn(place, command);
    await listeningOn(parts.port, running);
  };
  const broker: FieldBroker = {
    ...parts,
    log: () => running.log(),
    kill: () => running.kill(),
    complaintCount: () => (complaint && running.log().match(complaint)?.length) ?? 0,
    start,
    async [Symbol.asyncDispose]() {
      await running.kill();
      folder[Symbol.dispose]();
    },
  };
  return await begun(broker, start);
}

/** Ends what could not begin: a broker that hangs would take memory and processor time from those after it. */
export async function begun<T extends AsyncDisposable>(started: T, begin: () => Promise<void>): Promise<T> {
  try {
    await begin();
    return started;
  } catch (error) {
    await started[Symbol.asyncDispose]();
    throw error;
  }
}

/** A broker that cannot start ends, so this only bounds one that hangs. On a busy machine, RabbitMQ starts for minutes. */
const startPatienceMs = 4 * patienceMs;

/** Waits until the broker listens on the port. */
export async function listeningOn(port: number, broker: BrokerProcess): Promise<void> {
  const isReady = async (): Promise<boolean> => {
    if (broker.hasEnded()) throw new Error(`the broker ended:\n${broker.log()}`);
    return await isListening(port);
  };
  await until(`a broker on port ${port}`, isReady, startPatienceMs);
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
