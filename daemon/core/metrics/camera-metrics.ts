import type { CameraStatus } from '../../contract/cameras.js';
import { providerNames } from '../../contract/settings/vision-schema.js';
import { type BoxStatus, restartCauses } from '../../contract/status.js';
import { stageBoundsS } from '../../contract/vision/vision-reports.js';
import type { DurationCounts } from '../../kernel/duration-histogram.js';
import type { CameraBoard } from '../cameras/camera-board.js';
import type { LiveWatches } from '../cameras/live-watches.js';
import type { MetricFamilies, Sample } from './metric-families.js';

export interface CameraSources {
  readonly board: Pick<CameraBoard, 'stageTimesOf'>;
  readonly watches: Pick<LiveWatches, 'viewersOf'>;
}

/** What became of a frame, by the counter of the vision process. Every delivered frame is in one of them. */
const fates = {
  analysed: 'analysed',
  'not-due': 'skipped',
  late: 'droppedLate',
  busy: 'droppedBusy',
  stale: 'droppedStale',
} as const;

/** What was seen in the analysed frames, by the counter of the vision process. */
const sights = {
  track: 'tracksConfirmed',
  blink: 'blinks',
  gesture: 'gestures',
  sighting: 'sightings',
} as const;

/** Damage of the stream, by the counter of the vision process. */
const damages = {
  'decoder-error': 'decoderErrors',
  concealed: 'concealed',
  'missed-packet': 'missedPackets',
} as const;

/** The metrics of the cameras. Labels are cameras and closed lists: names that a vision process chose are not among them. */
export function addCameras(
  families: MetricFamilies,
  cameras: readonly CameraStatus[],
  { board, watches }: CameraSources,
): void {
  const labels = ['camera'];
  const each = <Value>(read: (camera: CameraStatus) => Value): readonly Sample<Value>[] =>
    cameras.map((camera) => [read(camera), { camera: camera.id }]);
  const counted = (name: string): readonly Sample<number>[] => each(({ counters }) => counters[name] ?? 0);
  const countedBy = (label: string, names: Readonly<Record<string, string>>): readonly Sample<number>[] =>
    cameras.flatMap(({ id, counters }) =>
      Object.entries(names).map(
        ([value, name]): Sample<number> => [counters[name] ?? 0, { camera: id, [label]: value }],
      ),
    );
  const gauge = (name: string, help: string, samples: readonly Sample<number | boolean>[]): void =>
    families.gauge({ name, help, labels }, samples);
  const counter = (
    name: string,
    help: string,
    label: string,
    names: Readonly<Record<string, string>>,
  ): void => families.counter({ name, help, labels: [...labels, label] }, countedBy(label, names));

  gauge(
    'camera_streaming',
    '1 while the camera delivers pictures.',
    each(({ state }) => state === 'streaming'),
  );
  gauge(
    'camera_enabled',
    '0 for a disabled camera.',
    each(({ isEnabled }) => isEnabled),
  );
  gauge('camera_tracks', 'Faces that are tracked now.', counted('tracks'));
  gauge(
    'camera_viewers',
    'Callers who watch the live pictures or the video now.',
    each(({ id }) => watches.viewersOf(id)),
  );
  gauge(
    'camera_last_frame_age_seconds',
    'Time since the last frame arrived. Absent before the first.',
    cameras.flatMap(({ id, counters: { lastFrameAgeMs } }): readonly Sample<number>[] =>
      lastFrameAgeMs === undefined ? [] : [[lastFrameAgeMs / 1000, { camera: id }]],
    ),
  );
  families.counter(
    { name: 'camera_reconnections_total', help: 'Times that the stream was opened again.', labels },
    counted('restarts'),
  );
  families.counter(
    {
      name: 'camera_decoder_seconds_total',
      help: 'Processor time that the decoder of the camera has used.',
      labels,
    },
    each(({ counters }) => (counters['decoderMs'] ?? 0) / 1000),
  );
  counter('camera_frames_total', 'Delivered frames, by what became of them.', 'fate', fates);
  counter('camera_seen_total', 'What was seen in the analysed frames.', 'what', sights);
  counter('camera_damage_total', 'Signs of damage in the stream.', 'sign', damages);
  families.histogram(
    {
      name: 'camera_stage_duration_seconds',
      help: 'Time that a stage of the analysis took for one frame.',
      labels: ['camera', 'stage'],
    },
    cameras.flatMap((camera) => stageSamples(camera, board)),
  );
}

function stageSamples(
  { id, counters }: CameraStatus,
  board: CameraSources['board'],
): readonly Sample<DurationCounts>[] {
  return Object.entries(board.stageTimesOf(id)).map(([stage, counts]) => {
    const sumS = (counters[`${stage}Ms`] ?? 0) / 1000;
    return [
      { boundsS: stageBoundsS, counts, sumS },
      { camera: id, stage },
    ];
  });
}

export function addVision(families: MetricFamilies, { vision }: BoxStatus): void {
  const labels = ['process'];
  const nameOf = (index: number): string => `vision-${index}`;
  families.gauge(
    { name: 'vision_running', help: '1 while the vision process runs.', labels },
    vision.map(({ index, state }) => [state === 'running', { process: nameOf(index) }]),
  );
  families.gauge(
    {
      name: 'vision_provider',
      help: 'Always 1; the label names what the networks run on.',
      labels: [...labels, 'provider'],
    },
    vision.flatMap(({ index, provider }) =>
      provider === undefined
        ? []
        : [[1, { process: nameOf(index), provider: knownProvider(provider.actual) }] as const],
    ),
  );
  families.counter(
    {
      name: 'vision_restarts_total',
      help: 'Restarts of the vision process, by cause.',
      labels: [...labels, 'cause'],
    },
    vision.flatMap(({ index, restartCauses: counted }) =>
      restartCauses.map((cause) => [counted[cause] ?? 0, { process: nameOf(index), cause }] as const),
    ),
  );
  families.counter(
    {
      name: 'vision_refused_total',
      help: 'What the core refused of what the vision process said, by reason.',
      labels: [...labels, 'reason'],
    },
    vision.flatMap(({ index, refused = {} }) =>
      Object.entries(refused).map(([reason, count]) => [count, { process: nameOf(index), reason }] as const),
    ),
  );
}

/** A vision process may say anything, and labels must be few. */
const knownProvider = (said: string): string => providerNames.find((name) => name === said) ?? 'other';
