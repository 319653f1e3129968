import { type IncomingHttpHeaders, type IncomingMessage, request as openRequest } from 'node:http';
import type { Socket } from 'node:net';
import { deviceFailure } from './device-failure.js';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** The profiles of a recorder with a hundred streams take half of it. */
export const largestAnswerBytes = 1024 * 1024;
const largestHeadersBytes = 16 * 1024;

/**
 * Posts a text over a connection and reads the answer, which ends the connection. It follows no redirection. Rejects where the answer
 * is too large or no HTTP, where the connection ends before it, and when `until` aborts.
 */
export function post(
  socket: Socket,
  {
    path,
    headers,
    text,
  }: { readonly path: string; readonly headers: IncomingHttpHeaders; readonly text: string },
  until: AbortSignal,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const onAnswer = (answer: IncomingMessage): void => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        chunks.push(chunk);
        if (bytes <= largestAnswerBytes) return;
        reject(deviceFailure('device-answer-too-large', { mostKiB: largestAnswerBytes / 1024 }));
        request.destroy();
      });
      answer.on('error', reject);
      answer.on('end', () => {
        const { statusCode: status = 0 } = answer;
        resolve({ status, headers: answer.headers, text: Buffer.concat(chunks).toString('utf8') });
        request.destroy();
      });
    };
    const request = openRequest(
      {
        ...{ method: 'POST', path, headers: { ...headers, 'Content-Length': Buffer.byteLength(text) } },
        ...{ createConnection: () => socket, maxHeaderSize: largestHeadersBytes, signal: until },
      },
      onAnswer,
    );
    request.on('error', reject);
    // A line to a camera is paused until somebody reads it.
    request.once('socket', () => void socket.resume());
    request.end(text);
  });
}
