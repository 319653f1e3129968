import type { MqttConfig } from '../../config/schema.js';
import type { BoxIdentity } from '../../domain/events/box-identity.js';
import { readAuthorities } from '../../host/certificate-authorities.js';
import { type CredentialPlaces, openCredential } from '../../host/credentials.js';
import { openUserPassword } from '../../host/user-password-secret.js';
import { type BrokerAddress, brokerAddress } from './broker-address.js';
import { type ClientCertificate, parseClientCertificate } from './client-certificate.js';

/** What it takes to connect to a broker, secrets included. */
export interface BrokerAccess {
  readonly address: BrokerAddress;
  /** The same over restarts, so that the broker ends an older connection of this box when a new one comes. */
  readonly clientId: string;
  readonly credential?: { readonly user: string; readonly password: Uint8Array };
  /** PEM certificates the broker is trusted by; absent: those of the system. */
  readonly ca?: Uint8Array;
  readonly clientCertificate?: ClientCertificate;
  /** The name that the broker's certificate must be for; absent: the host of `address`. */
  readonly serverName?: string;
  /** Application protocols to offer in the handshake, the preferred one first. */
  readonly alpn?: readonly string[];
}

/**
 * Reads the files and secrets that a connection to the configured broker needs.
 * @throws what `openCredential`, `openUserPassword` and `parseClientCertificate` throw, `ca-unreadable`, `broker-url`
 */
export async function openBrokerAccess(
  mqtt: MqttConfig,
  places: CredentialPlaces,
  { siteId, boxId }: BoxIdentity,
): Promise<BrokerAccess> {
  const { credential, caFile, clientCertificate, serverName, alpn } = mqtt;
  const login = credential === undefined ? undefined : await openUserPassword(credential, places);
  return {
    address: brokerAddress(mqtt.url),
    clientId: mqtt.clientId ?? `rollcall-${siteId}-${boxId}`,
    ...(login === undefined
      ? {}
      : { credential: { user: login.user, password: Buffer.from(login.password) } }),
    ...(caFile === undefined ? {} : { ca: await readAuthorities(caFile, 'mqtt.caFile') }),
    ...(clientCertificate === undefined
      ? {}
      : { clientCertificate: await openClientCertificate(clientCertificate, places) }),
    ...(serverName === undefined ? {} : { serverName }),
    ...(alpn === undefined ? {} : { alpn }),
  };
}

/** Reads the secret of `mqtt.clientCertificate`. Throws what `openCredential` throws, or `client-certificate-form`. */
export async function openClientCertificate(
  name: string,
  places: CredentialPlaces,
): Promise<ClientCertificate> {
  const text = await openCredential(name, places);
  try {
    return parseClientCertificate(name, text);
  } finally {
    text.fill(0);
  }
}
