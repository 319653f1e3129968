import { readFile } from 'node:fs/promises';
import { badInput, messageOf } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { Config, MqttConfig } from '../config/schema.js';
import type { BoxIdentity } from '../domain/event-payload.js';
import { systemClock as clock } from '../host/system-clock.js';
import { systemRandom as random } from '../host/system-random.js';
import { brokerAddress } from '../publish/broker-address.js';
import type { BrokerAccess } from '../publish/broker-connection.js';
import { type Publisher, type PublisherOptions, startPublisher } from '../publish/publisher.js';
import { topicsOf } from '../publish/topics.js';
import type { Records } from '../records/open-records.js';
import { openUserPassword } from './vision-plan.js';

/** A broker and all that is needed to publish to it; two that are alike publish alike. */
export interface PublishingPlan {
  readonly broker: BrokerAccess;
  readonly topicPrefix: string;
}

/** Reads the secrets that publishing needs; undefined where no broker is configured. Throws what is wrong with them. */
export async function planPublishing(
  { mqtt, secretsDir }: Config,
  identity: BoxIdentity,
): Promise<PublishingPlan | undefined> {
  if (mqtt === undefined) return undefined;
  return { broker: await brokerAccess(mqtt, secretsDir, identity), topicPrefix: mqtt.topicPrefix };
}

/** Starts bringing events to the planned broker; undefined where there is none. */
export function startPublishing(
  plan: PublishingPlan | undefined,
  parts: {
    readonly identity: BoxIdentity;
    readonly records: Records;
    readonly gallery: PublisherOptions['gallery'];
    readonly logger: Logger;
  },
): Publisher | undefined {
  const { identity, records, gallery, logger } = parts;
  if (plan === undefined) {
    logger.warn('no broker is configured: events are recorded and not published');
    return undefined;
  }
  return startPublisher({
    broker: plan.broker,
    topics: topicsOf(plan.topicPrefix, identity),
    from: identity,
    outbox: records.outbox,
    onRecorded: (listener) => records.onRecorded(listener),
    takeStateSequences: (count) => records.takeStateSequences(count),
    gallery,
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
