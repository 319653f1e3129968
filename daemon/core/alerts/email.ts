import { connect, isIP, type Socket } from 'node:net';
import { createTransport } from 'nodemailer';
import type { SendMailOptions } from 'nodemailer/lib/mailer';
import type { SMTPTransportOptions } from 'nodemailer/lib/smtp-transport';
import type { AlertsConfig } from '../../contract/settings/schema.js';
import { readAuthorities } from '../../host/certificate-authorities.js';
import { requireUserPassword, type UserPassword } from '../../host/user-password-secret.js';
import type { AlertMessage } from '../../kernel/alerts/alert-message.js';
import { asLine } from '../../kernel/alerts/alert-template.js';
import type { Clock } from '../../kernel/clock.js';
import { counted } from '../../kernel/counted.js';
import { isRollcallError, type RollcallError } from '../../kernel/errors.js';
import { failure } from '../../words/errors.js';
import type { AlertChannel, ChannelContext, SendOutcome } from './channel.js';
import { channelError, explainSocketError, failedForNow, refusedForGood } from './channel-errors.js';
import { withDeadline } from './deadline.js';
import { type Bounds, connectionWithin } from './reachable-server.js';

export type EmailConfig = AlertsConfig['emails'][number];

/** From the name lookup to the acceptance of the message. */
const limitMs = 45_000;
const defaultPorts = { starttls: 587, implicit: 465, none: 25 } as const;

/** Sends alerts as plain-text messages to a mail server. */
export function openEmail(config: EmailConfig, context: ChannelContext, clock: Clock): AlertChannel {
  const { id, host, port = defaultPorts[config.tls] } = config;
  const server = `e-mail ${id} (${host}:${port})`;
  const late = (): Error => channelError('silent', server);
  return {
    id,
    kind: 'email',
    async send(message, signal) {
      try {
        const options = { ...(await transportOptions(config, context)), host, port };
        const mail = mailOf(message, config, context);
        const { accepted, rejected } = await withDeadline({ clock, limitMs, signal, late }, (limited) =>
          submitMail({ ...options, bounds: context.bounds }, mail, limited),
        );
        const note = `refused for ${rejected} of ${counted(accepted + rejected, 'recipient')}`;
        return { outcome: 'delivered', note: rejected === 0 ? null : note };
      } catch (error) {
        if (isRollcallError(error) && error.kind === 'defect') throw error;
        return isRollcallError(error) ? failedForNow(error) : explainMailFailure(error, server);
      }
    },
  };
}

/** Certificates and their host names are always checked. */
async function transportOptions(
  { id, host, tls, caFile, credential }: EmailConfig,
  { openSecret }: ChannelContext,
): Promise<SMTPTransportOptions> {
  const login = credential === undefined ? undefined : await openLogin(credential, openSecret);
  return {
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    tls: {
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(caFile === undefined ? {} : { ca: await readAuthorities(caFile, `caFile of e-mail ${id}`) }),
      minVersion: 'TLSv1.2',
      rejectUnauthorized: true,
    },
    // Otherwise a message would go without login to a server that offers none.
    ...(login === undefined ? {} : { auth: { user: login.user, pass: login.password }, forceAuth: true }),
    ...{ connectionTimeout: limitMs, greetingTimeout: limitMs, socketTimeout: limitMs },
  };
}

async function openLogin(name: string, openSecret: ChannelContext['openSecret']): Promise<UserPassword> {
  const bytes = await openSecret(name);
  try {
    return requireUserPassword(name, bytes);
  } finally {
    bytes.fill(0);
  }
}

/** An alert has the same Message-ID at each attempt. */
function mailOf(
  { id, atMs, subject, text, severity }: AlertMessage,
  { from, to }: EmailConfig,
  { identity }: ChannelContext,
): SendMailOptions {
  return {
    from: { name: `rollcall ${identity.siteId}/${identity.boxId}`, address: from },
    to: to.map((address) => ({ name: '', address })),
    ...{ subject, text, date: new Date(atMs) },
    messageId: `<${id}@${from.slice(from.lastIndexOf('@') + 1)}>`,
    ...(severity === 'critical' ? { priority: 'high' } : {}),
    // RFC 3834: prevents automatic replies.
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Rollcall-Alert': id },
  };
}

/** The numbers of accepted and refused recipients. */
interface Submission {
  readonly accepted: number;
  readonly rejected: number;
}

interface MailConnection extends SMTPTransportOptions {
  readonly host: string;
  readonly port: number;
  readonly bounds: Bounds;
}

/** Sends a message over its own connection. Rejects with an error of the socket or of the mail library, or with the signal's reason. */
async function submitMail(
  { host, port, bounds, ...options }: MailConnection,
  mail: SendMailOptions,
  signal: AbortSignal,
): Promise<Submission> {
  const connection = await openSocket({ host, port, bounds }, signal);
  const transport = createTransport({
    ...options,
    ...{ host, port, name: addressLiteral(connection) },
    ...{ disableFileAccess: true, disableUrlAccess: true, logger: false },
    getSocket: (_options, done) => done(null, { connection }),
  });
  const abandon = (): void => void connection.destroy();
  signal.addEventListener('abort', abandon, { once: true });
  try {
    const { accepted, rejected } = await transport.sendMail(mail);
    return { accepted: accepted.length, rejected: rejected.length };
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener('abort', abandon);
    connection.destroy();
    transport.close();
  }
}

/** Uses the resolver of the system, because the mail library would query name servers itself and cache the answers. */
function openSocket(
  { host, port, bounds }: Pick<MailConnection, 'host' | 'port' | 'bounds'>,
  signal: AbortSignal,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal, ...connectionWithin(host, bounds) });
    socket.once('error', (error) => reject(signal.aborted ? signal.reason : error));
    socket.once('connect', () => resolve(socket));
  });
}

/** The EHLO name of a client without a host name (RFC 5321 section 4.1.3). */
function addressLiteral({ localAddress = '127.0.0.1', localFamily }: Socket): string {
  return localFamily === 'IPv6' ? `[IPv6:${localAddress}]` : `[${localAddress}]`;
}

/** The facts of an error of the mail library, where present. */
interface MailError {
  readonly code: string | undefined;
  /** Code of the reply (RFC 5321 section 4.2). */
  readonly responseCode: number | undefined;
  readonly response: string | undefined;
  readonly command: string | undefined;
}

function factsOf(error: Error): MailError {
  const text = (key: string): string | undefined => {
    const value: unknown = Reflect.get(error, key);
    return typeof value === 'string' ? value : undefined;
  };
  const responseCode: unknown = Reflect.get(error, 'responseCode');
  return {
    code: text('code'),
    responseCode: typeof responseCode === 'number' ? responseCode : undefined,
    response: text('response'),
    command: text('command'),
  };
}

/** A 5yz reply is permanent, a 4yz reply is temporary (RFC 5321 section 4.2.1). */
function explainMailFailure(error: unknown, server: string): SendOutcome {
  if (!(error instanceof Error)) throw error;
  const facts = factsOf(error);
  const { responseCode = 0, code } = facts;
  if (responseCode >= 400) {
    const refusal = explainReply(facts, server);
    // An attacker on the network can suppress STARTTLS, so its absence is not a decision of the server.
    const isFinal = responseCode >= 500 && facts.command !== 'STARTTLS';
    return isFinal ? refusedForGood(refusal) : failedForNow(refusal);
  }
  if (code === 'EAUTH') return failedForNow(failure('mail-auth-refused:no-method', { server }));
  if (code === 'ETIMEDOUT') return failedForNow(channelError('silent', server));
  return failedForNow(explainSocketError(error, server));
}

function explainReply(
  { code, command, response = '', responseCode }: MailError,
  server: string,
): RollcallError {
  const status = responseCode ?? 0;
  // The text after the number could contain the password.
  if (code === 'EAUTH') return failure('mail-auth-refused:login', { server, status });
  const details = { responseCode };
  if (command === 'STARTTLS') {
    return failure('mail-no-starttls', { server, status }, { details });
  }
  const key =
    command === 'MAIL FROM'
      ? 'mail-refused:sender'
      : command === 'RCPT TO'
        ? 'mail-refused:recipients'
        : 'mail-refused';
  return failure(key, { server, answer: asLine(response) }, { details });
}
