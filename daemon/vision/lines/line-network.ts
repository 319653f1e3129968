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
  return {
    async connect({ host, port }, signal) {
      const request = { kind: 'stream', token, host, port } as const;
      const { socket, answer } = await openLine(socketPath, request, signal);
      return {
        socket,
        async openDatagrams(until) {
          const { stream } = answer;
          return pairOver(await openLine(socketPath, { kind: 'datagrams', token, stream }, until));
        },
      };
    },
  };
}

interface OpenLine<Kind extends LineRequest['kind']> {
  readonly socket: Socket;
  readonly answer: Extract<LineAnswer, { readonly outcome: Kind }>;
}

async function openLine<Kind extends LineRequest['kind']>(
  path: string,
  request: Extract<LineRequest, { readonly kind: Kind }>,
  signal: AbortSignal,
): Promise<OpenLine<Kind>> {
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
    return { socket, answer: answer as OpenLine<Kind>['answer'] };
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function pairOver({ socket, answer: { ports } }: OpenLine<'datagrams'>): DatagramPair {
  const pair = new LinePair(socket);
  return {
    ports,
    send: (kind, port, bytes) => pair.send(kind, port, bytes),
    receive: (receiver) => pair.receive(receiver),
    close: () => void socket.destroy(),
  };
}
