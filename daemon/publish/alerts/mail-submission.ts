import { connect, type Socket } from 'node:net';
import { createTransport } from 'nodemailer';
import type { SendMailOptions } from 'nodemailer/lib/mailer';
import type { SMTPTransportOptions } from 'nodemailer/lib/smtp-transport';

/** How many recipients the server took the message for, and how many it did not. */
export interface Submission {
  readonly accepted: number;
  readonly rejected: number;
}

/**
 * Hands a message to a mail server over a connection of its own. Rejects with the error of the socket or of the mail
 * library, or the signal's reason.
 */
export async function submitMail(
  { host, port, ...options }: SMTPTransportOptions & { readonly host: string; readonly port: number },
  mail: SendMailOptions,
  signal: AbortSignal,
): Promise<Submission> {
  const connection = await openSocket(host, port, signal);
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

/** By the resolver of the system: the mail library would ask name servers by itself and remember what they said. */
function openSocket(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal });
    socket.once('error', (error) => reject(signal.aborted ? signal.reason : error));
    socket.once('connect', () => resolve(socket));
  });
}

/** What a client without a name of its own says in EHLO (RFC 5321 section 4.1.3). */
function addressLiteral({ localAddress = '127.0.0.1', localFamily }: Socket): string {
  return localFamily === 'IPv6' ? `[IPv6:${localAddress}]` : `[${localAddress}]`;
}
