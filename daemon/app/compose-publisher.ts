import { readFile } from 'node:fs/promises';
import { badInput, messageOf } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { Config, MqttConfig } from '../config/schema.js';
import type { BoxIdentity } from '../domain/event-payload.js';
import { systemClock as clock } from '../host/system-clock.js';
import { systemRandom as random } from '../host/system-random.js';
import { brokerAddress } from '../publish/broker-address.js';
import type { BrokerAccess } from '../publish/broker-connection.js';
import { type Publisher, startPublisher } from '../publish/publisher.js';
import { topicsOf } from '../publish/topics.js';
import type { Records } from '../records/open-records.js';
import { openUserPassword } from './vision-plan.js';

/** Starts bringing events to the configured broker; undefined where none is configured. */
export async function startPublishing(options: {
  readonly config: Config;
  readonly identity: BoxIdentity;
  readonly records: Records;
  readonly logger: Logger;
}): Promise<Publisher | undefined> {
  const { config, identity, records, logger } = options;
  const { mqtt } = config;
  if (mqtt === undefined) {
    logger.warn('no broker is configured: events are recorded and not published');
    return undefined;
  }
  return startPublisher({
    broker: await brokerAccess(mqtt, config.secretsDir, identity),
    topics: topicsOf(mqtt.topicPrefix, identity),
    from: identity,
    outbox: records.outbox,
    onRecorded: (listener) => records.onRecorded(listener),
    nextStateSequence: () => records.nextStateSequence(),
    clock,
    random,
    logger,
  });
}

async function brokerAccess(
  mqtt: MqttConfig,
  secretsDirectory: string,
  { siteId, boxId }: BoxIdentity,
): Promise<BrokerAccess> {
  const address = brokerAddress(mqtt.url);
  const clientId = mqtt.clientId ?? `rollcall-${siteId}-${boxId}`;
  const login =
    mqtt.credential === undefined ? undefined : await openUserPassword(mqtt.credential, secretsDirectory);
  return {
    address,
    clientId,
    ...(login === undefined
      ? {}
      : { credential: { user: login.user, password: Buffer.from(login.password) } }),
    ...(mqtt.caFile === undefined ? {} : { ca: await readCertificates(mqtt.caFile) }),
  };
}

async function readCertificates(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw badInput('ca-unreadable', `mqtt.caFile cannot be read: ${messageOf(error)}`, {
      cause: error,
      remedy: 'name a PEM file that the user of rollcalld may read',
    });
  }
}
