import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type DatagramPair, openDatagramPair } from '../../daemon/vision/ingest/datagram-pair.js';

/** Of so many packets with media, one changes places with the next. */
const oneIn = 10;

export interface Shuffler extends AsyncDisposable {
  /** Where the server can be asked over it. */
  readonly port: number;
}

/**
 * A way to an RTSP server on which packets over UDP arrive out of order. A packet is never later than its successor, so that no clock and
 * no busy machine decides what FFmpeg still waits for. Takes one stream over UDP from each connection.
 */
export async function startShuffler(serverPort: number): Promise<Shuffler> {
  const ends: (() => void)[] = [];
  const server = createServer((client) => {
    void pass(client, serverPort).then((end) => ends.push(end));
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
async function pass(client: Socket, serverPort: number): Promise<() => void> {
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
  shuffle(pair, ports);
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

function shuffle(
  pair: DatagramPair,
  ports: { readonly client: readonly number[]; readonly server: readonly number[] },
): void {
  let count = 0;
  let held: Buffer | undefined;
  pair.receive((kind, port, bytes) => {
    if (port !== ports.server[kind]) {
      pair.send(kind, ports.server[kind] ?? 0, bytes);
      return;
    }
    const to = ports.client[kind] ?? 0;
    count += 1;
    if (kind === 0 && held === undefined && count % oneIn === 0) {
      held = Buffer.from(bytes);
      return;
    }
    pair.send(kind, to, bytes);
    if (kind === 0 && held !== undefined) {
      pair.send(0, to, held);
      held = undefined;
    }
  });
}
