import { badInput, type RollcallError } from '../base/errors.js';

const lineFeed = 0x0a;

/** What a framed body holds: a document, and files that go with it. */
export interface Framed {
  readonly head: unknown;
  /** Views into the body, in the order in which they were encoded. */
  readonly files: readonly Buffer[];
}

/**
 * A document with files as both travel over the local API: one line of JSON, `{ "head": …, "sizes": [bytes, …] }`, and
 * after it the files, one behind the other. Not JSON throughout: turning megabytes into text and back would hold the
 * event loop of the core.
 */
export function encodeFramed(head: unknown, files: readonly Uint8Array[]): Buffer {
  const line = JSON.stringify({ head, sizes: files.map(({ length }) => length) });
  return Buffer.concat([Buffer.from(`${line}\n`, 'utf8'), ...files]);
}

/**
 * The inverse of `encodeFramed`.
 * @throws `bad-request` where the body is not of that form or its line is longer than `longestLineBytes`
 */
export function decodeFramed(body: Buffer, longestLineBytes: number): Framed {
  const lineBytes = body.subarray(0, longestLineBytes).indexOf(lineFeed);
  if (lineBytes < 0) throw badRequest('it does not begin with a line of JSON');
  const { head, sizes } = parseLine(body.toString('utf8', 0, lineBytes));
  let offset = lineBytes + 1;
  const files = sizes.map((size) => {
    const file = body.subarray(offset, offset + size);
    offset += size;
    return file;
  });
  if (offset !== body.length) throw badRequest('the sizes are not those of what follows');
  return { head, files };
}

/** A request that the API cannot read. */
export function badRequest(
  reason: string,
  remedy = 'send what the rollcall command of the same version sends',
): RollcallError {
  return badInput('bad-request', `the request is not valid: ${reason}`, { remedy });
}

function parseLine(text: string): { readonly head: unknown; readonly sizes: readonly number[] } {
  const { head, sizes } = (parseJson(text) ?? {}) as { readonly head?: unknown; readonly sizes?: unknown };
  const empty = Array.isArray(sizes) ? sizes.indexOf(0) : -1;
  if (empty >= 0) {
    throw badRequest(`file ${empty + 1} in it is empty (0 bytes)`, 'send files that hold something');
  }
  const isSize = (size: unknown): size is number => Number.isSafeInteger(size) && Number(size) > 0;
  if (!Array.isArray(sizes) || !sizes.every(isSize)) throw badRequest('its first line names no sizes');
  return { head, sizes };
}

/** What `text` says in JSON. @throws `bad-request` */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw badRequest('it is not JSON');
    throw error;
  }
}
