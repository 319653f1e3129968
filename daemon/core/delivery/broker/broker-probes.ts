import { type LookupAddress, lookup } from 'node:dns';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { isRollcallError } from '../../../kernel/errors.js';
import type { BrokerAccess } from './broker-access.js';
import { connectBroker } from './broker-connection.js';
import { isAddress, openBrokerSocket, type TlsFacts, tlsFacts, tlsOptions } from './broker-socket.js';
import { type CertificateFacts, certificateFacts } from './certificate-facts.js';

/** The other side accepted the connection but sent nothing in time. */
export class Silence extends Error {}

/** The addresses of a name, or the address itself. Rejects with the error of the resolver. */
export async function resolveHost(host: string): Promise<readonly string[]> {
  if (isAddress(host)) return [host];
  const found = await new Promise<readonly LookupAddress[]>((resolve, reject) => {
    lookup(host, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)));
  });
  return found.map(({ address }) => address);
}

/** Opens a TCP connection and closes it again; resolves with the address that answered. */
export function reachPort({ address: { host, port } }: BrokerAccess, timeoutMs: number): Promise<string> {
  const socket = connectTcp({ host, port });
  return outcomeOf(socket, 'connect', timeoutMs, () => `${socket.remoteAddress} port ${port}`);
}

/** Makes a TLS handshake like the daemon and closes the connection. Rejects with the error of the socket. */
export function shakeHands(access: BrokerAccess, timeoutMs: number): Promise<TlsFacts | undefined> {
  const socket = openBrokerSocket(access);
  return outcomeOf(socket, 'secureConnect', timeoutMs, () => tlsFacts(socket));
}

/**
 * The certificate of a broker that is not trusted, for the explanation; undefined where it shows none. This is the only connection
 * without a check of the certificate: the box sends no data over it and does not identify itself.
 */
export async function untrustedCertificate(
  access: BrokerAccess,
  timeoutMs: number,
): Promise<CertificateFacts | undefined> {
  const { clientCertificate: _notShown, ...anonymous } = access;
  const socket = connectTls({ ...tlsOptions(anonymous), rejectUnauthorized: false });
  try {
    return await outcomeOf(socket, 'secureConnect', timeoutMs, () => {
      const certificate = socket.getPeerX509Certificate();
      return certificate && certificateFacts(certificate);
    });
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}

/**
 * The error with which a broker refuses this box in TLS 1.2, where the handshake ends only after the broker has checked the client.
 * In TLS 1.3 the refusal comes later and can be lost with the connection. Undefined where the broker does not refuse.
 */
export async function refusalInHandshake(access: BrokerAccess, timeoutMs: number): Promise<unknown> {
  const socket = connectTls({ ...tlsOptions(access), maxVersion: 'TLSv1.2' });
  try {
    await outcomeOf(socket, 'secureConnect', timeoutMs, () => undefined);
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Whether an MQTT broker without TLS listens on the port. Sends neither user, password nor certificate. */
export async function speaksPlainMqtt({ address }: BrokerAccess, timeoutMs: number): Promise<boolean> {
  try {
    const connection = await connectBroker({
      address: { ...address, protocol: 'mqtt', path: '' },
      clientId: '',
      version: 4,
      connectTimeoutMs: timeoutMs,
      keepaliveS: 0,
      signal: AbortSignal.timeout(timeoutMs),
    });
    connection.abort();
    return true;
  } catch (error) {
    // Only an MQTT broker refuses with these codes.
    const refusals = ['broker-auth-refused', 'broker-not-authorised', 'broker-client-id-refused'];
    return refusals.some((code) => isRollcallError(error, code));
  }
}

async function outcomeOf<T>(
  socket: Socket | TLSSocket,
  event: 'connect' | 'secureConnect',
  timeoutMs: number,
  read: () => T,
): Promise<T> {
  try {
    return await new Promise<T>((resolve, reject) => {
      socket.setTimeout(timeoutMs, () => reject(new Silence('no answer in time')));
      socket.once(event, () => resolve(read()));
      socket.once('error', reject);
      socket.once('close', () =>
        reject(Object.assign(new Error('the connection ended'), { code: 'ECONNRESET' })),
      );
    });
  } finally {
    // Destroyed sockets can still emit errors.
    socket.on('error', () => undefined);
    socket.destroy();
  }
}
