import { request as httpRequest, type IncomingMessage } from 'node:http';
import { z } from 'zod';
import { answerEnvelope, pageEnvelope } from '../../contract/api-errors.js';
import { loadOperation } from '../../contract/load-operation.js';
import type { CallInput, CallOutput, OperationDeclaration } from '../../contract/operation.js';
import type { OperationId, Operations } from '../../contract/operations.js';
import { isRollcallError, messageOf, RollcallError } from '../../kernel/errors.js';
import { present } from '../../kernel/present.js';
import { failure } from '../../words/errors.js';
import { writeInput } from './written-input.js';

/** The code of the error when no daemon answers on the socket. */
export const daemonUnreachable = 'daemon-unreachable';

function unreachable(socketPath: string, error: unknown): RollcallError {
  const code = (error as NodeJS.ErrnoException).code;
  const key = code === 'EACCES' ? (`${daemonUnreachable}:not-permitted` as const) : daemonUnreachable;
  return failure(key, { socketPath, reason: messageOf(error) }, { cause: error });
}

function errorFrom(body: unknown, status: number): RollcallError {
  const given = (body as { error?: Partial<RollcallError> } | undefined)?.error;
  const { kind = 'operational', code = 'control-error', remedy, says } = given ?? {};
  const message = given?.message ?? `rollcalld answered with HTTP status ${status}`;
  const details = given?.details ?? {};
  return new RollcallError({ kind, code, message, details, ...present({ remedy, says }) });
}

/** The input of a call may be left out where every field may. */
type CallArguments<Id extends OperationId> =
  object extends CallInput<Operations[Id]>
    ? [input?: CallInput<Operations[Id]>, signal?: AbortSignal]
    : [input: CallInput<Operations[Id]>, signal?: AbortSignal];

/** A client of the daemon's local API. Every call throws `RollcallError`. */
export class ControlClient {
  readonly #socketPath: string;
  readonly #language: string;

  /** `language` is that of the texts in answers and errors. */
  constructor(socketPath: string, language = 'en') {
    this.#socketPath = socketPath;
    this.#language = language;
  }

  /**
   * Calls an operation of the contract. A lines answer resolves when its first item is on the way; leaving its loop, or
   * `signal`, ends the call.
   * @throws the errors of the operation, `daemon-unreachable`, `answer-not-valid`
   */
  async call<Id extends OperationId>(
    id: Id,
    ...[input, signal]: CallArguments<Id>
  ): Promise<CallOutput<Operations[Id]>> {
    const declaration = await loadOperation(id);
    const { path, headers, body, wipe } = writeInput(declaration, input ?? {});
    const { method } = declaration;
    const wanted = {
      ...{ method, path: `/api/v1${path}`, body, signal },
      headers: { ...headers, 'accept-language': this.#language },
    };
    const response = await this.#request(wanted).finally(wipe);
    const answer = await this.#answer(id, declaration, response, signal);
    // The type of the answer is held by the schema that has just checked it.
    return answer as CallOutput<Operations[Id]>;
  }

  async #answer(
    id: string,
    { answer }: OperationDeclaration,
    response: IncomingMessage,
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    if (answer.kind === 'lines' && response.statusCode === 200) {
      return this.#items(id, answer.item, response, signal);
    }
    const bytes = await this.#read(response);
    if (answer.kind === 'file') return bytes;
    const said = parseOrUndefined(bytes.toString('utf8'));
    if (answer.kind === 'page') {
      const { data, meta } = checked(id, pageEnvelope(answer.item), said);
      return { items: data, nextCursor: meta.nextCursor, total: meta.total };
    }
    const schema = answer.kind === 'json' ? answer.schema : z.never();
    return checked(id, answerEnvelope(schema), said).data;
  }

  async *#items(
    id: string,
    schema: z.ZodType,
    response: IncomingMessage,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<unknown> {
    try {
      for await (const line of linesOf(response)) {
        const said = JSON.parse(line) as { readonly item?: unknown; readonly error?: unknown };
        if ('item' in said) yield checked(id, schema, said.item);
        else if ('error' in said) throw errorFrom(said, 200);
        else return;
      }
    } catch (error) {
      if (isRollcallError(error)) throw error;
      if (signal?.aborted !== true) throw unreachable(this.#socketPath, error);
    } finally {
      response.destroy();
    }
    if (signal?.aborted !== true)
      throw unreachable(this.#socketPath, new Error('the daemon closed the stream'));
  }

  async #read(response: IncomingMessage): Promise<Buffer> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of response) chunks.push(chunk as Buffer);
    } catch (error) {
      throw unreachable(this.#socketPath, error);
    }
    const body = Buffer.concat(chunks);
    const status = response.statusCode ?? 0;
    if (status !== 200) throw errorFrom(parseOrUndefined(body.toString('utf8')), status);
    return body;
  }

  #request({ body, signal, ...what }: WireRequest): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      // A connection of its own: the daemon ends one that rests for seconds, and the next request could meet that end.
      const options = { agent: false, socketPath: this.#socketPath, ...what, ...present({ signal }) };
      const outgoing = httpRequest(options, resolve);
      // The daemon may refuse and close the connection while a long body is being sent. This error comes after the answer, when
      // the request no longer listens. Before the answer, the request reports the error itself.
      outgoing.on('socket', (socket) => socket.on('error', () => undefined));
      outgoing.on('error', (error) => {
        reject(isRollcallError(error) ? error : unreachable(this.#socketPath, error));
      });
      outgoing.end(body);
    });
  }
}

/** The lines of an answer. Only a line feed ends one: `readline` also splits at characters that JSON may hold. */
async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) {
    const lines = (text + String(chunk)).split('\n');
    text = lines.pop() ?? '';
    yield* lines;
  }
  if (text !== '') yield text;
}

interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: Buffer | undefined;
  readonly signal: AbortSignal | undefined;
}

/** @throws `answer-not-valid` if the daemon answers with something else than the contract says */
function checked<Schema extends z.ZodType>(id: string, schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw failure('answer-not-valid', { id }, { details: { problems: z.prettifyError(result.error) } });
}

function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
