import { z } from 'zod';
import type { KeyInput } from '../gallery/keys/key-provider.js';
import { wipe } from '../host/sodium.js';
import { badRequest, decodeFramed, encodeFramed } from './framed-body.js';

/** Longest first line of the body, bytes. */
const longestLineBytes = 4096;

/** A request about the key: what is asked, and what a person typed for it. */
export interface KeyOrder<T> {
  readonly head: T;
  /** A view into the body. */
  readonly input: KeyInput;
}

/** The passphrase goes as bytes behind the document: in JSON it would become a text that cannot be wiped. The caller wipes it. */
export function encodeKeyOrder(head: unknown, { passphrase }: KeyInput): Buffer {
  return encodeFramed(head, passphrase === undefined ? [] : [passphrase]);
}

/** The inverse of `encodeKeyOrder`. @throws `bad-request` */
export function decodeKeyOrder<T>(body: Buffer, schema: z.ZodType<T>): KeyOrder<T> {
  const { head, files } = decodeFramed(body, longestLineBytes);
  const parsed = schema.safeParse(head);
  if (!parsed.success) throw badRequest(z.prettifyError(parsed.error));
  const [passphrase, ...others] = files;
  if (others.length > 0) throw badRequest('it holds more than one passphrase');
  return { head: parsed.data, input: passphrase === undefined ? {} : { passphrase } };
}

/** Sends `head` with `input` by `send`, and wipes the body that was made for it. */
export async function sendKeyOrder<T>(
  head: unknown,
  input: KeyInput,
  send: (body: Buffer) => Promise<T>,
): Promise<T> {
  const body = encodeKeyOrder(head, input);
  try {
    return await send(body);
  } finally {
    wipe(body);
  }
}
