import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buffer } from 'node:stream/consumers';
import { WebSocketServer } from 'ws';
import type { Problem } from '../../contract/api-errors.js';
import { type GateSettings, liveFolderName } from '../../contract/gate-settings.js';
import { isLiveSocketName, type LiveTicket } from '../../contract/live.js';
import type { Clock } from '../../kernel/clock.js';
import { isRollcallError } from '../../kernel/errors.js';
import { type AccessLog, callerGone, type Outcome } from '../access-log.js';
import { type AnswerHeaders, headersForCaller, securityHeaders } from '../answer-headers.js';
import type { Connection, Connections } from '../connections.js';
import type { CoreLink } from '../core-link.js';
import { isRefusal, type Refusal, refusalDocument } from '../request-rules.js';
import type { LivePathKind } from './live-reader.js';
import { type LiveEnd, relayPictures } from './live-relay.js';
import { judgeUpgrade, liveHeaders, liveKindOf, liveProtocol } from './live-rules.js';

/** A viewer sends nothing but control frames. */
const longestMessageBytes = 1024;
/** How long the core may take to say why pictures ended, and the viewer to say goodbye, milliseconds. */
const lastWordMs = 1_000;

interface LiveHandling {
  readonly settings: GateSettings;
  readonly connections: Connections;
  readonly core: CoreLink;
  /** The folder of the sockets of the vision processes. */
  readonly folder: string;
  readonly webSockets: WebSocketServer;
  readonly log: AccessLog;
  readonly clock: Clock;
}

export function openWebSockets(): WebSocketServer {
  return new WebSocketServer({
    ...{ noServer: true, clientTracking: false, perMessageDeflate: false, maxPayload: longestMessageBytes },
    // A browser ends the connection when it offered protocols and none was chosen.
    handleProtocols: (offered) => (offered.has(liveProtocol) ? liveProtocol : false),
  });
}

/** One request for a WebSocket on its way. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  readonly head: Buffer;
  readonly requestId: string;
  readonly connection: Connection;
  /** Aborts when the caller goes away. */
  readonly signal: AbortSignal;
}

/** Answers one request for a WebSocket, and logs it when the connection has ended. Never rejects. */
export async function handleUpgrade(
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
  handling: LiveHandling,
): Promise<void> {
  const { connections, log, clock } = handling;
  const connection = connections.of(socket);
  // Also an error that comes after all else has ended must not end the gate.
  socket.on('error', () => socket.destroy());
  if (connection === undefined || socket.destroyed) {
    socket.destroy();
    return;
  }
  const beganMs = clock.monotonicMs();
  const ended = connections.begin(connection);
  const requestId = randomUUID();
  const gone = new AbortController();
  socket.once('close', () => gone.abort());
  let outcome: Outcome;
  try {
    outcome = await answer({ request, socket, head, requestId, connection, signal: gone.signal }, handling);
  } catch (error) {
    outcome = { status: 500, bytes: 0, note: isRollcallError(error) ? error.code : 'failed' };
    socket.destroy();
  }
  ended();
  const [path = ''] = (request.url ?? '').split('?');
  const ms = clock.monotonicMs() - beganMs;
  const { address } = connection;
  log.write({ requestId, method: request.method ?? '', path, ...outcome, ms, address, protocol: '1.1' });
}

/** Takes the places that a viewer needs as long as they watch. */
async function answer(exchange: Exchange, handling: LiveHandling): Promise<Outcome> {
  const { connections } = handling;
  const giveBack = [connections.hold(exchange.connection), connections.takePlace(exchange.connection)];
  try {
    if (giveBack.includes(undefined)) return await refuse(exchange, tooBusy);
    return await watch(exchange, handling);
  } finally {
    for (const each of giveBack) each?.();
  }
}

async function watch(exchange: Exchange, handling: LiveHandling): Promise<Outcome> {
  const { request, socket, requestId, connection, signal } = exchange;
  const { settings, core } = handling;
  const { method = '', url: target = '', headers, rawHeaders } = request;
  const asked = { method, target, headers, rawHeaders, localAddress: socket.localAddress };
  const judged = judgeUpgrade(asked, settings);
  if (isRefusal(judged)) return refuse(exchange, judged);
  const made = { requestId, address: connection.address, origin: judged.origin };
  let answered: IncomingMessage;
  try {
    answered = await core.ask({ method, target, headers: liveHeaders(asked, made), signal });
  } catch {
    return signal.aborted ? callerGone : refuse(exchange, unavailable);
  }
  try {
    const { statusCode: status = 502 } = answered;
    if (status !== 200) {
      return await send(exchange, {
        status,
        headers: headersForCaller(answered.headers),
        body: await buffer(answered),
      });
    }
    return await show(exchange, { answered, kind: liveKindOf(judged.path) }, handling);
  } finally {
    answered.destroy();
  }
}

/** Opens the WebSocket and passes pictures on until it ends. */
async function show(
  exchange: Exchange,
  { answered, kind }: { readonly answered: IncomingMessage; readonly kind: LivePathKind },
  handling: LiveHandling,
): Promise<Outcome> {
  const { signal } = exchange;
  const { clock, settings, folder } = handling;
  const lines = linesOf(answered);
  const pictures = await openPictures(await lines.ticket, folder);
  if (signal.aborted || pictures === undefined) {
    pictures?.destroy();
    return signal.aborted ? callerGone : refuse(exchange, unavailable);
  }
  const webSocket = accept(exchange, handling.webSockets);
  if (webSocket === undefined) {
    pictures.destroy();
    return callerGone;
  }
  const { readIdleMs: silenceMs } = settings.limits;
  const relayed = { kind, webSocket, pictures, coreEnd: lines.end, clock, silenceMs, lastWordMs };
  const { bytes, reason } = await relayPictures(relayed);
  return { status: 101, bytes, note: reason };
}

/** The way to the pictures, which is the first line of the core, and its last word. */
function linesOf(answered: IncomingMessage): {
  readonly ticket: Promise<LiveTicket | undefined>;
  readonly end: Promise<LiveEnd>;
} {
  let begun: (ticket: LiveTicket | undefined) => void = () => undefined;
  const ticket = new Promise<LiveTicket | undefined>((resolve) => {
    begun = resolve;
  });
  const end = new Promise<LiveEnd>((resolve) => {
    const reader = createInterface({ input: answered });
    reader.on('line', (line) => {
      const said = readLine(line);
      if (said.item !== undefined) begun(said.item);
      else resolve(lastWord(said.error?.code ?? 'done'));
    });
    reader.once('close', () => {
      begun(undefined);
      resolve(lastWord('core-unreachable'));
    });
    // The reader passes errors of the answer on: a core that was killed must not end the gate.
    reader.on('error', () => reader.close());
  });
  return { ticket, end };
}

interface CoreLine {
  readonly item?: LiveTicket;
  readonly error?: Pick<Problem, 'code'>;
}

/** A line of the core; one that was cut says that the core has gone. */
function readLine(line: string): CoreLine {
  try {
    return JSON.parse(line) as CoreLine;
  } catch {
    return { error: { code: 'core-unreachable' } };
  }
}

const rightsLost: readonly string[] = ['unauthenticated', 'forbidden'];

/** The close code for a code of the core: 1008 for rights that are lost, 1012 for what may be opened again soon. */
function lastWord(reason: string): LiveEnd {
  return { code: rightsLost.includes(reason) ? 1008 : 1012, reason };
}

/** Connects to the vision process and shows it the ticket; undefined where that fails. */
async function openPictures(way: LiveTicket | undefined, folder: string): Promise<Socket | undefined> {
  if (way === undefined || !isLiveSocketName(way.socket)) return undefined;
  const pictures = connect(join(folder, liveFolderName, way.socket));
  try {
    await once(pictures, 'connect');
  } catch {
    return undefined;
  }
  pictures.on('error', () => pictures.destroy());
  pictures.write(`${way.ticket}\n`);
  return pictures;
}

/** Undefined where the caller has left meanwhile. */
function accept({ request, socket, head, requestId }: Exchange, webSockets: WebSocketServer) {
  const addHeaders = (headers: string[]): void => {
    headers.push(`X-Request-Id: ${requestId}`);
    for (const [name, value] of Object.entries(securityHeaders('data')))
      headers.push(`${name}: ${String(value)}`);
  };
  let accepted: Parameters<Parameters<WebSocketServer['handleUpgrade']>[3]>[0] | undefined;
  webSockets.once('headers', addHeaders);
  // Calls back before it returns, or never.
  webSockets.handleUpgrade(request, socket, head, (webSocket) => {
    accepted = webSocket;
  });
  webSockets.off('headers', addHeaders);
  return accepted;
}

const tooBusy: Refusal = {
  status: 503,
  code: 'busy',
  message: 'the box is busy',
  remedy: 'Open the WebSocket again in a few seconds.',
};
const unavailable: Refusal = {
  status: 503,
  code: 'core-unreachable',
  message: 'the box is starting or has stopped, or the live view has just ended',
  remedy: 'Open the WebSocket again after a few seconds. If this lasts, run rollcall doctor on the box.',
};

function refuse(exchange: Exchange, refusal: Refusal): Promise<Outcome> {
  return send(exchange, {
    status: refusal.status,
    headers: { ...securityHeaders('data'), 'cache-control': 'no-store', 'content-type': 'application/json' },
    body: Buffer.from(`${JSON.stringify(refusalDocument(refusal, exchange.requestId))}\n`),
    note: refusal.code,
  });
}

/** Answers without an upgrade, and ends the connection. */
async function send(
  { request, socket, requestId }: Exchange,
  { status, headers, body, note }: { status: number; headers: AnswerHeaders; body: Buffer; note?: string },
): Promise<Outcome> {
  const response = new ServerResponse(request);
  response.assignSocket(socket);
  const length = { 'content-length': String(body.length), connection: 'close', 'x-request-id': requestId };
  response.writeHead(status, { ...headers, ...length });
  const sent = new Promise<void>((resolve) => {
    response.end(body, resolve);
    socket.once('close', () => resolve());
  });
  await sent;
  socket.end();
  return { status, bytes: body.length, note };
}
