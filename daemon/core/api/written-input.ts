import { randomBytes } from 'node:crypto';
import { type OperationDeclaration, pathFields } from '../../contract/operation.js';
import { badRequest } from './body-stream.js';

// What a caller needs and no more: a command on the box loads neither the reader of bodies nor a native library for this.

/** The part of a multipart body that holds the fields, as JSON. */
export const documentPart = 'document';

/** True if the fields that are not in the path travel in the query, not in a document. */
export function travelsInQuery(method: OperationDeclaration['method']): boolean {
  return method === 'GET' || method === 'DELETE';
}

/** A request for an operation, ready to send. */
export interface WrittenInput {
  /** Below `/api/v1`, with the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
  /** Overwrites the body, which may hold copies of secrets. Call it after the answer came. */
  wipe(): void;
}

/** One part to write. */
interface WrittenPart {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly mediaType: string;
  readonly isFile: boolean;
}

/** The inverse of `readInput`. Secrets never become text. @throws `bad-request` if a field does not fit into a path */
export function writeInput(
  declaration: OperationDeclaration,
  input: Readonly<Record<string, unknown>>,
): WrittenInput {
  const sent = writeFields(declaration, input);
  if (declaration.answer.kind !== 'lines') return sent;
  return { ...sent, headers: { ...sent.headers, accept: 'application/jsonl' } };
}

function writeFields(
  declaration: OperationDeclaration,
  input: Readonly<Record<string, unknown>>,
): WrittenInput {
  const inPath = pathFields(declaration.path);
  const partNames = new Set(
    [declaration.files, declaration.secrets].flatMap((each) => Object.keys(each ?? {})),
  );
  const others = Object.entries(input).filter(
    ([name, value]) => value !== undefined && !inPath.includes(name) && !partNames.has(name),
  );
  const path = declaration.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => segmentOf(name, input[name]));
  if (travelsInQuery(declaration.method)) return written(path + queryOf(others), undefined);
  const parts = writtenParts(declaration, input);
  const document = Buffer.from(JSON.stringify(Object.fromEntries(others)), 'utf8');
  if (parts.length > 0) {
    const all =
      others.length === 0
        ? parts
        : [{ name: documentPart, bytes: document, mediaType: 'application/json', isFile: false }, ...parts];
    return written(path, writeParts(all));
  }
  const takesDocument = Object.keys(declaration.input?.shape ?? {}).some((name) => !inPath.includes(name));
  if (!takesDocument && others.length === 0) return written(path, undefined);
  return written(path, { contentType: 'application/json', body: document });
}

function written(
  path: string,
  content: { readonly contentType: string; readonly body: Buffer } | undefined,
): WrittenInput {
  if (content === undefined) return { path, headers: {}, body: undefined, wipe: () => undefined };
  const { contentType, body } = content;
  const headers = { 'content-type': contentType, 'content-length': String(body.length) };
  return { path, headers, body, wipe: () => void body.fill(0) };
}

function writtenParts({ files = {}, secrets = {} }: OperationDeclaration, input: object): WrittenPart[] {
  const given = new Map(Object.entries(input));
  const parts: WrittenPart[] = [];
  const add = (name: string, value: unknown, isFile: boolean): void => {
    if (!(value instanceof Uint8Array)) {
      throw badRequest(`"${name}" is not given as bytes`, 'Give the content of the file or the secret.');
    }
    parts.push({ name, bytes: value, mediaType: 'application/octet-stream', isFile });
  };
  for (const name of Object.keys(files)) {
    const values: unknown = given.get(name) ?? [];
    for (const value of Array.isArray(values) ? values : [values]) add(name, value, true);
  }
  for (const name of Object.keys(secrets)) {
    if (given.get(name) !== undefined) add(name, given.get(name), false);
  }
  return parts;
}

/** A multipart body. It contains copies of the parts, so wipe it if there is a secret among them. */
function writeParts(parts: readonly WrittenPart[]): {
  readonly contentType: string;
  readonly body: Buffer;
} {
  const boundary = `rollcall-${randomBytes(18).toString('hex')}`;
  const pieces: Uint8Array[] = [];
  for (const { name, bytes, mediaType, isFile } of parts) {
    const fileName = isFile ? `; filename="${name}"` : '';
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${fileName}\r\nContent-Type: ${mediaType}\r\n\r\n`;
    pieces.push(Buffer.from(head, 'latin1'), bytes, Buffer.from('\r\n', 'latin1'));
  }
  pieces.push(Buffer.from(`--${boundary}--\r\n`, 'latin1'));
  const body = Buffer.allocUnsafeSlow(pieces.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const piece of pieces) {
    body.set(piece, offset);
    offset += piece.length;
  }
  return { contentType: `multipart/form-data; boundary=${boundary}`, body };
}

function segmentOf(name: string, value: unknown): string {
  const text = String(value ?? '');
  // A URL with such a part means another path.
  if (text !== '' && text !== '.' && text !== '..') return encodeURIComponent(text);
  throw badRequest(`"${name}" is "${text}"`, `Give another ${name}.`);
}

function queryOf(fields: readonly (readonly [string, unknown])[]): string {
  const query = new URLSearchParams();
  for (const [name, value] of fields) {
    for (const one of Array.isArray(value) ? value : [value]) query.append(name, String(one));
  }
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}
