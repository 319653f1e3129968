import { readFile } from 'node:fs/promises';
import { badInput, messageOf } from '../base/errors.js';
import type { MqttConfig } from '../config/schema.js';
import type { BoxIdentity } from '../domain/event-payload.js';
import { type CredentialPlaces, openCredential } from '../host/credentials.js';
import { openUserPassword } from '../host/user-password-secret.js';
import { brokerAddress } from './broker-address.js';
import type { BrokerAccess } from './broker-connection.js';
import { type ClientCertificate, parseClientCertificate } from './client-certificate.js';

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
    ...(caFile === undefined ? {} : { ca: await readAuthorities(caFile) }),
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

async function readAuthorities(path: string): Promise<Buffer> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw badInput('ca-unreadable', `mqtt.caFile cannot be read: ${messageOf(error)}`, {
      cause: error,
      remedy: 'name a PEM file that the user of rollcalld may read',
    });
  }
  // Without one, nobody at all would be trusted, and the broker would be blamed.
  if (bytes.includes('-----BEGIN CERTIFICATE-----')) return bytes;
  throw badInput('ca-form', `mqtt.caFile holds no certificate: ${path}`, {
    remedy: 'name a file with the PEM certificate of the authority that signed that of the broker',
  });
}
