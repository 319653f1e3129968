import type { CameraState } from '../../daemon/contract/vision/vision-reports.js';
import { CameraStates, type ConfiguredCamera } from '../../daemon/core/cameras/camera-states.js';
import type { RecordStores } from '../../daemon/core/compose/record-stores.js';
import { cameraStateDocuments } from '../../daemon/core/delivery/camera-documents.js';
import type { ConnectionTask } from '../../daemon/core/delivery/connection-task.js';
import { RetainedDocuments } from '../../daemon/core/delivery/retained-documents.js';
import { inBlocks } from '../../daemon/core/delivery/sequence-blocks.js';
import { topicsOf } from '../../daemon/core/delivery/topics.js';
import {
  type HomeAssistantOptions,
  homeAssistantTasks,
} from '../../daemon/core/home-assistant/home-assistant.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { systemRandom } from '../../daemon/host/system-random.js';
import type { BoxIds } from '../../daemon/kernel/ids.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { box, unsignedSigner } from './published-box.js';

export const streamingCamera: CameraState = {
  state: 'streaming',
  stream: { codec: 'h264', widthPx: 640, heightPx: 360, fps: 15, decoder: 'software' },
};

export const failedCamera: CameraState = {
  ...{ state: 'failed', code: 'camera-unreachable', message: 'it does not answer', remedy: 'look at it' },
  nextTryMs: 100,
};

export const configuredCamera = (id: string, name = `The ${id}`, enabled = true): ConfiguredCamera => ({
  ...{ id, name, enabled },
});

export function camerasOf(...ids: readonly string[]): CameraStates {
  const states = new CameraStates(systemClock);
  states.configure(ids.map((id) => configuredCamera(id)));
  return states;
}

export interface TaskSettings {
  readonly states: CameraStates;
  readonly records: RecordStores;
  readonly prefix?: string;
  /** By default `box`. */
  readonly from?: BoxIds;
  readonly logger?: HomeAssistantOptions['logger'];
}

/** Publishes the states of cameras, wired as in the daemon. */
export function cameraStateTask({
  states,
  records,
  prefix = 'rollcall',
  from = box,
  logger = silentLogger,
}: TaskSettings): ConnectionTask {
  const nextSequence = inBlocks(records.takeStateSequences);
  const about = { topics: topicsOf(prefix, from), from, signer: unsignedSigner, nextSequence };
  return new RetainedDocuments({
    owner: 'camera-states',
    what: 'the states of the cameras',
    wanted: () => cameraStateDocuments(states.all(), about),
    onChanged: (listener) => states.onChanged(listener),
    memory: records.retained,
    clock: systemClock,
    logger,
  });
}

/** The tasks for Home Assistant; `discoveryPrefix` undefined: switched off. */
export function assistantTasks(
  { states, records, prefix = 'rollcall', from = box, logger = silentLogger }: TaskSettings,
  discoveryPrefix: string | undefined,
): readonly ConnectionTask[] {
  return homeAssistantTasks({
    discoveryPrefix,
    version: '1.2.3',
    topics: topicsOf(prefix, from),
    from,
    signer: unsignedSigner,
    nextSequence: inBlocks(records.takeStateSequences),
    cameras: { all: () => states.all(), onChanged: (listener) => states.onChanged(listener) },
    today: () => ({ date: '2026-03-01', unknown: records.countUnknown(0) }),
    onUnknown: (listener) =>
      records.onRecorded(({ kind }) => {
        if (kind === 'unknown') listener();
      }),
    memory: records.retained,
    clock: systemClock,
    random: { ...systemRandom, unit: () => 0 },
    logger,
  });
}
