import type { Logger } from '../../base/logger.js';
import type { Config } from '../../config/schema.js';
import type { BoxIdentity } from '../../domain/events/box-identity.js';
import { systemClock as clock } from '../../host/system-clock.js';
import { systemRandom as random } from '../../host/system-random.js';
import { type BrokerAccess, openBrokerAccess } from '../../publish/broker/broker-access.js';
import { type CommandTaker, commandInbox } from '../../publish/commands/command-inbox.js';
import type { Companion } from '../../publish/companion.js';
import type { ConditionPort } from '../../publish/condition-port.js';
import { formerStateTopic } from '../../publish/former-state-topic.js';
import type { PictureOf } from '../../publish/outgoing.js';
import { type Publisher, startPublisher } from '../../publish/publisher.js';
import type { PublisherOptions } from '../../publish/publisher-options.js';
import { RefusedKinds } from '../../publish/refused-kinds.js';
import type { Signer } from '../../publish/signer.js';
import { type Topics, topicsOf } from '../../publish/topics.js';
import type { Records } from '../../records/open-records.js';
import { checkPicturePlan, type PicturePlan } from '../events/evidence-pictures.js';

/** A broker and all that is needed to publish to it; two that are alike publish alike. */
export interface PublishingPlan {
  readonly broker: BrokerAccess;
  readonly topicPrefix: string;
  readonly homeAssistant: Config['homeAssistant'];
  /** Who has to confirm an event. */
  readonly acknowledgement: 'broker' | 'centre';
  /** Whether names of persons leave the box. */
  readonly personNames: boolean;
  readonly pictures: PicturePlan | undefined;
}

/** What of the rest of the box publishing meets. */
export interface PublishingParts {
  readonly identity: BoxIdentity;
  readonly records: Records;
  /** What the box says of itself. */
  readonly state: PublisherOptions['state'];
  /** Asked anew for each connection. */
  readonly signer: () => Signer;
  /** Those with messages of their own. */
  readonly companions: (topics: Topics, plan: PublishingPlan) => readonly Companion[];
  /** Where the publisher says what it finds to be the matter. */
  readonly conditions: ConditionPort;
  /** Takes the commands of centres. */
  readonly commands: CommandTaker;
  /** Names of persons, used where the configuration lets them leave the box. */
  readonly nameOf: NonNullable<PublisherOptions['nameOf']>;
  /** Pictures that go with events, used where the configuration lets them. */
  readonly pictureOf: (plan: PicturePlan) => PictureOf;
  readonly logger: Logger;
}

/** Reads the secrets that publishing needs; undefined where no broker is configured. Throws what is wrong with them. */
export async function planPublishing(
  { mqtt, homeAssistant, secretsDir }: Config,
  identity: BoxIdentity,
): Promise<PublishingPlan | undefined> {
  if (mqtt === undefined) return undefined;
  const places = { secretsDirectory: secretsDir };
  const broker = await openBrokerAccess(mqtt, places, identity);
  const { topicPrefix, acknowledgement, personNames, evidence: pictures } = mqtt;
  checkPicturePlan(pictures);
  return { broker, topicPrefix, homeAssistant, acknowledgement, personNames, pictures };
}

/** Starts bringing events to the planned broker; undefined where there is none. */
export function startPublishing(
  plan: PublishingPlan | undefined,
  parts: PublishingParts,
): Publisher | undefined {
  const { identity, records, state, signer, companions, conditions, commands, logger } = parts;
  if (plan === undefined) {
    logger.warn('no broker is configured: events are recorded and not published');
    return undefined;
  }
  const topics = topicsOf(plan.topicPrefix, identity);
  const refused = new RefusedKinds(conditions, clock);
  const inbox = commandInbox({ topics, desk: commands, refused, logger });
  const former = formerStateTopic(topics.state, { memory: records.retained, clock, logger });
  return startPublisher({
    broker: plan.broker,
    topics,
    companions: [inbox, former, ...companions(topics, plan)],
    inbox,
    conditions,
    refused,
    from: identity,
    outbox: plan.acknowledgement === 'centre' ? records.outbox.forCentre : records.outbox,
    onRecorded: (listener) => records.onRecorded(listener),
    takeStateSequences: (count) => records.takeStateSequences(count),
    state,
    signer,
    ...(plan.personNames ? { nameOf: parts.nameOf } : {}),
    ...(plan.pictures === undefined ? {} : { pictureOf: parts.pictureOf(plan.pictures) }),
    clock,
    random,
    logger,
  });
}
