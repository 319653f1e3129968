import type { Socket } from 'node:net';
import mqtt, { type IClientOptions, MqttClient, Store } from 'mqtt';
import { isRollcallError, type RollcallError } from '../../../kernel/errors.js';
import type { EventKind } from '../../../kernel/events/event.js';
import { failure } from '../../../words/errors.js';
import { messageTooLarge, publishRefused } from '../publish-errors.js';
import type { BrokerAccess } from './broker-access.js';
import { brokerError, endingOf, type Link, problemOf } from './broker-errors.js';
import { guardPackets, largestPacketBytes, webSocketLimits } from './broker-packets.js';
import { openBrokerSocket, type TlsFacts, tlsFacts, usesTls } from './broker-socket.js';

/** 5 for MQTT 5, 4 for MQTT 3.1.1: the number in the CONNECT packet. */
export type MqttVersion = 5 | 4;

/** Receives the messages for the box, also those that came while it was away. */
export interface Inbox {
  /**
   * Resolves when the message may be acknowledged; never rejects. Until then the broker keeps the message, and no other message is
   * read. `isRetained`: the broker had stored the message and delivers it because of a new subscription. A message that was just
   * published never has the flag (MQTT 3.1.1 and 5, section 3.3.1.3, without `Retain As Published`).
   */
  take(topic: string, payload: Uint8Array, isRetained: boolean): Promise<void>;
}

export interface ConnectOptions extends BrokerAccess {
  readonly version: MqttVersion;
  /** The retained message that the broker publishes when the connection ends without a goodbye. */
  readonly will?: { readonly topic: string; readonly payload: Uint8Array };
  /** Where present, the broker keeps the subscriptions and messages of this client while it is away. */
  readonly inbox?: Inbox;
  /** Makes the broker forget the messages that it keeps for this client, because one of them cannot be received. */
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
  /** Content type of the payload (MQTT 5); by default `application/json`. */
  readonly contentType?: string;
  /** A broker of MQTT 5 drops an undelivered message after so many seconds; by default it keeps the message. */
  readonly expiresInS?: number;
  /** Called before `publish` resolves where a broker of MQTT 5 says that no client subscribes to the topic. */
  readonly onNoSubscriber?: () => void;
  /** Identifies an event. Not sent to the broker. */
  readonly event?: { readonly sequence: number; readonly kind: EventKind };
}

/** One connection to a broker. It never reconnects: a new connection replaces it, and the outbox knows what to send. */
export interface BrokerConnection {
  readonly version: MqttVersion;
  /** Largest number of unacknowledged messages that the broker accepts. */
  readonly receiveMaximum: number;
  /**
   * Publishes at QoS 1; resolves when the broker has acknowledged. Rejects with `broker-publish-refused` (MQTT 5
   * only; `details.reasonCode`) or with the reason why the connection ended. A message larger than the broker takes is
   * refused here, because sending it would end the connection.
   */
  publish(topic: string, payload: Uint8Array, options: PublishOptions): Promise<void>;
  /**
   * Asks for the messages of one topic at QoS 1. Rejects with `broker-subscribe-refused` or with the reason why the
   * connection ended. A broker may accept the subscription and still deliver nothing.
   */
  subscribe(topic: string, onMessage: (payload: Uint8Array) => void): Promise<void>;
  /** Resolves, never rejects, when the connection has ended, with the reason. */
  readonly closed: Promise<RollcallError>;
  /** Says goodbye: the broker drops the will. */
  end(): Promise<void>;
  /** Ends at once without goodbye: the broker publishes the will. */
  abort(): void;
}

/** MQTT 5 section 3.2.2.3.3: the value where the broker names no receive maximum. */
const largestReceiveMaximum = 65_535;

/** The limits that a broker of MQTT 5 announces. */
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
    // The client does not itself close a connection to a server that does not speak MQTT.
    hangUp();
  });
  guardPackets(client.stream, {
    hasProperties: options.version === 5,
    onBreach(breach) {
      firstError ??= breach;
      hangUp();
    },
  });
  // The client ignores errors without a code, and the error of a refused WebSocket has none.
  client.stream.on('error', (error) => {
    if (problemOf(error, 'lost') === 'webPath') firstError ??= error;
  });
  client.on('disconnect', ({ reasonCode }) => {
    firstError ??= Object.assign(new Error('the broker said goodbye'), { code: reasonCode });
  });
  // The client does not pass on this reason code.
  const unread = new Set<number>();
  client.on('packetreceive', (packet) => {
    if (
      packet.cmd === 'puback' &&
      packet.reasonCode === noMatchingSubscribers &&
      packet.messageId !== undefined
    )
      unread.add(packet.messageId);
  });
  const closed = new Promise<RollcallError>((resolve) => {
    client.once('close', () => {
      const problem = endingOf(firstError, isConnected, link());
      // NATS 2.9 says the same about a missing certificate as about a bad one.
      const lacksCertificate = problem === 'clientRefused' && options.clientCertificate === undefined;
      resolve(brokerError(lacksCertificate ? 'clientRequired' : problem, broker, firstError));
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
      publish(client, closed, { topic, payload, largestBytes, unread, ...options }),
    subscribe: (topic, onMessage) => subscribe(client, closed, topic, onMessage),
    end: async () => {
      client.end(false);
      await closed;
    },
    abort: () => void client.end(true),
  };
}

/**
 * Stores nothing. By default, the MQTT client would remember unacknowledged messages and send them again; here the outbox is the
 * only memory. It also does not remember messages of QoS 2, for which the box never asks. Using it after `close` does no harm.
 */
class NoStore extends Store {
  override put(...[, done]: Parameters<Store['put']>): this {
    done();
    return this;
  }

  /**
   * The client deletes acknowledged messages, and treats a missing one as a failure to publish. It passes the given packet, which
   * has only the message id, to the callback of `publish`.
   */
  override del(...[packet, done]: Parameters<Store['del']>): this {
    done(undefined, packet as Parameters<typeof done>[1]);
    return this;
  }

  override get(...[, done]: Parameters<Store['get']>): this {
    done(new Error('nothing is kept'));
    return this;
  }

  /** Packets that came before the end may still pass through the client. */
  override close(...[done]: Parameters<Store['close']>): void {
    done();
  }
}

/** Makes the client on our own socket, so that all protocols follow the same trust rules. */
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
    // An ending client still reads, and a WebSocket waits for the other side to close.
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

/** How long a broker keeps messages for a box that is away, seconds. No command is valid for longer. */
const sessionExpiryS = 86_400;

function sessionOptions({ inbox, version, startsAnew = false }: ConnectOptions): IClientOptions {
  const clean = inbox === undefined || startsAnew;
  // MQTT 3.1.1 has neither a session expiry nor a size limit; a clean session ends with the connection.
  if (version === 4) return { clean };
  const kept = inbox === undefined ? {} : { sessionExpiryInterval: sessionExpiryS };
  return { clean, properties: { ...kept, maximumPacketSize: largestPacketBytes } };
}

/** The client acknowledges a message and reads the next one when the callback is called. */
function deliverTo(inbox: Inbox, client: MqttClient): void {
  client.handleMessage = ({ topic, payload, retain }, callback) => {
    const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
    void inbox.take(topic, bytes, retain).then(() => callback());
  };
}

/**
 * Ends the connection after the present callback: the client may be calling back for all messages that wait, and would throw if
 * these went in the middle.
 */
function endSoon(client: MqttClient): void {
  queueMicrotask(() => client.end(true));
}

/** MQTT 5, section 3.4.2.1: the broker took the message but has no subscriber for it. Brokers need not report this. */
const noMatchingSubscribers = 0x10;

/** Largest size of a PUBLISH packet without topic, content type and payload, bytes (MQTT 5, section 3.3). */
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
    onNoSubscriber,
    largestBytes,
    unread,
  }: PublishOptions & {
    readonly topic: string;
    readonly payload: Uint8Array;
    readonly largestBytes: number;
    readonly unread: Set<number>;
  },
): Promise<void> {
  const packetBytes = payload.byteLength + Buffer.byteLength(topic) + contentType.length + aroundPublish;
  if (packetBytes > largestBytes) throw messageTooLarge(topic, packetBytes, largestBytes);
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  const expiry = expiresInS === undefined ? {} : { messageExpiryInterval: Math.ceil(expiresInS) };
  const properties = { contentType, payloadFormatIndicator: true, ...expiry };
  const acknowledged = new Promise<void>((resolve, reject) => {
    client.publish(topic, bytes, { qos: 1, retain: isRetained, properties }, (error, packet) => {
      const isUnread = packet?.messageId !== undefined && unread.delete(packet.messageId);
      if (!error) {
        if (isUnread) onNoSubscriber?.();
        resolve();
      } else if ('code' in error && typeof error.code === 'number')
        reject(publishRefused(topic, error.code, error));
      // Any other failure is that of the connection, and `closed` knows the reason.
      else endSoon(client);
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
      else if (error && !('packet' in error && error.packet)) endSoon(client);
      else
        reject(
          failure(
            'broker-subscribe-refused',
            { topic },
            { ...(error ? { cause: error } : {}), details: { topic } },
          ),
        );
    });
  });
  const ending = await Promise.race([granted, closed]);
  if (ending !== undefined) throw ending;
}
