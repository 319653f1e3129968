import type { Readable } from 'node:stream';

/** What has been written to a stream and not been read yet. Node.js 26 gives it in the pieces in which it was written. */
export function writtenText(stream: Readable): string {
  let text = '';
  for (let piece: unknown = stream.read(); piece !== null; piece = stream.read()) text += String(piece);
  return text;
}
