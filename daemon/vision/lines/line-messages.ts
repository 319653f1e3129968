import { z } from 'zod';

const token = z.string().max(64);

/** How a vision process asks the core for a line: one line of JSON on a new connection. */
export const lineRequestSchema = z.discriminatedUnion('kind', [
  /** A connection to a camera, whose bytes follow. */
  z.strictObject({
    kind: z.literal('stream'),
    token,
    host: z.string().min(1).max(255),
    port: z.number().int().min(1).max(65_535),
  }),
  /** Two ports for the camera of an open stream, see `LinePair`. */
  z.strictObject({ kind: z.literal('datagrams'), token, stream: z.number().int().positive() }),
]);

export type LineRequest = z.infer<typeof lineRequestSchema>;

/** The answer of the core, which the vision process trusts: one line of JSON. */
export type LineAnswer =
  /** `stream`: the number by which datagrams are asked for. */
  | { readonly outcome: 'stream'; readonly stream: number }
  | { readonly outcome: 'datagrams'; readonly ports: readonly [number, number] }
  /** `code`: that of the error of the socket. */
  | { readonly outcome: 'failed'; readonly code: string };

export const lineText = (message: LineRequest | LineAnswer): string => `${JSON.stringify(message)}\n`;
