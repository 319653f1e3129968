import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { LineAccess } from '../../daemon/contract/vision/vision-orders.js';
import { lineNetwork } from '../../daemon/vision/lines/line-network.js';

// Both ends of the lines that lines.ts measures: cameras that send, and a vision process that reads. A process of its own, so that its
// processor time is not counted.

/** What lines.ts tells this process. */
export interface Ends {
  readonly cameras: number;
  readonly framesPerS: number;
  readonly frameBytes: number;
}

/** Cameras send packets of this size, bytes. */
const packetBytes = 1448;

const { cameras, framesPerS, frameBytes } = JSON.parse(process.argv[2] ?? '') as Ends;
const packets = Array.from({ length: Math.ceil(frameBytes / packetBytes) }, () => Buffer.alloc(packetBytes));

/** Sends a frame now and then, packet by packet. */
function film(socket: Socket): void {
  socket.setNoDelay();
  const timer = setInterval(() => {
    for (const packet of packets) socket.write(packet);
  }, 1000 / framesPerS);
  socket.on('error', () => undefined).once('close', () => clearInterval(timer));
}

const server = createServer(film).listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address() as AddressInfo;
let receivedBytes = 0;

async function watch(access: LineAccess): Promise<void> {
  const network = lineNetwork(access);
  for (let camera = 0; camera < cameras; camera += 1) {
    const target = { host: '127.0.0.1', port, extraNetworks: null };
    const { socket } = await network.connect(target, new AbortController().signal);
    socket.on('data', (chunk: Buffer) => {
      receivedBytes += chunk.length;
    });
    socket.resume();
  }
}

process.on('disconnect', () => process.exit());
process.on('message', (message: LineAccess | 'count') => {
  if (message === 'count') process.send?.(receivedBytes);
  else void watch(message).then(() => process.send?.('open'));
});
process.send?.(port);
