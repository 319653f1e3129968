import type { Caller } from './caller.js';
import type { HandlerInput, HandlerOutput, OperationDeclaration } from './operation.js';

/** What a handler knows about a call besides its input. */
export interface Call {
  readonly caller: Caller;
  /** Aborts when the caller goes away or the daemon ends. */
  readonly signal: AbortSignal;
  /** Appears in the log, in the answer and in error messages. */
  readonly requestId: string;
  /** True if the caller understands this media type. Absent if a call has no such word. */
  readonly acceptsMediaType?: (mediaType: string) => boolean;
  /**
   * Gives the caller's browser the cookie of a session for so many seconds, or takes it away (`undefined`). Absent if there
   * is no browser, as on the local socket.
   */
  readonly setSessionCookie?: ((token: string | undefined, lifeS: number) => void) | undefined;
}

/** The code behind an operation. Throws `RollcallError` with a code that the operation declares. */
type Handler<Declaration extends OperationDeclaration> = (
  input: HandlerInput<Declaration>,
  call: Call,
) => HandlerOutput<Declaration> | Promise<HandlerOutput<Declaration>>;

/** One handler for each operation of a record. */
export type Handlers<Operations extends Readonly<Record<string, OperationDeclaration>>> = {
  readonly [Id in keyof Operations]: Handler<Operations[Id]>;
};
