import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingHttpHeaders } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import type { TestCertificate } from './test-certificate.js';

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A status to answer with, and a header or a document if they matter; or no answer, a hang-up, or an endless answer. */
export type HttpAnswer =
  | number
  | 'hang'
  | 'drop'
  | 'endless'
  | { readonly status: number; readonly location: string }
  | { readonly status: number; readonly json: object };

export interface HttpSink extends AsyncDisposable {
  readonly port: number;
  readonly requests: readonly ReceivedRequest[];
  /** The number of endless answers that are still read. */
  readonly endlessAnswers: () => number;
  /** Sets the answers to the next requests. */
  answer: (request: ReceivedRequest, index: number) => HttpAnswer;
}

/** A real web server on a free loopback port; with TLS if a certificate is given. */
export async function openHttpSink(certificate?: TestCertificate, port = 0): Promise<HttpSink> {
  const requests: ReceivedRequest[] = [];
  let endless = 0;
  const server =
    certificate === undefined
      ? createHttpServer()
      : createHttpsServer({ cert: certificate.certificate, key: certificate.key });
  server.on('request', async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = '', url: path = '', headers } = request;
    const received = { method, path, headers, body: Buffer.concat(chunks).toString('utf8') };
    requests.push(received);
    const answer = sink.answer(received, requests.length - 1);
    if (answer === 'hang') return;
    if (answer === 'endless') {
      endless += 1;
      response.writeHead(200).flushHeaders();
      const flow = setInterval(() => response.write('x'.repeat(10_000)), 5);
      response.on('close', () => {
        clearInterval(flow);
        endless -= 1;
      });
    } else if (answer === 'drop') request.socket.destroy();
    else if (typeof answer === 'number') response.writeHead(answer).end('an unread answer');
    else if ('location' in answer) response.writeHead(answer.status, { location: answer.location }).end();
    else {
      const headers = { 'content-type': 'application/json' };
      response.writeHead(answer.status, headers).end(JSON.stringify(answer.json));
    }
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const sink: HttpSink = {
    port: (server.address() as AddressInfo).port,
    requests,
    answer: () => 200,
    endlessAnswers: () => endless,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return sink;
}

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  /** The message as it was received, with headers. */
  readonly source: string;
  readonly isSecure: boolean;
  readonly user: string | undefined;
}

export interface SmtpSink extends AsyncDisposable {
  readonly port: number;
  readonly mails: readonly ReceivedMail[];
  readonly connections: () => number;
}

export interface SmtpWish {
  readonly certificate?: TestCertificate;
  /** Uses TLS from the first byte. */
  readonly isImplicit?: boolean;
  readonly login?: { readonly user: string; readonly password: string };
  readonly refuseRecipient?: (address: string) => number | undefined;
  /** Takes the message and then answers with this text. */
  readonly refuseMessage?: (index: number) => number | undefined;
  readonly options?: SMTPServerOptions;
}

const refusal = (responseCode: number): Error => Object.assign(new Error('no thanks'), { responseCode });

/** A real mail server on a free loopback port. */
export async function openSmtpSink(wish: SmtpWish = {}): Promise<SmtpSink> {
  const { certificate, login, isImplicit = false } = wish;
  const mails: ReceivedMail[] = [];
  let messages = 0;
  let connections = 0;
  const server = new SMTPServer({
    secure: isImplicit,
    authOptional: login === undefined,
    disableReverseLookup: true,
    closeTimeout: 100,
    disabledCommands: [
      ...(login === undefined ? ['AUTH'] : []),
      // Hiding STARTTLS is not enough: the server would use a certificate of its own.
      ...(certificate === undefined ? ['STARTTLS'] : []),
    ],
    ...(certificate === undefined
      ? { hideSTARTTLS: true, allowInsecureAuth: true }
      : { cert: certificate.certificate, key: certificate.key }),
    onConnect(_session, callback) {
      connections += 1;
      callback();
    },
    onAuth({ username, password }, _session, callback) {
      const isRight = username === login?.user && password === login?.password;
      // Like some servers, it repeats the given password.
      callback(
        isRight ? null : Object.assign(new Error(`no user ${username} ${password}`), { responseCode: 535 }),
        isRight ? { user: username } : undefined,
      );
    },
    onRcptTo({ address }, _session, callback) {
      const code = wish.refuseRecipient?.(address);
      callback(code === undefined ? null : refusal(code));
    },
    async onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      for await (const chunk of stream) chunks.push(chunk as Buffer);
      const code = wish.refuseMessage?.(messages);
      messages += 1;
      if (code !== undefined) {
        callback(refusal(code));
        return;
      }
      const { mailFrom, rcptTo } = session.envelope;
      mails.push({
        from: mailFrom === false ? '' : mailFrom.address,
        to: rcptTo.map(({ address }) => address),
        source: Buffer.concat(chunks).toString('utf8'),
        isSecure: session.secure,
        user: typeof session.user === 'string' ? session.user : undefined,
      });
      callback();
    },
    ...wish.options,
  });
  // Clients that refuse the certificate are the subject of some tests.
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    connections: () => connections,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

/** A header of a message, unfolded; undefined if it is missing. */
export function mailHeader({ source }: ReceivedMail, name: string): string | undefined {
  const head = (source.split('\r\n\r\n')[0] ?? '').replace(/\r\n[ \t]+/g, ' ');
  const line = head.split('\r\n').find((each) => each.toLowerCase().startsWith(`${name.toLowerCase()}:`));
  return line?.slice(name.length + 1).trim();
}

/** Accepts connections and never sends anything. */
export async function openSilentSink(): Promise<
  { readonly port: number; readonly seen: Promise<void> } & AsyncDisposable
> {
  const sockets = new Set<Socket>();
  let onSeen = (): void => undefined;
  const seen = new Promise<void>((resolve) => {
    onSeen = resolve;
  });
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    onSeen();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
