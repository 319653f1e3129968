import { connect, type Socket } from 'node:net';
import type { LineAccess } from '../../contract/vision/vision-orders.js';
import type { CameraNetwork } from '../ingest/camera-network.js';
import type { DatagramPair } from '../ingest/datagram-pair.js';
import { socketOutcome } from '../ingest/socket-outcome.js';
import { readFirstLine } from './first-line.js';
import { type LineAnswer, type LineRequest, lineText } from './line-messages.js';
import { LinePair } from './line-pair.js';

const longestAnswerBytes = 1024;

/** Reaches the cameras of this process over the core, because this process has no network. */
export function lineNetwork({ socketPath, token }: LineAccess): CameraNetwork {
  const open = (request: Omit<LineRequest, 'token'>, signal: AbortSignal): Promise<OpenLine> =>
    openLine(socketPath, { token, ...request }, signal);
  return {
    async connect({ host, port }, signal) {
      const { socket } = await open({ kind: 'stream', host, port }, signal);
      return {
        socket,
        async openDatagrams(until) {
          const { socket: line, ports } = await open({ kind: 'datagrams', host, port }, until);
          return pairOver(line, ports);
        },
      };
    },
  };
}

interface OpenLine {
  readonly socket: Socket;
  readonly ports: readonly [number, number] | undefined;
}

async function openLine(path: string, request: LineRequest, signal: AbortSignal): Promise<OpenLine> {
  const socket = connect(path);
  const stop = (): void => void socket.destroy();
  signal.addEventListener('abort', stop);
  try {
    const problem = await socketOutcome(socket, 'connect', signal);
    if (problem !== undefined) throw problem;
    socket.write(lineText(request));
    const answer = JSON.parse(await readFirstLine(socket, longestAnswerBytes)) as LineAnswer;
    if (answer.outcome === 'failed') {
      throw Object.assign(new Error('the core could not connect to the camera'), { code: answer.code });
    }
    return { socket, ports: answer.ports };
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function pairOver(line: Socket, ports: OpenLine['ports']): DatagramPair {
  if (ports === undefined) throw new Error('the core named no ports');
  const pair = new LinePair(line);
  return {
    ports,
    send: (kind, port, bytes) => pair.send(kind, port, bytes),
    receive: (receiver) => pair.receive(receiver),
    close: () => void line.destroy(),
  };
}
