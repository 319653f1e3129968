import { once } from 'node:events';
import { Dicer } from '@fastify/busboy';
import type { OperationDeclaration } from '../../contract/operation.js';
import { wipe } from '../../host/sodium.js';
import { isRollcallError, type RollcallError } from '../../kernel/errors.js';
import { refusal } from '../../words/errors.js';
import { badRequest, tooLarge } from './body-stream.js';
import { documentPart } from './written-input.js';

/** What the headers and the boundary of one part may take, bytes. */
const framingBytes = 1024;
const remedy = 'Look up the parts of this operation in the reference of the API.';

/** How many parts of a name there may be, and how large one may be. */
interface PartRule {
  readonly maximum: number;
  readonly maximumBytes: number;
}

/** The parts that a multipart body of an operation may have, and the largest size of all together. */
export interface MultipartForm {
  readonly rules: ReadonlyMap<string, PartRule>;
  readonly minima: ReadonlyMap<string, number>;
  readonly maximumParts: number;
  readonly limitBytes: number;
  readonly hasSecrets: boolean;
}

/** The bytes of the parts, by name. */
export type Parts = ReadonlyMap<string, readonly Buffer[]>;

/** The form of the multipart bodies of an operation; undefined if it has neither files nor secrets. */
export function multipartForm(
  { files = {}, secrets = {}, filesBytes }: OperationDeclaration,
  documentBytes: number | undefined,
): MultipartForm | undefined {
  const rules = new Map<string, PartRule>();
  const minima = new Map<string, number>();
  if (documentBytes !== undefined) {
    rules.set(documentPart, { maximum: 1, maximumBytes: documentBytes });
  }
  let sumOfFiles = 0;
  for (const [name, { minimum, maximum, maximumBytes }] of Object.entries(files)) {
    rules.set(name, { maximum, maximumBytes });
    minima.set(name, minimum);
    sumOfFiles += maximum * maximumBytes;
  }
  for (const [name, { isRequired, maximumBytes }] of Object.entries(secrets)) {
    rules.set(name, { maximum: 1, maximumBytes });
    minima.set(name, isRequired ? 1 : 0);
  }
  if (minima.size === 0) return undefined;
  let maximumParts = 0;
  let limitBytes = framingBytes;
  for (const { maximum, maximumBytes } of rules.values()) {
    maximumParts += maximum;
    limitBytes += maximum * (maximumBytes + framingBytes);
  }
  limitBytes -= Math.max(0, sumOfFiles - (filesBytes ?? sumOfFiles));
  return { rules, minima, maximumParts, limitBytes, hasSecrets: Object.keys(secrets).length > 0 };
}

/** The boundary that a content type names. @throws `bad-request` */
export function boundaryOf(contentType: string): string {
  const found = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))\s*(?:;|$)/i.exec(contentType);
  const boundary = found?.[1] ?? found?.[2];
  if (boundary !== undefined) return boundary;
  throw badRequest(
    'its content type names no boundary',
    'Let your HTTP library write the header Content-Type.',
  );
}

/**
 * Longer headers are cut off by the parser. A part never makes the parser wait: one that fills its own buffer before the end of
 * a chunk is never asked for more, so that the parser would wait for ever. The limits of the form bound what is kept. The types
 * of the parser do not name these settings.
 */
const parserLimits = { maxHeaderPairs: 8, maxHeaderSize: framingBytes, partHwm: 2 ** 30 };

/**
 * Takes a multipart body apart while it comes. Bytes of secrets stay in the buffers of the answer alone: the chunks they came
 * in are wiped.
 * @throws `bad-request`, `request-too-large`
 */
export async function readParts(
  form: MultipartForm,
  boundary: string,
  chunks: AsyncIterable<Buffer>,
): Promise<Parts> {
  const reader = new PartReader(form);
  const parser = new Dicer({ boundary, ...parserLimits });
  parser.on('part', (part) => reader.take(part));
  parser.on('error', (error: Error) => reader.fail(unreadable(error)));
  // The parser finishes at the last boundary, which may be before the end of the body.
  const finished = once(parser, 'finish').catch(() => undefined);
  const seen: Buffer[] = [];
  try {
    for await (const chunk of chunks) {
      if (form.hasSecrets) seen.push(chunk);
      reader.received += chunk.length;
      await written(parser, chunk);
      reader.check();
    }
    parser.end();
    await finished;
    return await reader.parts();
  } catch (error) {
    reader.wipe();
    throw isRollcallError(error) ? error : unreadable(error);
  } finally {
    for (const chunk of seen) wipe(chunk);
  }
}

function unreadable(cause: unknown): RollcallError {
  const reason = 'its body is not multipart/form-data, or it ends before the last boundary';
  return refusal('bad-request:multipart', { reason }, { cause });
}

/** Resolves when the parser took the chunk. What it throws about a bad body is caught, because it has no other chunk to take. */
function written(parser: Dicer, chunk: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    parser.write(chunk, (error) => (error ? reject(error) : resolve()));
  });
}

/** The bytes of one part. They are copied, because the parser uses its own memory again. */
class PartBytes {
  readonly name: string;
  readonly #maximumBytes: number;
  #bytes: Buffer = Buffer.alloc(0);
  #size = 0;

  constructor(name: string, maximumBytes: number) {
    this.name = name;
    this.#maximumBytes = maximumBytes;
  }

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#size);
  }

  /** @throws `request-too-large` */
  add(chunk: Buffer): void {
    const size = this.#size + chunk.length;
    if (size > this.#maximumBytes) throw tooLarge(`the part "${this.name}"`, this.#maximumBytes);
    if (size > this.#bytes.length) this.#grow(Math.max(size, 2 * this.#bytes.length));
    chunk.copy(this.#bytes, this.#size);
    this.#size = size;
  }

  wipe(): void {
    wipe(this.#bytes);
  }

  #grow(capacity: number): void {
    const old = this.#bytes;
    // Memory of its own: the shared pool of small buffers must not see secrets.
    this.#bytes = Buffer.allocUnsafeSlow(Math.min(capacity, this.#maximumBytes));
    old.copy(this.#bytes, 0, 0, this.#size);
    wipe(old);
  }
}

/** Collects the parts of one body, until the first error. */
class PartReader {
  readonly #form: MultipartForm;
  readonly #parts: PartBytes[] = [];
  readonly #ends: Promise<void>[] = [];
  #error: Error | undefined;
  #count = 0;
  #content = 0;
  received = 0;

  constructor(form: MultipartForm) {
    this.#form = form;
  }

  fail(error: Error): void {
    this.#error ??= error;
  }

  /** @throws the first error */
  check(): void {
    if (this.#error !== undefined) throw this.#error;
  }

  take(part: Dicer.PartStream): void {
    let content: PartBytes | undefined;
    // An error that left the handler of an event would end the process.
    const guarded = (step: () => void): void => {
      if (this.#error !== undefined) return;
      try {
        step();
      } catch (error) {
        this.fail(error instanceof Error ? error : unreadable(error));
      }
    };
    part.on('error', (error: Error) => this.fail(unreadable(error)));
    part.on('header', (header) =>
      guarded(() => {
        content = this.#begin(header);
      }),
    );
    part.on('data', (chunk) =>
      guarded(() => {
        const bytes = typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk;
        this.#content += bytes.length;
        content?.add(bytes);
      }),
    );
    this.#ends.push(
      new Promise((resolve) => {
        part.on('end', () => {
          guarded(() => checkWhole(content));
          resolve();
        });
      }),
    );
    this.#count += 1;
    const { maximumParts } = this.#form;
    if (this.#count > maximumParts) this.fail(badRequest(`it has more than ${maximumParts} parts`, remedy));
  }

  /** The parts, when all have come. @throws `bad-request` if one is missing */
  async parts(): Promise<Parts> {
    this.check();
    await Promise.all(this.#ends);
    this.check();
    const { maximumParts, minima } = this.#form;
    if (this.received - this.#content > (maximumParts + 1) * framingBytes) {
      throw badRequest('the headers of its parts are too long', remedy);
    }
    const parts = new Map<string, Buffer[]>();
    for (const { name, bytes } of this.#parts) parts.set(name, [...(parts.get(name) ?? []), bytes]);
    checkMinima(minima, parts);
    return parts;
  }

  wipe(): void {
    for (const part of this.#parts) part.wipe();
  }

  #begin(header: object): PartBytes {
    const name = nameOf(header);
    const rule = this.#form.rules.get(name);
    if (rule === undefined) throw badRequest('it has a part that the operation does not know', remedy);
    if (this.#parts.filter((part) => part.name === name).length >= rule.maximum) {
      const allowed = rule.maximum === 1 ? 'one part' : `${rule.maximum} parts`;
      throw badRequest(`it has more than ${allowed} "${name}"`, remedy);
    }
    const part = new PartBytes(name, rule.maximumBytes);
    this.#parts.push(part);
    return part;
  }
}

function checkWhole(content: PartBytes | undefined): void {
  if (content === undefined) throw badRequest('it has a part without a name', remedy);
  if (content.bytes.length > 0) return;
  throw badRequest(`the part "${content.name}" is empty (0 bytes)`, 'Send parts with content.');
}

/** @throws `bad-request` if a part is missing */
export function checkMinima(minima: ReadonlyMap<string, number>, parts: Parts): void {
  for (const [name, minimum] of minima) {
    const count = parts.get(name)?.length ?? 0;
    if (count >= minimum) continue;
    const needed = minimum === 1 ? `the part "${name}"` : `${minimum} parts "${name}" (it has ${count})`;
    throw badRequest(`it lacks ${needed}`, remedy);
  }
}

/** The name in the headers of a part: `Content-Disposition: form-data; name="photographs"; filename="a.jpg"`. */
function nameOf(header: object): string {
  const values: unknown = new Map(Object.entries(header)).get('content-disposition');
  const value: unknown = Array.isArray(values) && values.length === 1 ? values[0] : undefined;
  const found =
    typeof value === 'string' ? /^form-data\s*;(?:.*;)?\s*name="?(\w{1,64})"?\s*(?:;|$)/i.exec(value) : null;
  if (found?.[1] === undefined) throw badRequest('it has a part without a name', remedy);
  return found[1];
}
