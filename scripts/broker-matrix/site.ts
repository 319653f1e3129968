import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { IClientOptions } from 'mqtt';
import type { RecordStores } from '../../daemon/core/compose/record-stores.js';
import type { BrokerAccess } from '../../daemon/core/delivery/broker/broker-access.js';
import { brokerAddress } from '../../daemon/core/delivery/broker/broker-address.js';
import { parseClientCertificate } from '../../daemon/core/delivery/broker/client-certificate.js';
import type { Publisher } from '../../daemon/core/delivery/publisher.js';
import { topicsOf } from '../../daemon/core/delivery/topics.js';
import { makeAuthority } from '../../test/support/certificate-authority.js';
import { type EventSubscriber, subscribeToEvents } from '../../test/support/event-subscriber.js';
import {
  openTestRecords,
  startTestPublisher,
  type TestPublisherOptions,
  temporaryFolder,
} from '../../test/support/published-box.js';
import type { TestCertificate } from '../../test/support/test-certificate.js';

/** The names in the examples of `config/`. */
export const from = { siteId: 'plant-1', boxId: 'box-1' } as const;
export const topics = topicsOf('rollcall', from);
/** Topics that a centre needs, with the wildcards of docs/reference/events.md. */
export const everything = ['rollcall/#'];

/** Certificates of the broker and of all that connect to it. */
export function makeCertificates() {
  using authority = makeAuthority('Attendance authority');
  using other = makeAuthority('Another authority');
  const client = (commonName: string) => authority.issue({ commonName });
  return {
    authority: authority.certificate,
    otherAuthority: other.certificate,
    broker: authority.issue({ commonName: 'localhost', hosts: ['DNS:localhost', 'IP:127.0.0.1'] }),
    box: client('box-1'),
    centre: client('centre'),
    /** Trusted by the broker, and unknown to its rules. */
    unknown: client('box-2'),
    /** Of an authority that the broker does not trust. */
    untrusted: other.issue({ commonName: 'box-1' }),
  };
}

export type Certificates = ReturnType<typeof makeCertificates>;

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What a box needs to connect to the port. Without a certificate where `client` is undefined. */
export function accessOf(
  port: number,
  { authority }: Certificates,
  client: TestCertificate | undefined,
): BrokerAccess {
  const shown = client && {
    clientCertificate: parseClientCertificate('box', Buffer.from(client.certificate + client.key)),
  };
  return {
    address: brokerAddress(`mqtts://localhost:${port}`),
    clientId: 'rollcall-plant-1-box-1',
    ca: bytes(authority),
    ...shown,
  };
}

/** Options of the centre's clients. RabbitMQ names the queue of a client after its id, which its rules then allow. */
export const centreOptions = ({ authority, centre }: Certificates): IClientOptions => ({
  clientId: `centre-${randomUUID()}`,
  ca: Buffer.from(authority),
  cert: centre.certificate,
  key: centre.key,
});

export const subscribeAsCentre = (
  port: number,
  certificates: Certificates,
  options: IClientOptions = {},
  filters: readonly string[] = everything,
): Promise<EventSubscriber> =>
  subscribeToEvents(`mqtts://localhost:${port}`, { ...centreOptions(certificates), ...options }, filters);

/** The records of a box. */
export async function withRecords<T>(use: (records: RecordStores) => Promise<T>): Promise<T> {
  using folder = temporaryFolder();
  await using records = openTestRecords(join(folder.path, 'records.db'), from);
  return await use(records);
}

/** The publisher of the box, as in the daemon. */
export function startBox(
  port: number,
  certificates: Certificates,
  options: Omit<TestPublisherOptions, 'url' | 'from'>,
): Publisher {
  const { address: _, ...access } = accessOf(port, certificates, certificates.box);
  return startTestPublisher({ url: `mqtts://localhost:${port}`, from, ...access, ...options });
}
