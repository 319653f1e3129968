import { localTimeOf } from '../../host/local-time.js';
import type { LocalTime } from '../../kernel/attendance/shift.js';
import type { Clock } from '../../kernel/clock.js';
import type { BoxIds } from '../../kernel/ids.js';
import { programVersion } from '../api/program-version.js';
import { CameraEvents } from '../cameras/camera-events.js';
import { type CameraStates, openCameraStates } from '../cameras/camera-states.js';
import { cameraStateDocuments } from '../delivery/camera-documents.js';
import type { ConnectionTask } from '../delivery/connection-task.js';
import { RetainedDocuments } from '../delivery/retained-documents.js';
import { inBlocks } from '../delivery/sequence-blocks.js';
import type { Signer } from '../delivery/signer.js';
import type { Topics } from '../delivery/topics.js';
import { homeAssistantTasks } from '../home-assistant/home-assistant.js';
import type { PartContext } from '../part-context.js';
import type { Records } from '../records/records.js';
import type { PublishingPlan } from './publishing.js';

export interface CameraReportingOptions extends PartContext {
  readonly identity: BoxIds;
  readonly records: Records;
  readonly signer: Signer;
}

/** The states of the cameras, and the tasks that publish them over each connection. */
export interface CameraReporting {
  readonly states: CameraStates;
  connectionTasks(topics: Topics, plan: Pick<PublishingPlan, 'homeAssistant'>): readonly ConnectionTask[];
}

/** Opens the states of the cameras and starts to record an event for each change that matters. */
export function openCameraReporting(options: CameraReportingOptions): CameraReporting {
  const { identity: from, records, signer, current, lifetime, clock, random, logger } = options;
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
        ...countsOfToday(records, localTimeOf(site.timeZone), clock),
        random,
      });
      return [stateDocuments, ...forHomeAssistant];
    },
  };
}

/** The number of events about strangers (`unknown`) today, by the clock of the site. */
function countsOfToday(records: Records, localTime: LocalTime, clock: Pick<Clock, 'wallMs'>) {
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
