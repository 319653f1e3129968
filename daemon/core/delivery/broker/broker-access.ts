import type { MqttConfig } from '../../../contract/settings/schema.js';
import { readAuthorities } from '../../../host/certificate-authorities.js';
import { type CredentialPlaces, openCredential } from '../../../host/credentials.js';
import { openUserPassword } from '../../../host/user-password-secret.js';
import type { BoxIds } from '../../../kernel/ids.js';
import { present } from '../../../kernel/present.js';
import { type BrokerAddress, brokerAddress } from './broker-address.js';
import { type ClientCertificate, parseClientCertificate } from './client-certificate.js';

/** Everything that a connection to the broker needs, including secrets. */
export interface BrokerAccess {
  readonly address: BrokerAddress;
  /** Stays the same over restarts, so that a new connection makes the broker end an older one of this box. */
  readonly clientId: string;
  readonly credential?: { readonly user: string; readonly password: Uint8Array };
  /** PEM certificates of the trusted authorities; absent: those of the system. */
  readonly ca?: Uint8Array;
  readonly clientCertificate?: ClientCertificate;
  /** The name that the certificate of the broker must contain; absent: the host of `address`. */
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
  { siteId, boxId }: BoxIds,
): Promise<BrokerAccess> {
  const { credential, caFile, clientCertificate, serverName, alpn } = mqtt;
  const login = credential === undefined ? undefined : await openUserPassword(credential, places);
  const ca = caFile === undefined ? undefined : await readAuthorities(caFile, 'mqtt.caFile');
  const certificate =
    clientCertificate === undefined ? undefined : await openClientCertificate(clientCertificate, places);
  return {
    address: brokerAddress(mqtt.url),
    clientId: mqtt.clientId ?? `rollcall-${siteId}-${boxId}`,
    ...present({
      credential: login && { user: login.user, password: Buffer.from(login.password) },
      ...{ ca, clientCertificate: certificate, serverName, alpn },
    }),
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
