import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { present } from '../../../kernel/present.js';
import type { BrokerAccess } from './broker-access.js';
import { type CertificateFacts, certificateFacts } from './certificate-facts.js';

/** The result of a TLS handshake, with the certificate of the broker. */
export interface TlsFacts {
  /** `TLSv1.2` or `TLSv1.3`. */
  readonly protocol: string;
  readonly cipher: string;
  /** The protocol that the broker chose; undefined where none was offered or chosen. */
  readonly alpn: string | undefined;
  readonly certificate: CertificateFacts;
}

export const usesTls = ({ address }: Pick<BrokerAccess, 'address'>): boolean =>
  address.protocol === 'mqtts' || address.protocol === 'wss';

/**
 * All options that decide whether a broker is trusted. Certificates and their host names are always checked; no setting and no
 * environment variable turns that off.
 */
export function tlsOptions(access: BrokerAccess): ConnectionOptions {
  const { address, ca, clientCertificate, serverName, alpn } = access;
  // An address must not be sent as server name (RFC 6066 section 3); the certificate is then checked for the address.
  const name = serverName ?? (isAddress(address.host) ? undefined : address.host);
  return {
    host: address.host,
    port: address.port,
    ...present({
      servername: name,
      ca: ca && Buffer.from(ca),
      cert: clientCertificate && Buffer.from(clientCertificate.certificate),
      key: clientCertificate && viewOf(clientCertificate.key),
      ALPNProtocols: alpn && [...alpn],
    }),
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
  };
}

/** Avoids another copy of a secret. */
const viewOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export const isAddress = (host: string): boolean => /^[\d.]+$/.test(host) || host.includes(':');

/** Begins to connect. The socket emits errors as events. */
export function openBrokerSocket(access: BrokerAccess): Socket | TLSSocket {
  const { host, port } = access.address;
  return usesTls(access) ? connectTls(tlsOptions(access)) : connectTcp({ host, port });
}

/** The result of the handshake; undefined for a socket without TLS and before a trusted certificate was received. */
export function tlsFacts(socket: Socket | TLSSocket): TlsFacts | undefined {
  if (!('getPeerX509Certificate' in socket) || !socket.authorized) return undefined;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  return {
    protocol: socket.getProtocol() ?? 'unknown',
    cipher: socket.getCipher().standardName,
    alpn: socket.alpnProtocol || undefined,
    certificate: certificateFacts(certificate),
  };
}
