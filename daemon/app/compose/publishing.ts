import type { Config } from '../../contract/settings/schema.js';
import { programVersion } from '../../control/program-version.js';
import { localTimeOf } from '../../host/local-time.js';
import { systemClock as clock } from '../../host/system-clock.js';
import { systemRandom as random } from '../../host/system-random.js';
import type { LocalTime } from '../../kernel/attendance/shift.js';
import type { BoxIds } from '../../kernel/events/box-ids.js';
import type { Logger } from '../../kernel/logger.js';
import { present } from '../../kernel/present.js';
import { type BrokerAccess, openBrokerAccess } from '../../publish/broker/broker-access.js';
import { BrokerRefusals } from '../../publish/broker-refusals.js';
import { cameraStateDocuments } from '../../publish/camera-states.js';
import { commandInbox } from '../../publish/commands/command-inbox.js';
import type { CommandReceiver } from '../../publish/commands/command-receiver.js';
import type { ConditionPort } from '../../publish/condition-port.js';
import type { ConnectionTask } from '../../publish/connection-task.js';
import { homeAssistantTasks } from '../../publish/home-assistant/home-assistant.js';
import { type Publisher, startPublisher } from '../../publish/publisher.js';
import type { PublisherOptions } from '../../publish/publisher-options.js';
import { clearFormerState, RetainedDocuments } from '../../publish/retained-documents.js';
import type { PictureOf } from '../../publish/sender.js';
import { inBlocks } from '../../publish/sequence-blocks.js';
import type { Signer } from '../../publish/signer.js';
import { type Topics, topicsOf } from '../../publish/topics.js';
import type { Records } from '../../records/open-records.js';
import { CameraEvents } from '../cameras/camera-events.js';
import { type CameraStates, openCameraStates } from '../cameras/camera-states.js';
import type { BoxConditions } from '../conditions/box-conditions.js';
import { checkPicturePlan, type PicturePlan } from '../events/evidence-pictures.js';
import type { GalleryVault } from '../gallery/gallery-vault.js';
import type { BoxContext, Stores } from './stores.js';

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
  readonly records: Records;
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

export interface CameraReportingOptions extends BoxContext {
  readonly stores: Stores;
  readonly signer: Signer;
}

/** The states of the cameras, and the tasks that publish them over each connection. */
export interface CameraReporting {
  readonly states: CameraStates;
  connectionTasks(topics: Topics, plan: Pick<PublishingPlan, 'homeAssistant'>): readonly ConnectionTask[];
}

/** Opens the states of the cameras and starts to record an event for each change that matters. */
export function openCameraReporting(options: CameraReportingOptions): CameraReporting {
  const { current, stores, signer, lifetime, logger } = options;
  const { identity: from, records } = stores;
  const { cameras, site } = current();
  const states = openCameraStates(cameras, clock);
  const events = new CameraEvents({ states, records, clock, logger });
  lifetime.defer('events of the cameras', () => events[Symbol.dispose]());
  const nextSequence = inBlocks((count) => records.takeStateSequences(count));
  const onChanged = (listener: () => void) => states.onChanged(listener);
  return {
    states,
    connectionTasks(topics, { homeAssistant }) {
      const common = { memory: records.retained, clock, logger };
      const about = { topics, from, signer, nextSequence };
      const stateDocuments = new RetainedDocuments({
        owner: 'camera-states',
        what: 'the states of the cameras',
        wanted: () => cameraStateDocuments(states.all(), about),
        onChanged,
        ...common,
      });
      const forHomeAssistant = homeAssistantTasks({
        ...common,
        ...about,
        discoveryPrefix: homeAssistant.enabled ? homeAssistant.discoveryPrefix : undefined,
        version: programVersion(),
        cameras: { all: () => states.all(), onChanged },
        ...countsOfToday(records, localTimeOf(site.timeZone)),
        random,
      });
      return [stateDocuments, ...forHomeAssistant];
    },
  };
}

/** The number of events about strangers (`unknown`) today, by the clock of the site. */
function countsOfToday(records: Records, localTime: LocalTime) {
  return {
    today: () => {
      const { date } = localTime.at(clock.wallMs());
      return { date, unknown: records.countUnknown(localTime.instantOf(date, 0)) };
    },
    onUnknown: (listener: () => void) =>
      records.onRecorded(({ kind }) => {
        if (kind === 'unknown') listener();
      }),
  };
}

/** What the box publishes on its state topic. */
export function boxState(
  vault: GalleryVault,
  conditions: BoxConditions,
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
