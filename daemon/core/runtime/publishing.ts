import type { Config } from '../../contract/settings/schema.js';
import { systemClock as clock } from '../../host/system-clock.js';
import { systemRandom as random } from '../../host/system-random.js';
import type { BoxIds } from '../../kernel/ids.js';
import type { Logger } from '../../kernel/logger.js';
import { present } from '../../kernel/present.js';
import { commandInbox } from '../commands/command-inbox.js';
import type { CommandReceiver } from '../commands/command-receiver.js';
import type { Conditions } from '../conditions/conditions.js';
import { type BrokerAccess, openBrokerAccess } from '../delivery/broker/broker-access.js';
import { BrokerRefusals } from '../delivery/broker-refusals.js';
import type { ConditionPort } from '../delivery/condition-port.js';
import type { ConnectionTask } from '../delivery/connection-task.js';
import { type Publisher, startPublisher } from '../delivery/publisher.js';
import type { PublisherOptions } from '../delivery/publisher-options.js';
import { clearFormerState } from '../delivery/retained-documents.js';
import type { PictureOf } from '../delivery/sender.js';
import type { Signer } from '../delivery/signer.js';
import { type Topics, topicsOf } from '../delivery/topics.js';
import { checkPicturePlan, type PicturePlan } from '../events/evidence-pictures.js';
import type { GalleryVault } from '../gallery/gallery-vault.js';
import type { Records } from '../records/records.js';

/**
 * The broker, and everything in the configuration that decides how the box publishes. A reload restarts publishing only if the
 * plan changed.
 */
export interface PublishingPlan {
  readonly broker: BrokerAccess;
  readonly topicPrefix: string;
  readonly homeAssistant: Config['homeAssistant'];
  /** Who confirms that an event has arrived. */
  readonly acknowledgement: 'broker' | 'centre';
  /** Whether names of persons leave the box. */
  readonly personNames: boolean;
  readonly pictures: PicturePlan | undefined;
}

export interface PublishingOptions {
  readonly identity: BoxIds;
  readonly records: Pick<Records, 'retained' | 'outbox' | 'onRecorded' | 'takeStateSequences'>;
  /** What the state topic says. */
  readonly state: PublisherOptions['state'];
  /** Gives the signer in use. It is called at the start of each connection. */
  readonly signer: () => Signer;
  /** What each connection does besides sending events. */
  readonly connectionTasks: (topics: Topics, plan: PublishingPlan) => readonly ConnectionTask[];
  /** Receives the conditions that the publisher finds. */
  readonly conditions: ConditionPort;
  readonly commands: Pick<CommandReceiver, 'receive'>;
  /** Used only when the configuration lets names leave the box. */
  readonly nameOf: NonNullable<PublisherOptions['nameOf']>;
  /** Used only when the configuration lets pictures leave the box. */
  readonly pictureOf: (plan: PicturePlan) => PictureOf;
  readonly onDelivered: NonNullable<PublisherOptions['onDelivered']>;
  readonly logger: Logger;
}

/** Reads the secrets for publishing. Undefined when no broker is configured. Throws when a secret is unusable. */
export async function planPublishing(
  { mqtt, homeAssistant, secretsDir }: Config,
  identity: BoxIds,
): Promise<PublishingPlan | undefined> {
  if (mqtt === undefined) return undefined;
  const places = { secretsDirectory: secretsDir };
  const broker = await openBrokerAccess(mqtt, places, identity);
  const { topicPrefix, acknowledgement, personNames, evidence: pictures } = mqtt;
  checkPicturePlan(pictures);
  return { broker, topicPrefix, homeAssistant, acknowledgement, personNames, pictures };
}

/** Starts to send events to the broker. Undefined when no broker is configured. */
export function startPublishing(
  plan: PublishingPlan | undefined,
  options: PublishingOptions,
): Publisher | undefined {
  const { identity, records, state, signer, connectionTasks, conditions, commands, logger } = options;
  if (plan === undefined) {
    logger.warn('no broker is configured; events are recorded but not published');
    return undefined;
  }
  const topics = topicsOf(plan.topicPrefix, identity);
  const refusals = new BrokerRefusals(conditions, clock);
  const inbox = commandInbox({ topics, receiver: commands, refusals, logger });
  const clearing = clearFormerState(topics.state, { memory: records.retained, clock, logger });
  return startPublisher({
    broker: plan.broker,
    topics,
    connectionTasks: [inbox, clearing, ...connectionTasks(topics, plan)],
    inbox,
    conditions,
    refusals,
    from: identity,
    outbox: plan.acknowledgement === 'centre' ? records.outbox.forCentre : records.outbox,
    onRecorded: (listener) => records.onRecorded(listener),
    takeStateSequences: (count) => records.takeStateSequences(count),
    state,
    signer,
    onDelivered: options.onDelivered,
    ...present({
      nameOf: plan.personNames ? options.nameOf : undefined,
      pictureOf: plan.pictures && options.pictureOf(plan.pictures),
    }),
    clock,
    random,
    logger,
  });
}

/** What the box publishes on its state topic. */
export function boxState(
  vault: GalleryVault,
  conditions: Conditions,
  passages: PublisherOptions['state']['passages'],
): PublisherOptions['state'] {
  return {
    passages,
    current() {
      const about = conditions.about();
      return {
        gallery: vault.open === undefined ? 'sealed' : 'open',
        conditions: [...conditions.current()],
        ...(Object.keys(about).length === 0 ? {} : { about }),
      };
    },
    onChanged(listener) {
      const stops = [vault.onChanged(listener), conditions.onChanged(listener)];
      return () => stops.forEach((stop) => void stop());
    },
  };
}
