import { request as httpRequest, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { answerEnvelope, lineEnvelope, pageEnvelope } from '../../daemon/contract/api-errors.js';
import type { OperationExample } from '../../daemon/contract/openapi.js';
import type {
  Answer,
  CallInput,
  CallOutput,
  OperationDeclaration,
  Page,
} from '../../daemon/contract/operation.js';
import { type OperationId, type Operations, operations } from '../../daemon/contract/operations.js';
import { writeInput } from '../../daemon/core/api/written-input.js';
import { present } from '../../daemon/kernel/present.js';

/** The address that callers have in the examples. It is reserved for documentation (RFC 5737). */
const address = '192.0.2.7';

type Fields = Readonly<Record<string, unknown>>;

/** What a call gives: the answer itself, the items of a page, or the first of the lines. */
type Said<Output> =
  Output extends Page<infer Item>
    ? readonly Item[]
    : Output extends AsyncIterable<infer Item>
      ? Item
      : Output;

/** The schema of what is sent; undefined for a file. */
export function envelopeOf(answer: Answer): z.ZodType | undefined {
  switch (answer.kind) {
    case 'json':
      return answerEnvelope(answer.schema);
    case 'page':
      return pageEnvelope(answer.item);
    case 'lines':
      return lineEnvelope(answer.item);
    case 'file':
      return undefined;
  }
}

/** The approval that an error asks for. */
function approvalIdIn(said: string): string | undefined {
  const answer = errorAnswer.safeParse(JSON.parse(said));
  return answer.success ? answer.data.error.details.approval : undefined;
}

const errorAnswer = z.object({
  error: z.object({ code: z.literal('approval-required'), details: z.object({ approval: z.string() }) }),
});

/**
 * Calls operations as the gate passes them on, and keeps the first call of each as it was answered. The socket is that of the core
 * for the gate, because examples show what callers from the network get.
 */
export class ExampleCaller {
  readonly #socketPath: string;
  readonly #approve: (approvalId: string) => Promise<unknown>;
  readonly #examples = new Map<OperationId, OperationExample>();
  readonly #open: IncomingMessage[] = [];
  #token: string | undefined;

  /** `approve` is the second person, for calls that the box holds back until one agrees. */
  constructor(socketPath: string, approve: (approvalId: string) => Promise<unknown>) {
    this.#socketPath = socketPath;
    this.#approve = approve;
  }

  /** Later calls are made with this access token. Returns the one before. */
  use(token: string | undefined): string | undefined {
    const former = this.#token;
    this.#token = token;
    return former;
  }

  get examples(): ReadonlyMap<OperationId, OperationExample> {
    return this.#examples;
  }

  /** Calls an operation. @throws for an answer that is an error, or not one of the contract */
  async call<Id extends OperationId>(
    id: Id,
    input: CallInput<Operations[Id]>,
  ): Promise<Said<CallOutput<Operations[Id]>>> {
    const declaration: OperationDeclaration = operations[id];
    const read = async (response: IncomingMessage): Promise<string> =>
      declaration.answer.kind === 'lines' && response.statusCode === 200
        ? this.#firstLine(response)
        : text(response);
    let response = await this.#send(declaration, input);
    let said = await read(response);
    const approvalId = response.statusCode === 200 ? undefined : approvalIdIn(said);
    if (approvalId !== undefined) {
      await this.#approve(approvalId);
      response = await this.#send(declaration, input);
      said = await read(response);
    }
    if (response.statusCode !== 200) throw new Error(`${id}: ${said}`);
    const envelope = envelopeOf(declaration.answer);
    const answer: unknown = envelope === undefined ? undefined : JSON.parse(said);
    envelope?.parse(answer);
    if (!this.#examples.has(id)) {
      const request = fieldsOf(declaration, input);
      this.#examples.set(id, { ...present({ request }), answer });
    }
    const { data, item } = Object(answer) as { readonly data?: unknown; readonly item?: unknown };
    // The type of the answer is held by the schema that has just checked it.
    return (data ?? item) as Said<CallOutput<Operations[Id]>>;
  }

  /** Calls an operation that must be refused, and keeps nothing. */
  async refused<Id extends OperationId>(id: Id, input: CallInput<Operations[Id]>): Promise<void> {
    const response = await this.#send(operations[id], input);
    const said = await text(response);
    if (response.statusCode === 200) throw new Error(`${id} was not refused: ${said}`);
  }

  /** Ends answers that stayed open. */
  close(): void {
    for (const response of this.#open) response.destroy();
  }

  /** The answer stays open after its first line, as an import needs it. */
  async #firstLine(response: IncomingMessage): Promise<string> {
    this.#open.push(response);
    let said = '';
    // An answer that is cut at the end is no failure.
    response.on('error', () => undefined).setEncoding('utf8');
    return new Promise((resolve) => {
      response.on('data', (piece: string) => {
        said += piece;
        if (said.includes('\n')) resolve(said.slice(0, said.indexOf('\n')));
      });
      response.on('close', () => resolve(said));
    });
  }

  #send(declaration: OperationDeclaration, input: unknown): Promise<IncomingMessage> {
    const { path, headers, body } = writeInput(declaration, Object(input));
    return new Promise((resolve, reject) => {
      const asking = httpRequest(
        {
          ...{
            socketPath: this.#socketPath,
            path: `/api/v1${path}`,
            method: declaration.method,
            agent: false,
          },
          headers: {
            ...headers,
            ...{ 'x-rollcall-address': address, 'x-rollcall-origin': 'none', 'user-agent': 'curl/8.5.0' },
            ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
          },
        },
        resolve,
      );
      asking.on('error', reject);
      asking.end(body);
    });
  }
}

/** What was sent besides files and secrets. */
function fieldsOf(declaration: OperationDeclaration, input: unknown): Fields | undefined {
  const parts = new Set([...Object.keys(declaration.files ?? {}), ...Object.keys(declaration.secrets ?? {})]);
  const fields = Object.entries(Object(input)).filter(([name]) => !parts.has(name));
  return fields.length === 0 ? undefined : Object.fromEntries(fields);
}
