import type { Duplex } from 'node:stream';

/** The largest packet that a box accepts, bytes: an enrolment with photographs, and a margin. */
export const largestPacketBytes = 17 * 1024 * 1024;
/** The largest other packet and the largest properties. Properties are parsed one by one, about 10 microseconds each. */
const largestControlBytes = 16 * 1024;
/** The number of two-byte packets in one read of a socket (64 KiB); a WebSocket message can contain more. */
const mostPacketsAtOnce = 32 * 1024;
/** Each buffered piece of an incomplete packet costs about 300 bytes of overhead. */
const fewPieces = 4096;
const leastPieceBytes = 64;

/** Limits of the `ws` client, which joins frames to messages before the packets in them are checked. */
export const webSocketLimits = {
  // One message may hold several packets (MQTT 5 section 6): two of the largest.
  maxPayload: 2 * largestPacketBytes,
  // Compressed messages are measured too late, and compression costs more than it saves.
  perMessageDeflate: false,
  // The answers to a server that pings without reading must not pile up.
  maxPendingAutoPongs: 64,
  // Do not wait long for the goodbye of a server that broke the rules, milliseconds.
  closeTimeout: 2_000,
} as const;

/** A packet that a broker must not send. `problem`: see `brokerError`. */
export class PacketBreach extends Error {
  readonly problem: 'packetTooLarge' | 'protocol';

  constructor(problem: PacketBreach['problem'], message: string) {
    super(message);
    this.problem = problem;
  }
}

/** Types of control packets (MQTT 5 section 2.1.2). */
const publishType = 3;
/** Packet types that a broker sends to a box with QoS 1; PUBREL completes QoS 2 messages of earlier sessions. */
const typesOfBrokers: ReadonlySet<number> = new Set([2, publishType, 4, 6, 9, 13, 14, 15]);

type Awaited =
  | 'control byte'
  | 'length'
  | 'topic length, high'
  | 'topic length, low'
  | 'length of properties';

/**
 * Follows a stream of MQTT packets by their fixed headers (MQTT 5 section 2.1.1, MQTT 3.1.1 section 2.2), in pieces of any
 * size, and in messages of MQTT 5 up to the length of their properties. Reads a few bytes of each packet, skips the rest, and
 * copies nothing.
 */
export class PacketHeaders {
  readonly #hasProperties: boolean;
  #awaited: Awaited = 'control byte';
  /** Bytes of the packet to skip before the next one is read. */
  #passing = 0;
  /** Bytes of the packet after those that were read. */
  #left = 0;
  #controlByte = 0;
  #number = 0;
  #factor = 1;
  #pieces = 0;
  #cameBytes = 0;

  /** `hasProperties`: the connection uses MQTT 5. */
  constructor({ hasProperties }: { readonly hasProperties: boolean }) {
    this.#hasProperties = hasProperties;
  }

  /** Checks the next piece. A breach ends the connection, and the piece must not be used. */
  take(piece: Uint8Array): PacketBreach | undefined {
    this.#pieces += 1;
    this.#cameBytes += piece.length;
    if (this.#pieces > fewPieces + this.#cameBytes / leastPieceBytes)
      return new PacketBreach('protocol', 'a packet comes in too many small pieces');
    let packets = 0;
    for (let at = 0; at < piece.length; ) {
      if (this.#passing > 0) {
        const passed = Math.min(this.#passing, piece.length - at);
        this.#passing -= passed;
        this.#left -= passed;
        at += passed;
        if (this.#left === 0) this.#endPacket();
        continue;
      }
      if (this.#awaited === 'control byte') packets += 1;
      if (packets > mostPacketsAtOnce)
        return new PacketBreach('protocol', `more than ${mostPacketsAtOnce} packets at once`);
      const breach = this.#readByte(piece[at] ?? 0);
      if (breach !== undefined) return breach;
      at += 1;
      if (this.#awaited !== 'control byte' && this.#awaited !== 'length' && this.#left === 0)
        this.#endPacket();
    }
    return undefined;
  }

  #endPacket(): void {
    this.#awaited = 'control byte';
    this.#passing = 0;
    this.#pieces = 0;
    this.#cameBytes = 0;
  }

  #readByte(byte: number): PacketBreach | undefined {
    switch (this.#awaited) {
      case 'control byte':
        return this.#beginPacket(byte);
      case 'length':
        return this.#lengthOfPacket(byte);
      case 'topic length, high':
        this.#left -= 1;
        this.#number = byte * 256;
        this.#awaited = 'topic length, low';
        return undefined;
      case 'topic length, low':
        this.#left -= 1;
        // Behind the topic: a packet identifier, unless the message is of QoS 0 (MQTT 5 section 3.3.2).
        this.#pass(this.#number + byte + ((this.#controlByte & 0b110) === 0 ? 0 : 2));
        this.#await('length of properties');
        return undefined;
      case 'length of properties':
        this.#left -= 1;
        return this.#lengthOfProperties(byte);
    }
  }

  #beginPacket(byte: number): PacketBreach | undefined {
    const type = byte >> 4;
    if (!typesOfBrokers.has(type))
      return new PacketBreach('protocol', `a packet of type ${type}, which no broker sends to a box`);
    this.#controlByte = byte;
    this.#await('length');
    return undefined;
  }

  #lengthOfPacket(byte: number): PacketBreach | undefined {
    const isWhole = this.#gather(byte);
    if (isWhole === undefined) return new PacketBreach('protocol', 'a length of more than four bytes');
    if (!isWhole) return undefined;
    const isMessage = this.#controlByte >> 4 === publishType;
    const largest = isMessage ? largestPacketBytes : largestControlBytes;
    if (this.#number > largest)
      return new PacketBreach(
        'packetTooLarge',
        `a packet of ${this.#number} bytes, where at most ${largest} are taken`,
      );
    this.#left = this.#number;
    if (this.#left === 0) this.#endPacket();
    else if (isMessage && this.#hasProperties) this.#await('topic length, high');
    else this.#pass(this.#left);
    return undefined;
  }

  #lengthOfProperties(byte: number): PacketBreach | undefined {
    const isWhole = this.#gather(byte);
    if (isWhole === undefined) return new PacketBreach('protocol', 'a length of more than four bytes');
    if (!isWhole) return undefined;
    if (this.#number > largestControlBytes)
      return new PacketBreach(
        'packetTooLarge',
        `a message with ${this.#number} bytes of properties, where at most ${largestControlBytes} are taken`,
      );
    this.#pass(this.#left);
    return undefined;
  }

  #await(awaited: Awaited): void {
    this.#awaited = awaited;
    this.#number = 0;
    this.#factor = 1;
  }

  /** Stops at the end of the packet: the parser handles packets that are too short for their fields. */
  #pass(bytes: number): void {
    this.#passing = Math.min(bytes, this.#left);
  }

  /** Variable byte integer (MQTT 5 section 1.5.5): whether it is complete; undefined where it is too long. */
  #gather(byte: number): boolean | undefined {
    this.#number += (byte & 0x7f) * this.#factor;
    if (byte < 0x80) return true;
    if (this.#factor === 128 ** 3) return undefined;
    this.#factor *= 128;
    return false;
  }
}

/**
 * Checks the packets between the stream of a connection and its client. Otherwise the client would buffer a packet of up to
 * 256 MiB before its size is checked. After the first breach, nothing more reaches the client.
 */
export function guardPackets(
  stream: Duplex,
  options: { readonly hasProperties: boolean; readonly onBreach: (breach: PacketBreach) => void },
): void {
  const headers = new PacketHeaders(options);
  const push = stream.push.bind(stream);
  let isOver = false;
  // Sockets and WebSocket streams deliver received bytes by `push`, unchanged and before any buffering.
  stream.push = (piece: unknown, encoding?: BufferEncoding): boolean => {
    if (isOver) return false;
    const breach = piece instanceof Uint8Array ? headers.take(piece) : undefined;
    if (breach === undefined) return push(piece, encoding);
    isOver = true;
    options.onBreach(breach);
    return false;
  };
}
