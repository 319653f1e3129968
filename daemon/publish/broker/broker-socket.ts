import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import type { BrokerAccess } from './broker-access.js';
import { type CertificateFacts, certificateFacts } from './certificate-facts.js';

/** What a TLS handshake agreed on, and what the broker showed in it. */
export interface TlsFacts {
  /** `TLSv1.2` or `TLSv1.3`. */
  readonly protocol: string;
  readonly cipher: string;
  /** What the broker chose of what was offered; undefined where nothing was offered, or it chose nothing. */
  readonly alpn: string | undefined;
  readonly certificate: CertificateFacts;
}

export const usesTls = ({ address }: Pick<BrokerAccess, 'address'>): boolean =>
  address.protocol === 'mqtts' || address.protocol === 'wss';

/**
 * Everything that decides whether a broker is trusted. Certificates are always checked, and so is that they are made for
 * the host; nothing in the configuration or the environment turns that off.
 */
export function tlsOptions(access: BrokerAccess): ConnectionOptions {
  const { address, ca, clientCertificate, serverName, alpn } = access;
  // An address is no server name (RFC 6066 section 3); the certificate is then checked for the address.
  const name = serverName ?? (isAddress(address.host) ? undefined : address.host);
  return {
    host: address.host,
    port: address.port,
    ...(name === undefined ? {} : { servername: name }),
    ...(ca === undefined ? {} : { ca: Buffer.from(ca) }),
    ...(clientCertificate === undefined
      ? {}
      : { cert: Buffer.from(clientCertificate.certificate), key: viewOf(clientCertificate.key) }),
    ...(alpn === undefined ? {} : { ALPNProtocols: [...alpn] }),
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
  };
}

/** The same bytes, not another copy of a secret. */
const viewOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export const isAddress = (host: string): boolean => /^[\d.]+$/.test(host) || host.includes(':');

/** Begins to connect; errors are events of the socket. */
export function openBrokerSocket(access: BrokerAccess): Socket | TLSSocket {
  const { host, port } = access.address;
  return usesTls(access) ? connectTls(tlsOptions(access)) : connectTcp({ host, port });
}

/** What was agreed on; undefined for a socket without TLS, and before the broker has shown a certificate that is trusted. */
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
