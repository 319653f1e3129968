import { z } from 'zod';

/** How a vision process asks the core for a line: one line of JSON on a new connection. */
export const lineRequestSchema = z.strictObject({
  token: z.string().max(64),
  /** `stream`: a connection to the camera, whose bytes follow. `datagrams`: two ports for a connected camera, see `LinePair`. */
  kind: z.enum(['stream', 'datagrams']),
  host: z.string().min(1).max(255),
  port: z.number().int().min(1).max(65_535),
});

export type LineRequest = z.infer<typeof lineRequestSchema>;

/** The answer of the core, which the vision process trusts: one line of JSON. */
export type LineAnswer =
  | { readonly outcome: 'open'; readonly ports?: readonly [number, number] }
  /** `code`: that of the error of the socket. */
  | { readonly outcome: 'failed'; readonly code: string };

export const lineText = (message: LineRequest | LineAnswer): string => `${JSON.stringify(message)}\n`;
