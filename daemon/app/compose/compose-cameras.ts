import type { Clock } from '../../base/clock.js';
import type { Lifetime } from '../../base/lifetime.js';
import type { Logger } from '../../base/logger.js';
import type { Config } from '../../config/schema.js';
import { programVersion } from '../../control/program-version.js';
import type { BoxIdentity } from '../../domain/events/box-identity.js';
import { localTimeOf } from '../../host/local-time.js';
import { systemRandom as random } from '../../host/system-random.js';
import { cameraStateDocuments } from '../../publish/camera-states.js';
import type { Companion } from '../../publish/companion.js';
import { homeAssistantCompanions } from '../../publish/home-assistant/home-assistant.js';
import { RetainedDocuments } from '../../publish/retained-documents.js';
import { inBlocks } from '../../publish/sequence-blocks.js';
import type { Signer } from '../../publish/signer.js';
import type { Topics } from '../../publish/topics.js';
import type { Records } from '../../records/open-records.js';
import { CameraEvents } from '../cameras/camera-events.js';
import { type CameraStates, type ConfiguredCamera, openCameraStates } from '../cameras/camera-states.js';
import type { PublishingPlan } from './compose-publisher.js';

export interface CameraNewsOptions {
  readonly cameras: readonly ConfiguredCamera[];
  readonly site: Config['site'];
  readonly from: BoxIdentity;
  readonly records: Records;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly lifetime: Lifetime;
  readonly logger: Logger;
}

/** What the box knows of its cameras, for those who hear of it and those who tell it. */
export interface CameraNews {
  readonly states: CameraStates;
  /** For one connection to a broker. */
  companions(topics: Topics, plan: Pick<PublishingPlan, 'homeAssistant'>): readonly Companion[];
}

/** Records what becomes of the cameras from now on, and lets it be published. */
export function openCameraNews(options: CameraNewsOptions): CameraNews {
  const { cameras, from, records, signer, clock, lifetime, logger } = options;
  const states = openCameraStates(cameras, clock);
  const events = new CameraEvents({ states, records, clock, logger });
  lifetime.defer('events of the cameras', () => events[Symbol.dispose]());
  const nextSequence = inBlocks((count) => records.takeStateSequences(count));
  const version = programVersion();
  const watched = {
    all: () => states.all(),
    onChanged: (listener: () => void) => states.onChanged(listener),
  };
  return {
    states,
    companions(topics, { homeAssistant }) {
      const common = { memory: records.retained, clock, logger };
      const about = { topics, from, signer, nextSequence };
      const told = new RetainedDocuments({
        owner: 'camera-states',
        what: 'the states of the cameras',
        wanted: () => cameraStateDocuments(states.all(), about),
        onChanged: watched.onChanged,
        ...common,
      });
      const assisted = homeAssistantCompanions({
        ...common,
        ...about,
        discoveryPrefix: homeAssistant.enabled ? homeAssistant.discoveryPrefix : undefined,
        version,
        cameras: watched,
        ...countsOfToday(options),
        random,
      });
      return [told, ...assisted];
    },
  };
}

function countsOfToday({ site, records, clock }: CameraNewsOptions) {
  const localTime = localTimeOf(site.timeZone);
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
