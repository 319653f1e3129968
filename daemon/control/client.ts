import { request as httpRequest, type IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { isRollcallError, messageOf, operational, RollcallError } from '../base/errors.js';
import type { CameraTestOutcome } from '../vision/protocol.js';
import type { BoxStatus } from './box-control.js';
import type { HostReport } from './host-report.js';
import { PersonClient, type PersonWire } from './person-client.js';

/** Code of the error thrown when nobody answers on the socket. */
export const daemonUnreachable = 'daemon-unreachable';

function unreachable(socketPath: string, error: unknown): RollcallError {
  const code = (error as NodeJS.ErrnoException).code;
  const remedy =
    code === 'EACCES'
      ? 'run this as the user of rollcalld or as root'
      : "start it (systemctl start rollcalld) or give the right configuration with '--config'";
  return operational(daemonUnreachable, `rollcalld does not answer on ${socketPath}: ${messageOf(error)}`, {
    cause: error,
    remedy,
  });
}

function errorFrom(body: unknown, status: number): RollcallError {
  const given = (body as { error?: Partial<RollcallError> } | undefined)?.error;
  const { kind = 'operational', code = 'control-error', remedy } = given ?? {};
  const message = given?.message ?? `rollcalld answered with HTTP status ${status}`;
  const details = given?.details ?? {};
  return new RollcallError({ kind, code, message, details, ...(remedy === undefined ? {} : { remedy }) });
}

/** A client of the daemon's local API. Every call throws `RollcallError`. */
export class ControlClient implements PersonWire {
  readonly persons: PersonClient = new PersonClient(this);
  readonly #socketPath: string;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  status(): Promise<BoxStatus> {
    return this.json('GET', '/v1/status');
  }

  /** What the daemon finds on its machine. */
  hostReport(): Promise<HostReport> {
    return this.json('GET', '/v1/host');
  }

  testCamera(id: string): Promise<CameraTestOutcome> {
    return this.json('POST', `/v1/cameras/${encodeURIComponent(id)}/test`);
  }

  recentEvents(limit: number): Promise<readonly unknown[]> {
    return this.json('GET', `/v1/events?limit=${limit}`);
  }

  /**
   * Yields every event recorded from the moment `onSubscribed` is called, until `signal` aborts. Some are left out where
   * they are read too slowly: the sequences tell which.
   */
  async *events(signal: AbortSignal, onSubscribed: () => void = () => undefined): AsyncGenerator<unknown> {
    const response = await this.#send('GET', '/v1/events/stream', undefined, signal);
    if (response.statusCode !== 200) await this.#read(response);
    try {
      for await (const line of createInterface({ input: response })) {
        if (line === '') {
          onSubscribed();
          continue;
        }
        const said = JSON.parse(line) as { readonly passedOver?: number };
        if (said.passedOver === undefined) yield said;
      }
    } catch (error) {
      if (signal.aborted) return;
      throw unreachable(this.#socketPath, error);
    }
    if (!signal.aborted) throw unreachable(this.#socketPath, new Error('the daemon ended the stream'));
  }

  /** The JSON that the daemon answers with; a `RollcallError` where it answers with one. */
  async json<T>(method: string, path: string, body?: Buffer): Promise<T> {
    return JSON.parse((await this.bytes(method, path, body)).toString('utf8')) as T;
  }

  /** The whole answer, as it came. */
  async bytes(method: string, path: string, body?: Buffer): Promise<Buffer> {
    return this.#read(await this.#send(method, path, body));
  }

  /** Sends a request whose answer goes on; resolves with its first line. `close` hangs up. */
  async hold(method: string, path: string): Promise<{ readonly line: string; close(): void }> {
    const hangUp = new AbortController();
    const response = await this.#send(method, path, undefined, hangUp.signal);
    if (response.statusCode !== 200) await this.#read(response);
    const lines = createInterface({ input: response });
    // Hanging up is an error to whoever reads the answer; nobody waits for its end any more then.
    for (const reader of [response, lines]) reader.on('error', () => undefined);
    const line = await new Promise<string>((resolve, reject) => {
      lines.once('line', resolve);
      lines.once('close', () => reject(unreachable(this.#socketPath, new Error('the daemon hung up'))));
    });
    return { line, close: () => hangUp.abort() };
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

  #send(method: string, path: string, body?: Buffer, signal?: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const headers =
        body === undefined
          ? {}
          : { 'content-type': 'application/octet-stream', 'content-length': body.length };
      const options = { socketPath: this.#socketPath, method, path, headers, ...(signal ? { signal } : {}) };
      const outgoing = httpRequest(options, resolve);
      // The daemon may refuse and hang up while a long body is still on its way. Such an error comes after the answer, when
      // the request listens no more; before the answer, the request tells of it itself.
      outgoing.on('socket', (socket) => {
        // A connection serves many requests one after the other.
        if (!socket.listeners('error').includes(ignored)) socket.on('error', ignored);
      });
      outgoing.on('error', (error) => {
        reject(isRollcallError(error) ? error : unreachable(this.#socketPath, error));
      });
      outgoing.end(body);
    });
  }
}

const ignored = (): void => undefined;

function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
