import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { type GateLimits, gateSettings } from '../../daemon/contract/gate-settings.js';
import { type GateServer, startGateServer } from '../../daemon/gate/gate-server.js';
import { Site } from '../../daemon/gate/site.js';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { makeCertificate, type TestCertificate } from './test-certificate.js';

/** A gate in this process in front of a core that does what a test wants. */
export interface TestGate extends AsyncDisposable {
  readonly server: GateServer;
  readonly port: number;
  /** Where the core and the vision processes have their sockets. */
  readonly folder: string;
  /** PEM, to be trusted by callers. */
  readonly certificate: string;
  /** Lines of the log: message and fields. */
  readonly log: readonly (Readonly<Record<string, unknown>> & { readonly message: string })[];
  /** Sends a request over HTTP/1.1 and reads the whole answer. */
  ask(options: AskOptions): Promise<GateAnswer>;
}

export interface AskOptions extends RequestOptions {
  readonly body?: string | Buffer;
}

export interface GateAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly bytes: Buffer;
}

export interface TestGateOptions {
  /** How the core answers. */
  readonly core: RequestListener;
  readonly limits?: Partial<GateLimits>;
  readonly origins?: readonly string[];
  readonly minimumTls?: '1.2' | '1.3';
  readonly files?: Readonly<Record<string, string>>;
  /** What it shows. Default: a fresh certificate for `localhost` that signed itself. */
  readonly identity?: TestCertificate;
}

/** Stands for the page of the console. */
const consolePage = ['/index.html', Buffer.from('<!doctype html><title>console</title>')] as const;

/** Starts both. */
export async function openTestGate(options: TestGateOptions): Promise<TestGate> {
  const folder = await mkdtemp(join(tmpdir(), 'rollcall-gate-'));
  const socketPath = join(folder, 'gate.sock');
  const core = createServer(options.core).listen(socketPath);
  await once(core, 'listening');
  const { certificate, key } = options.identity ?? makeCertificate('localhost');
  const log: (Record<string, unknown> & { message: string })[] = [];
  const keep = (message: string, fields: object = {}): void => void log.push({ ...fields, message });
  const settings = gateSettings.parse({
    ...{ address: '127.0.0.1', port: 0, minimumTls: options.minimumTls ?? '1.3', hosts: ['localhost'] },
    ...{ origins: options.origins ?? [], logLevel: 'info', limits: options.limits ?? {} },
  });
  const files = Object.entries(options.files ?? {}).map(([path, text]) => [path, Buffer.from(text)] as const);
  const server = await startGateServer({
    ...{ settings, tls: Buffer.from(certificate + key), socketPath, clock },
    site: new Site(new Map([consolePage, ...files])),
    logger: { ...silentLogger, info: keep, warn: keep, error: keep },
  });
  return {
    server,
    folder,
    port: server.port,
    certificate,
    log,
    ask: (asked) => askOver(server.port, certificate, asked),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      core.closeAllConnections();
      await new Promise((resolve) => core.close(resolve));
      await rm(folder, { recursive: true });
    },
  };
}

async function askOver(port: number, ca: string, { body, ...options }: AskOptions): Promise<GateAnswer> {
  const asking = httpsRequest({
    host: 'localhost',
    port,
    ca,
    agent: false,
    path: '/api/v1/echo',
    ...options,
  });
  // The gate may answer and close before it has read the whole body.
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    asking.once('response', resolve);
    asking.on('error', reject);
  });
  asking.end(body);
  const response = await answered;
  return { status: response.statusCode ?? 0, headers: response.headers, bytes: await buffer(response) };
}

/** A core that answers with what reached it. */
export const echo: RequestListener = (request, response) => {
  void buffer(request).then((body) => {
    response.setHeader('content-type', 'application/json');
    response.setHeader('x-rollcall-secret', 'internal');
    response.setHeader('x-powered-by', 'core');
    response.setHeader('etag', '"4-def"');
    const { method, url, headers } = request;
    response.end(JSON.stringify({ method, url, headers, body: body.toString('latin1') }));
  });
};
