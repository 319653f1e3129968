import { connect, createServer, type Socket } from 'node:net';
import { listenOnLoopback } from './listening.js';

/** Types of control packets (MQTT 5 section 2.1.2). */
export const packetTypes = {
  connect: 1,
  connack: 2,
  publish: 3,
  puback: 4,
  subscribe: 8,
  suback: 9,
  pingreq: 12,
  disconnect: 14,
} as const;

/** One whole control packet on its way. */
export interface SeenPacket {
  readonly from: 'client' | 'broker';
  readonly type: number;
  readonly bytes: Buffer;
}

/** `cut within`: half of the packet is passed on, then the connection breaks on both sides, without goodbye. */
export type Passage = 'pass' | 'cut before' | 'cut within' | 'cut after';

/** A loopback port in front of a broker. Every packet passes through the test. */
export interface PacketGate extends AsyncDisposable {
  readonly port: number;
  /** `mqtt://127.0.0.1:port`. */
  readonly url: string;
  /** Asked about every packet, one after the other in each direction: a late answer delays the following packets. */
  judge: (packet: SeenPacket) => Passage | Promise<Passage>;
  /** Refuses new connections until `open`; those that exist go on. */
  close(): void;
  open(): Promise<void>;
  /** Breaks the connections that exist. */
  cut(): void;
}

/** Passes everything on until it is given another `judge`. */
export async function openPacketGate(targetPort: number): Promise<PacketGate> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(targetPort, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      // The gate breaks pairs on purpose; both ends just close.
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    carry({ from: 'client', source: near, target: far }, (packet) => gate.judge(packet));
    carry({ from: 'broker', source: far, target: near }, (packet) => gate.judge(packet));
  });
  const port = await listenOnLoopback(server);
  const gate: PacketGate = {
    port,
    url: `mqtt://127.0.0.1:${port}`,
    judge: () => 'pass',
    close: () => void server.close(),
    open: async () => void (await listenOnLoopback(server, '127.0.0.1', port)),
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
    async [Symbol.asyncDispose]() {
      gate.cut();
      if (server.listening) server.close();
    },
  };
  return gate;
}

interface Way {
  readonly from: SeenPacket['from'];
  readonly source: Socket;
  readonly target: Socket;
}

function carry({ from, source, target }: Way, judge: PacketGate['judge']): void {
  let waiting: Buffer = Buffer.alloc(0);
  let turn = Promise.resolve();
  const pass = async (bytes: Buffer): Promise<void> => {
    const passage = await judge({ from, type: (bytes[0] ?? 0) >> 4, bytes });
    if (target.destroyed) return;
    if (passage === 'pass') {
      target.write(bytes);
      return;
    }
    if (passage === 'cut within') target.write(bytes.subarray(0, Math.ceil(bytes.length / 2)));
    if (passage === 'cut after') target.write(bytes);
    // What was written is on its way before the connection breaks.
    target.end(() => target.destroy());
    source.destroy();
  };
  source.on('data', (chunk: Buffer) => {
    const { packets, rest } = splitPackets(Buffer.concat([waiting, chunk]));
    waiting = rest;
    for (const bytes of packets) turn = turn.then(() => (source.destroyed ? undefined : pass(bytes)));
  });
}

/** Whole packets at the beginning of `bytes`, and what is left: MQTT 5 sections 1.5.5 and 2.1.1. */
export function splitPackets(bytes: Buffer): { readonly packets: readonly Buffer[]; readonly rest: Buffer } {
  const packets: Buffer[] = [];
  let start = 0;
  for (;;) {
    const length = packetLength(bytes.subarray(start));
    if (length === undefined || start + length > bytes.length)
      return { packets, rest: Buffer.from(bytes.subarray(start)) };
    packets.push(Buffer.from(bytes.subarray(start, start + length)));
    start += length;
  }
}

/** Undefined while its length is not there yet. */
function packetLength(bytes: Buffer): number | undefined {
  let remaining = 0;
  for (let at = 1; at <= 4; at += 1) {
    const byte = bytes[at];
    if (byte === undefined) return undefined;
    remaining += (byte & 0x7f) * 128 ** (at - 1);
    if (byte < 0x80) return remaining + at + 1;
  }
  throw new Error('this is not MQTT');
}
