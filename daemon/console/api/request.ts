import operationsTable from 'virtual:operations';
import type { z } from 'zod';
import type { OperationDeclaration, Page } from '../../contract/operation.js';
import type { OperationId, Operations } from '../../contract/operations.js';

type Fields<D extends OperationDeclaration> = D extends { readonly input: infer I extends z.ZodType }
  ? z.input<I>
  : unknown;
type Files<D extends OperationDeclaration> = D extends { readonly files: infer F }
  ? { readonly [K in keyof F]?: readonly Blob[] }
  : unknown;
type Secrets<D extends OperationDeclaration> = D extends { readonly secrets: infer S }
  ? { readonly [K in keyof S]?: string | undefined }
  : unknown;

/** What a caller in the browser gives: files as blobs, secrets as texts. */
export type Input<Id extends OperationId> = Fields<Operations[Id]> &
  Files<Operations[Id]> &
  Secrets<Operations[Id]>;

type Answer<D extends OperationDeclaration> = D['answer'];
/** What a call resolves with. Lines are read by `follow` and `readLines`. */
export type Output<Id extends OperationId> =
  Answer<Operations[Id]> extends { readonly kind: 'json'; readonly schema: infer S extends z.ZodType }
    ? z.output<S>
    : Answer<Operations[Id]> extends { readonly kind: 'page'; readonly item: infer I extends z.ZodType }
      ? Page<z.output<I>>
      : Answer<Operations[Id]> extends { readonly kind: 'lines' }
        ? never
        : Blob;

/** Operations whose answer is lines of JSON. */
export type LinesId = {
  [Id in OperationId]: Operations[Id]['answer'] extends { readonly kind: 'lines' } ? Id : never;
}[OperationId];
/** One line of an answer. */
export type Line<Id extends LinesId> = Operations[Id]['answer'] extends {
  readonly item: infer I extends z.ZodType;
}
  ? z.output<I>
  : never;
/** Operations with one answer. */
export type CallId = Exclude<OperationId, LinesId>;
/** Operations whose answer is a page of a list. */
export type PageId = {
  [Id in OperationId]: Operations[Id]['answer'] extends { readonly kind: 'page' } ? Id : never;
}[OperationId];
/** One item of a list. */
export type ItemOf<Id extends PageId> = Operations[Id]['answer'] extends {
  readonly item: infer I extends z.ZodType;
}
  ? z.output<I>
  : never;

export type AnswerKind = OperationDeclaration['answer']['kind'];

/** A request that is ready to send. */
export interface WrittenRequest {
  readonly url: string;
  readonly kind: AnswerKind;
  /** True if the box changes something: not for a question that needs a body. */
  readonly isChange: boolean;
  readonly init: RequestInit;
}

const apiRoot = '/api/v1';

/** The address of an operation that is read: for pictures and downloads. */
export function addressOf<Id extends CallId>(id: Id, input: Input<Id>): string {
  return write(id, input as Readonly<Record<string, unknown>>).url;
}

/** Writes the request of a call as daemon/core/api/written-input.ts does for callers on the box. */
export function write(id: OperationId, input: Readonly<Record<string, unknown>>): WrittenRequest {
  const written = writeFields(id, input);
  if (written.kind !== 'lines') return written;
  const headers = { ...written.init.headers, accept: 'application/jsonl' };
  return { ...written, init: { ...written.init, headers } };
}

function writeFields(id: OperationId, input: Readonly<Record<string, unknown>>): WrittenRequest {
  const line = operationsTable[id];
  if (line === undefined) throw new Error(`the contract has no operation ${id} for the network`);
  const [method = '', path = '', kind = '', files = '', secrets = '', takesDocument = '', isChange = ''] =
    line.split(' ');
  const parts = [...files.split(','), ...secrets.split(',')].filter((name) => name !== '');
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '');
  const others = Object.entries(input).filter(
    ([name, value]) => value !== undefined && !inPath.includes(name) && !parts.includes(name),
  );
  const address =
    apiRoot + path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(input[name])));
  const common = { kind: kind as AnswerKind, isChange: isChange !== '' };
  if (method === 'GET' || method === 'DELETE') {
    return { ...common, url: address + queryOf(others), init: { method } };
  }
  if (parts.some((name) => input[name] !== undefined)) {
    return { ...common, url: address, init: { method, body: formOf(others, parts, input) } };
  }
  if (takesDocument === '' && others.length === 0) return { ...common, url: address, init: { method } };
  const body = JSON.stringify(Object.fromEntries(others));
  return { ...common, url: address, init: { method, body, headers: { 'content-type': 'application/json' } } };
}

function queryOf(fields: readonly (readonly [string, unknown])[]): string {
  const query = new URLSearchParams();
  for (const [name, value] of fields) {
    for (const each of Array.isArray(value) ? value : [value]) query.append(name, String(each));
  }
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

function formOf(
  others: readonly (readonly [string, unknown])[],
  parts: readonly string[],
  input: Readonly<Record<string, unknown>>,
): FormData {
  const form = new FormData();
  if (others.length > 0) {
    form.append('document', JSON.stringify(Object.fromEntries(others)));
  }
  for (const name of parts) {
    const value = input[name];
    if (value === undefined) continue;
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each instanceof Blob) form.append(name, each, name);
      else form.append(name, String(each));
    }
  }
  return form;
}
