import type { Logger } from '../base/logger.js';
import type { Config } from '../config/schema.js';
import type { BoxIdentity } from '../domain/event-payload.js';
import { systemClock as clock } from '../host/system-clock.js';
import { systemRandom as random } from '../host/system-random.js';
import { type BrokerAccess, openBrokerAccess } from '../publish/broker-access.js';
import { type Publisher, type PublisherOptions, startPublisher } from '../publish/publisher.js';
import { topicsOf } from '../publish/topics.js';
import type { Records } from '../records/open-records.js';

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
  const places = { secretsDirectory: secretsDir };
  return { broker: await openBrokerAccess(mqtt, places, identity), topicPrefix: mqtt.topicPrefix };
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
