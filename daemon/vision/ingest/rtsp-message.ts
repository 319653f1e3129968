/** RTSP text is handled as byte strings (Latin-1), so that bytes other than ASCII stay unchanged. */
export interface RtspMessage {
  /** Request line or status line. */
  readonly firstLine: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

/** Longest head of a message, bytes: RTSP servers accept no longer ones. */
const longestHead = 16 * 1024;
/** Longest body of a message, bytes. The session description of a camera has some hundred bytes. */
const longestBody = 256 * 1024;
/** The first byte of a media packet between messages (RFC 2326, section 10.12). */
const packetSign = 0x24;
const packetHeadBytes = 4;
const whitespace: ReadonlySet<number> = new Set([0x0a, 0x0d]);

const firstLineOfRtsp = /^(?:RTSP\/\d\.\d \d{3}\b.*|[A-Z_]{3,20} \S+ RTSP\/\d\.\d)$/;

/** The peer does not speak RTSP, or it sends larger messages than any camera. */
export class NotRtsp extends Error {}

/** All values of a header, in order. */
export function headersOf({ headers }: RtspMessage, name: string): readonly string[] {
  return headers.filter(([each]) => each.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
}

export function headerOf(message: RtspMessage, name: string): string | undefined {
  return headersOf(message, name)[0];
}

/** The bytes of a message. `Content-Length` is set to the length of the body. */
export function rtspBytes({ firstLine, headers, body }: RtspMessage): Buffer {
  const lines = headers.filter(([name]) => name.toLowerCase() !== 'content-length');
  if (body.length > 0) lines.push(['Content-Length', String(body.length)]);
  const head = [firstLine, ...lines.map(([name, value]) => `${name}: ${value}`), '', ''].join('\r\n');
  return Buffer.concat([Buffer.from(head, 'latin1'), body]);
}

function parseHead(text: string): Omit<RtspMessage, 'body'> {
  const headers: [string, string][] = [];
  const [firstLine = '', ...lines] = text.split(/\r?\n/);
  for (const line of lines) {
    const last = headers.at(-1);
    if (/^[ \t]/.test(line) && last !== undefined) {
      last[1] += ` ${line.trim()}`;
      continue;
    }
    const colon = line.indexOf(':');
    if (colon > 0) headers.push([line.slice(0, colon).trim(), line.slice(colon + 1).trim()]);
  }
  return { firstLine: firstLine.trim(), headers };
}

function bodyBytes(message: RtspMessage): number {
  const text = headerOf(message, 'Content-Length');
  if (text === undefined) return 0;
  const length = /^\d{1,9}$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
  if (length > longestBody) throw new NotRtsp('the body is too long');
  return length;
}

/**
 * Separates messages from media packets in one direction of a connection. Media is passed on unread, in pieces as large as
 * the chunks allow.
 */
export class RtspSplitter {
  readonly #onMessage: (message: RtspMessage) => void;
  readonly #onMedia: (bytes: Buffer) => void;
  #packetHeadLeft = 0;
  #packetLeft = 0;
  #packetLength = 0;
  #head = '';
  #message: RtspMessage | undefined;
  #bodyChunks: Buffer[] = [];
  #bodyLeft = 0;

  constructor(onMessage: (message: RtspMessage) => void, onMedia: (bytes: Buffer) => void) {
    this.#onMessage = onMessage;
    this.#onMedia = onMedia;
  }

  /** @throws NotRtsp; nothing may be pushed afterwards */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) at = this.#next(chunk, at);
  }

  /** Reads one message or run of media from `start` on, as far as the chunk goes; returns where it ends. */
  #next(chunk: Buffer, start: number): number {
    if (this.#message !== undefined) return this.#body(this.#message, chunk, start);
    if (this.#head !== '') return this.#text(chunk, start);
    const isInPacket = this.#packetHeadLeft > 0 || this.#packetLeft > 0;
    if (isInPacket || chunk[start] === packetSign) return this.#packets(chunk, start);
    // Some cameras put an empty line between messages.
    return whitespace.has(chunk[start] ?? 0) ? start + 1 : this.#text(chunk, start);
  }

  #packets(chunk: Buffer, start: number): number {
    let at = start;
    while (at < chunk.length) {
      if (this.#packetLeft > 0) {
        const step = Math.min(this.#packetLeft, chunk.length - at);
        this.#packetLeft -= step;
        at += step;
        continue;
      }
      const byte = chunk[at] ?? 0;
      if (this.#packetHeadLeft === 0) {
        if (byte !== packetSign) break;
        this.#packetHeadLeft = packetHeadBytes;
      }
      // The last two of the four bytes are the length.
      this.#packetLength = ((this.#packetLength << 8) | byte) & 0xffff;
      this.#packetHeadLeft -= 1;
      at += 1;
      if (this.#packetHeadLeft === 0) this.#packetLeft = this.#packetLength;
    }
    this.#onMedia(chunk.subarray(start, at));
    return at;
  }

  #text(chunk: Buffer, start: number): number {
    const known = this.#head.length;
    const read = Math.min(chunk.length, start + longestHead);
    this.#head += chunk.toString('latin1', start, read);
    const lineEnd = this.#head.indexOf('\n');
    if (lineEnd >= 0 && !firstLineOfRtsp.test(this.#head.slice(0, lineEnd).trimEnd())) {
      throw new NotRtsp('the first line is not RTSP');
    }
    const end = /\r?\n\r?\n/g;
    end.lastIndex = Math.max(0, known - 3);
    const found = end.exec(this.#head);
    if (found === null) {
      if (this.#head.length > longestHead) throw new NotRtsp('the head is too long');
      return read;
    }
    const next = start + (found.index + found[0].length - known);
    const message = { ...parseHead(this.#head.slice(0, found.index)), body: Buffer.alloc(0) };
    this.#head = '';
    this.#bodyLeft = bodyBytes(message);
    if (this.#bodyLeft === 0) this.#onMessage(message);
    else this.#message = message;
    return next;
  }

  #body(message: RtspMessage, chunk: Buffer, start: number): number {
    const piece = chunk.subarray(start, start + this.#bodyLeft);
    this.#bodyChunks.push(piece);
    this.#bodyLeft -= piece.length;
    if (this.#bodyLeft === 0) {
      const body = Buffer.concat(this.#bodyChunks);
      this.#message = undefined;
      this.#bodyChunks = [];
      this.#onMessage({ ...message, body });
    }
    return start + piece.length;
  }
}
