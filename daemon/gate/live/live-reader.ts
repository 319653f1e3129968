import { largestLiveMessageBytes, liveHeaderBytes, livePicture, liveVideoPart } from '../../contract/live.js';
import type { RollcallError } from '../../kernel/errors.js';
import { failure } from '../../words/errors.js';

/** What the JSON of a message may say, by the last part of the path. */
const schemas = { live: livePicture, video: liveVideoPart } as const;
export type LivePathKind = keyof typeof schemas;

/** Bytes of the length before each message. */
const lengthBytes = 4;

/**
 * Takes the messages out of what a vision process sends. The process parses what cameras send and may have been taken over: a message
 * that is too large, or says something else than a live picture or a part of a video may say, throws `vision-misbehaving`.
 */
export class LiveReader {
  readonly #kind: LivePathKind;
  #parts: Buffer[] = [];
  #bytes = 0;

  constructor(kind: LivePathKind) {
    this.#kind = kind;
  }

  /** The messages that `chunk` completes, as viewers get them. */
  *push(chunk: Buffer): Generator<Buffer> {
    this.#parts.push(chunk);
    this.#bytes += chunk.length;
    while (this.#bytes >= lengthBytes) {
      const length = this.#peekLength();
      if (length > largestLiveMessageBytes || length < liveHeaderBytes) throw misbehaving('its length');
      if (this.#bytes < lengthBytes + length) return;
      const whole = Buffer.concat(this.#parts);
      const message = whole.subarray(lengthBytes, lengthBytes + length);
      const rest = whole.subarray(lengthBytes + length);
      this.#parts = rest.length === 0 ? [] : [rest];
      this.#bytes = rest.length;
      check(message, this.#kind);
      yield message;
    }
  }

  #peekLength(): number {
    const [first] = this.#parts;
    if (first !== undefined && first.length >= lengthBytes) return first.readUInt32BE();
    this.#parts = [Buffer.concat(this.#parts)];
    return this.#parts[0]?.readUInt32BE() ?? 0;
  }
}

function check(message: Buffer, kind: LivePathKind): void {
  const jsonBytes = message.readUInt32BE();
  if (jsonBytes > message.length - liveHeaderBytes) throw misbehaving('the length of its JSON');
  let json: unknown;
  try {
    json = JSON.parse(message.toString('utf8', liveHeaderBytes, liveHeaderBytes + jsonBytes));
  } catch {
    throw misbehaving('its JSON');
  }
  if (!schemas[kind].safeParse(json).success) throw misbehaving('a field of its JSON');
}

function misbehaving(what: string): RollcallError {
  return failure('vision-misbehaving', { what });
}
