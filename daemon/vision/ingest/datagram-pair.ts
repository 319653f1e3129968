import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIP } from 'node:net';
import { messageOf } from '../../kernel/errors.js';

/** Media and its control messages (RTP and RTCP) have a port each. */
export type DatagramKind = 0 | 1;

type DatagramReceiver = (kind: DatagramKind, port: number, bytes: Buffer) => void;

/** Two ports for datagrams of one camera. */
export interface DatagramPair {
  /** Neighbours; the first is even (RFC 3550, section 11). */
  readonly ports: readonly [number, number];
  /** Sends to this port of the camera. A datagram is lost where it cannot be sent, or not yet, and where the port is one of the system. */
  send(kind: DatagramKind, port: number, bytes: Buffer): void;
  /** Calls back with each datagram, and the port of the camera that sent it. */
  receive(receiver: DatagramReceiver): void;
  close(): void;
}

/** A key frame of a large picture arrives at once. The kernel may allow less. */
const receiveBufferBytes = 1024 * 1024;
/** Bytes that the network has not taken yet when further datagrams are lost. Control messages are small. */
const mostUnsentBytes = 64 * 1024;
/** Cameras use ports from here on for media. Below are services such as the resolver, SNMP, and the control of servers. */
const firstMediaPort = 1024;
/** A free pair is usually found at the first attempt. */
const mostAttempts = 50;

/** Opens a pair in the network of this process, for the camera at this IP address. */
export async function openDatagramPair(camera: string): Promise<DatagramPair> {
  const sockets = await neighbours(isIP(camera) === 6 ? 'udp6' : 'udp4');
  const [media, control] = sockets;
  const ports = [media.address().port, control.address().port] as const;
  return {
    ports,
    send(kind, port, bytes) {
      if (port < firstMediaPort || sockets[kind].getSendQueueSize() > mostUnsentBytes) return;
      sockets[kind].send(bytes, port, camera, () => undefined);
    },
    receive(receiver) {
      for (const kind of [0, 1] as const) {
        sockets[kind].on('message', (bytes, { address, port }) => {
          if (address === camera) receiver(kind, port, bytes);
        });
      }
    },
    close() {
      for (const socket of sockets) socket.close();
    },
  };
}

/** Two sockets with neighbouring ports, of which the first is even. */
export async function neighbours(
  type: 'udp4' | 'udp6',
  address?: string,
): Promise<readonly [Socket, Socket]> {
  let problem: unknown;
  for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
    const first = await bound(type, 0, address);
    const { port } = first.address();
    try {
      const second = await bound(type, port % 2 === 0 ? port + 1 : port - 1, address);
      return port % 2 === 0 ? [first, second] : [second, first];
    } catch (error) {
      problem = error;
      first.close();
    }
  }
  throw new Error(`no two neighbouring ports are free: ${messageOf(problem)}`, { cause: problem });
}

async function bound(type: 'udp4' | 'udp6', port: number, address: string | undefined): Promise<Socket> {
  const socket = createSocket({ type, recvBufferSize: receiveBufferBytes });
  socket.bind({ port, ...(address === undefined ? {} : { address }) });
  try {
    await once(socket, 'listening');
  } catch (error) {
    socket.close();
    throw error;
  }
  // Later errors are about datagrams that were not delivered.
  socket.on('error', () => undefined);
  return socket;
}
