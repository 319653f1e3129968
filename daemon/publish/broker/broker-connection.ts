import type { Socket } from 'node:net';
import mqtt, { type IClientOptions, MqttClient } from 'mqtt';
import { isRollcallError, operational, type RollcallError } from '../../base/errors.js';
import type { EventKind } from '../../domain/events/event.js';
import { refusal, tooLarge } from '../publish-refusal.js';
import type { BrokerAccess } from './broker-access.js';
import { endingOf, type Link } from './broker-ending.js';
import { brokerError, problemOf } from './broker-errors.js';
import { guardPackets, largestPacketBytes, webSocketLimits } from './broker-packets.js';
import { openBrokerSocket, type TlsFacts, tlsFacts, usesTls } from './broker-socket.js';
import { NoStore } from './no-store.js';

/** 5 for MQTT 5, 4 for MQTT 3.1.1: the number in the CONNECT packet. */
export type MqttVersion = 5 | 4;

/** Takes what is sent to the box, also what came while it was away. */
export interface Inbox {
  /**
   * Resolves, never rejects, when the message may be acknowledged: until then the broker keeps it, and nothing else is read.
   * `isRetained`: the broker had stored it and brings it because of a subscription. What was just published never has the
   * flag (MQTT 3.1.1 and 5, section 3.3.1.3, without `Retain As Published`), though its sender may have set it.
   */
  take(topic: string, payload: Uint8Array, isRetained: boolean): Promise<void>;
}

export interface ConnectOptions extends BrokerAccess {
  readonly version: MqttVersion;
  /** What the broker publishes, retained, when the connection ends without a goodbye; absent: nothing. */
  readonly will?: { readonly topic: string; readonly payload: Uint8Array };
  /** Present: the broker keeps the subscriptions of this client, and what comes for them, while it is away. */
  readonly inbox?: Inbox;
  /** Has the broker forget what it keeps for this client: there is something among it that cannot be taken. */
  readonly startsAnew?: boolean;
  /** From the first packet to the broker's answer. */
  readonly connectTimeoutMs: number;
  readonly keepaliveS: number;
  /** Gives up connecting; does nothing once connected. */
  readonly signal: AbortSignal;
  /** Called when the broker has shown a certificate that is trusted; it may refuse this box afterwards. */
  readonly onSecured?: (facts: TlsFacts) => void;
}

export interface PublishOptions {
  readonly isRetained: boolean;
  /** What MQTT 5 tells of the payload; by default `application/json`. */
  readonly contentType?: string;
  /** After so many seconds a broker of MQTT 5 drops what it could not hand on yet; by default it keeps it. */
  readonly expiresInS?: number;
  /** Of an event: which one it is. The broker is not told. */
  readonly event?: { readonly sequence: number; readonly kind: EventKind };
}

/** One connection to a broker. It never reconnects: a new one is made instead, and the outbox knows what to send. */
export interface BrokerConnection {
  readonly version: MqttVersion;
  /** How many unacknowledged messages the broker wants at most. */
  readonly receiveMaximum: number;
  /**
   * Publishes at QoS 1; resolves when the broker has acknowledged. Rejects with `broker-publish-refused` (MQTT 5
   * only; `details.reasonCode`) or with the reason why the connection ended. What is larger than the broker takes is
   * refused here: sent, it would end the connection.
   */
  publish(topic: string, payload: Uint8Array, options: PublishOptions): Promise<void>;
  /**
   * Asks for the messages of one topic at QoS 1. Rejects with `broker-subscribe-refused` or with the reason why the
   * connection ended. Brokers may accept and then bring nothing.
   */
  subscribe(topic: string, onMessage: (payload: Uint8Array) => void): Promise<void>;
  /** Resolves, never rejects, when the connection has ended, with the reason. */
  readonly closed: Promise<RollcallError>;
  /** Says goodbye: the broker drops the will. */
  end(): Promise<void>;
  /** Ends at once without goodbye: the broker publishes the will. */
  abort(): void;
}

/** MQTT 5 section 3.2.2.3.3: what holds where the broker names no receive maximum. */
const largestReceiveMaximum = 65_535;

/** What a broker of MQTT 5 says that it takes at most. */
interface BrokerLimits {
  readonly receiveMaximum: number;
  /** Of a whole packet. */
  readonly largestBytes: number;
}

/** Connects once. Rejects with an error of `brokerError` that names the cause. */
export async function connectBroker(options: ConnectOptions): Promise<BrokerConnection> {
  const broker = options.address.name;
  const { client, link, hangUp } = openClient(options);
  if (options.inbox !== undefined) deliverTo(options.inbox, client);
  let isConnected = false;
  let firstError: unknown;
  client.on('error', (error) => {
    firstError ??= error;
    // A server that does not speak MQTT is not hung up on by the client itself.
    hangUp();
  });
  guardPackets(client.stream, {
    hasProperties: options.version === 5,
    onBreach(breach) {
      firstError ??= breach;
      hangUp();
    },
  });
  // The client passes over errors without a code, and that of a WebSocket which is refused has none.
  client.stream.on('error', (error) => {
    if (problemOf(error, 'lost') === 'webPath') firstError ??= error;
  });
  client.on('disconnect', ({ reasonCode }) => {
    firstError ??= Object.assign(new Error('the broker said goodbye'), { code: reasonCode });
  });
  const closed = new Promise<RollcallError>((resolve) => {
    client.once('close', () => {
      const problem = endingOf(firstError, isConnected, link());
      resolve(brokerError(problem, broker, firstError));
    });
  });
  const connected = new Promise<BrokerLimits>((resolve) => {
    client.once('connect', ({ properties: limits = {} }) => {
      const { receiveMaximum = largestReceiveMaximum, maximumPacketSize = Number.POSITIVE_INFINITY } = limits;
      resolve({ receiveMaximum, largestBytes: maximumPacketSize });
    });
  });

  const giveUp = (): void => void client.end(true);
  options.signal.addEventListener('abort', giveUp, { once: true });
  if (options.signal.aborted) giveUp();
  const answer = await Promise.race([connected, closed]);
  options.signal.removeEventListener('abort', giveUp);
  if (isRollcallError(answer)) throw answer;
  isConnected = true;
  const { receiveMaximum, largestBytes } = answer;
  return {
    version: options.version,
    receiveMaximum,
    closed,
    publish: (topic, payload, options) =>
      publish(client, closed, { topic, payload, largestBytes, ...options }),
    subscribe: (topic, onMessage) => subscribe(client, closed, topic, onMessage),
    end: async () => {
      client.end(false);
      await closed;
    },
    abort: () => void client.end(true),
  };
}

/** The client on a socket of our own, so that every way of connecting is trusted by the same rules. */
function openClient(options: ConnectOptions): {
  readonly client: MqttClient;
  readonly link: () => Link;
  /** At once, whatever is still to be said or heard. */
  readonly hangUp: () => void;
} {
  let link: Link = usesTls(options) ? 'unsecured' : 'plain';
  let socket: Socket | undefined;
  const open = (): Socket => {
    const opened = openBrokerSocket(options);
    socket = opened;
    opened.once('secureConnect', () => {
      link = 'secured';
      const facts = tlsFacts(opened);
      if (facts !== undefined) options.onSecured?.(facts);
    });
    return opened;
  };
  const common = clientOptions(options);
  const isWeb = options.address.protocol === 'ws' || options.address.protocol === 'wss';
  const client = isWeb
    ? mqtt.connect({ ...common, wsOptions: { ...webSocketLimits, createConnection: open } })
    : new MqttClient(open, common);
  const hangUp = (): void => {
    client.end(true);
    // A client that is about to end goes on reading; a WebSocket waits for the other side to say goodbye.
    socket?.destroy();
  };
  return { client, link: () => link, hangUp };
}

function clientOptions(options: ConnectOptions): IClientOptions {
  const { address, credential, version, will } = options;
  return {
    protocol: address.protocol,
    host: address.host,
    port: address.port,
    ...(address.path === '' ? {} : { path: address.path }),
    protocolVersion: version,
    clientId: options.clientId,
    ...(credential === undefined
      ? {}
      : { username: credential.user, password: Buffer.from(credential.password) }),
    rejectUnauthorized: true,
    ...sessionOptions(options),
    reconnectPeriod: 0,
    connectTimeout: options.connectTimeoutMs,
    keepalive: options.keepaliveS,
    queueQoSZero: false,
    resubscribe: false,
    incomingStore: new NoStore(),
    outgoingStore: new NoStore(),
    ...(will === undefined
      ? {}
      : { will: { topic: will.topic, payload: Buffer.from(will.payload), qos: 1, retain: true } }),
  };
}

/** How long a broker keeps what comes for a box that is away, seconds: no command is in force for longer. */
const sessionExpiryS = 86_400;

function sessionOptions({ inbox, version, startsAnew = false }: ConnectOptions): IClientOptions {
  const clean = inbox === undefined || startsAnew;
  // MQTT 3.1.1 knows neither an end of a session nor a limit; one that starts anew ends with the connection.
  if (version === 4) return { clean };
  const kept = inbox === undefined ? {} : { sessionExpiryInterval: sessionExpiryS };
  return { clean, properties: { ...kept, maximumPacketSize: largestPacketBytes } };
}

/** The client acknowledges a message when the callback is called, and reads the next one only then. */
function deliverTo(inbox: Inbox, client: MqttClient): void {
  client.handleMessage = ({ topic, payload, retain }, callback) => {
    const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
    void inbox.take(topic, bytes, retain).then(() => callback());
  };
}

/** Bytes of a PUBLISH packet beside topic, content type and payload, at most (MQTT 5, section 3.3). */
const aroundPublish = 25;

async function publish(
  client: MqttClient,
  closed: Promise<RollcallError>,
  {
    topic,
    payload,
    isRetained,
    contentType = 'application/json',
    expiresInS,
    largestBytes,
  }: PublishOptions & {
    readonly topic: string;
    readonly payload: Uint8Array;
    readonly largestBytes: number;
  },
): Promise<void> {
  const packetBytes = payload.byteLength + Buffer.byteLength(topic) + contentType.length + aroundPublish;
  if (packetBytes > largestBytes) throw tooLarge(topic, packetBytes, largestBytes);
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  const expiry = expiresInS === undefined ? {} : { messageExpiryInterval: Math.ceil(expiresInS) };
  const properties = { contentType, payloadFormatIndicator: true, ...expiry };
  const acknowledged = new Promise<void>((resolve, reject) => {
    client.publish(topic, bytes, { qos: 1, retain: isRetained, properties }, (error) => {
      if (!error) resolve();
      else if ('code' in error && typeof error.code === 'number') reject(refusal(topic, error.code, error));
      // Any other failure is that of the connection, and `closed` knows the reason.
      else client.end(true);
    });
  });
  const ending = await Promise.race([acknowledged, closed]);
  if (ending !== undefined) throw ending;
}

async function subscribe(
  client: MqttClient,
  closed: Promise<RollcallError>,
  topic: string,
  onMessage: (payload: Uint8Array) => void,
): Promise<void> {
  client.on('message', (from, payload) => {
    if (from === topic) onMessage(payload);
  });
  const granted = new Promise<void>((resolve, reject) => {
    client.subscribe(topic, { qos: 1 }, (error, grants) => {
      // Refusals are reason codes from 128; with MQTT 3.1.1 all of them are 128 (section 3.9.3).
      const refused = grants?.find(({ qos }) => qos >= 128);
      if (!error && refused === undefined) resolve();
      // Without an answer, the failure is that of the connection, and `closed` knows the reason.
      else if (error && !('packet' in error && error.packet)) client.end(true);
      else
        reject(
          operational('broker-subscribe-refused', `the broker refuses subscriptions to ${topic}`, {
            ...(error ? { cause: error } : {}),
            details: { topic },
            remedy: 'Allow this box to read the topic in the access rules of the broker.',
          }),
        );
    });
  });
  const ending = await Promise.race([granted, closed]);
  if (ending !== undefined) throw ending;
}
