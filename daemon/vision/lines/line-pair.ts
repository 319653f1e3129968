import type { Socket } from 'node:net';
import type { DatagramKind, DatagramPair } from '../ingest/datagram-pair.js';

/** In front of each datagram in a line: its kind, the port of the camera, and its length. */
const headBytes = 1 + 2 + 2;
/** Bytes that the other side has not read yet when further datagrams are lost: live video does not queue. */
const mostUnreadBytes = 2 * 1024 * 1024;

/** The datagrams of a pair in one connection: the core and the vision process have one end each. */
export class LinePair {
  readonly #line: Socket;

  constructor(line: Socket) {
    this.#line = line;
  }

  send(kind: DatagramKind, port: number, bytes: Buffer): void {
    if (!this.#line.writable || this.#line.writableLength > mostUnreadBytes) return;
    const head = Buffer.alloc(headBytes);
    head.writeUInt8(kind, 0);
    head.writeUInt16BE(port, 1);
    head.writeUInt16BE(bytes.length, 3);
    this.#line.write(Buffer.concat([head, bytes]));
  }

  /** Ends the connection at a datagram of no kind. */
  receive(receiver: Parameters<DatagramPair['receive']>[0]): void {
    let rest: Buffer = Buffer.alloc(0);
    this.#line.on('data', (chunk: Buffer) => {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      while (rest.length >= headBytes) {
        const end = headBytes + rest.readUInt16BE(3);
        if (rest.length < end) return;
        const kind = rest.readUInt8(0);
        const port = rest.readUInt16BE(1);
        if ((kind !== 0 && kind !== 1) || port === 0) {
          this.#line.destroy();
          return;
        }
        receiver(kind, port, rest.subarray(headBytes, end));
        rest = rest.subarray(end);
      }
    });
    this.#line.resume();
  }
}
