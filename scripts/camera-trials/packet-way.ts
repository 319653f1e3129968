import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { openDatagramPair } from '../../daemon/vision/ingest/datagram-pair.js';

/** What becomes of a packet with media on its way. */
export type PacketFate = (packet: Buffer) => readonly Buffer[];

/** One packet in ten changes places with the next. It is never later, so that no clock and no busy machine decides what FFmpeg still waits for. */
export function shuffling(): PacketFate {
  let count = 0;
  let held: Buffer | undefined;
  return (packet) => {
    count += 1;
    if (count % 10 === 0) {
      held = packet;
      return [];
    }
    const packets = held === undefined ? [packet] : [packet, held];
    held = undefined;
    return packets;
  };
}

/** Units of the time stamps of video in a second (RFC 6184 and others). */
const clockRate = 90_000;

/** The camera sets its clock back by an hour, after two seconds. */
export function settingBack(): PacketFate {
  let first: number | undefined;
  return (packet) => {
    const stamp = packet.readUInt32BE(4);
    first ??= stamp;
    if ((stamp - first) >>> 0 >= 2 * clockRate) packet.writeUInt32BE((stamp - 3600 * clockRate) >>> 0, 4);
    return [packet];
  };
}

export interface PacketWay extends AsyncDisposable {
  /** Where the server can be asked over it. */
  readonly port: number;
}

/** A way to an RTSP server that changes packets over UDP. Takes one stream over UDP from each connection. */
export async function startPacketWay(serverPort: number, fate: () => PacketFate): Promise<PacketWay> {
  const ends: (() => void)[] = [];
  const server = createServer((client) => {
    void pass(client, serverPort, fate()).then((end) => ends.push(end));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const end of ends) end();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Puts its own ports into the messages of both sides, which arrive whole: they are short, and each side waits for the other. */
async function pass(client: Socket, serverPort: number, fate: PacketFate): Promise<() => void> {
  const server = connect(serverPort, '127.0.0.1');
  const pair = await openDatagramPair('127.0.0.1');
  const ports = { client: [0, 0], server: [0, 0] };
  const renamed = (chunk: Buffer, side: 'client' | 'server'): Buffer =>
    Buffer.from(
      chunk
        .toString('latin1')
        .replace(new RegExp(`${side}_port=(\\d+)-(\\d+)`), (_, first: string, second: string) => {
          ports[side] = [Number(first), Number(second)];
          return `${side}_port=${pair.ports[0]}-${pair.ports[1]}`;
        }),
      'latin1',
    );
  client.on('data', (chunk) => server.write(renamed(chunk, 'client')));
  server.on('data', (chunk) => client.write(renamed(chunk, 'server')));
  pair.receive((kind, port, bytes) => {
    if (port !== ports.server[kind]) {
      pair.send(kind, ports.server[kind] ?? 0, bytes);
      return;
    }
    for (const packet of kind === 0 ? fate(bytes) : [bytes]) pair.send(kind, ports.client[kind] ?? 0, packet);
  });
  let isEnded = false;
  const end = (): void => {
    if (isEnded) return;
    isEnded = true;
    client.destroy();
    server.destroy();
    pair.close();
  };
  for (const socket of [client, server]) socket.on('error', end).on('close', end);
  return end;
}
