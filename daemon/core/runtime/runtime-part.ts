import type { BoxIds } from '../../kernel/ids.js';
import type { CameraLines } from '../../vision/lines/camera-lines.js';
import type { ChosenRecogniser } from '../../vision/recogniser-in-use.js';
import type { VisionLauncher } from '../../vision/vision-launcher.js';
import type { PhotoWall } from '../cameras/photo-wall.js';
import type { Prompts } from '../challenges/prompts.js';
import type { Conditions } from '../conditions/conditions.js';
import type { EvidenceCapture } from '../events/evidence-capture.js';
import { evidencePictures } from '../events/evidence-pictures.js';
import type { GalleryVault } from '../gallery/gallery-vault.js';
import type { OpenedIdentity } from '../identity/signing-identity.js';
import type { EventDurations } from '../metrics/event-durations.js';
import type { PartContext } from '../part-context.js';
import type { RecentPassages } from '../passages/passage-counts.js';
import type { Records } from '../records/records.js';
import type { SightingIntake } from '../sightings/sighting-intake.js';
import { openCameraReporting } from './camera-reporting.js';
import { boxState } from './publishing.js';
import { Runtime, type StartOptions } from './runtime.js';

/** Starts the vision processes and the connection to the broker. */
export async function startRuntime(
  box: PartContext & {
    readonly identity: BoxIds;
    readonly recogniser: ChosenRecogniser;
    readonly cameraLauncher: VisionLauncher;
    readonly photoWall: PhotoWall;
    readonly lines: CameraLines;
    readonly vault: GalleryVault;
    readonly records: Records & StartOptions['records'];
    readonly conditions: Conditions;
    readonly signing: OpenedIdentity;
    readonly intake: SightingIntake;
    readonly evidence: EvidenceCapture;
    readonly prompts: Prompts;
    readonly receiver: StartOptions['commands'];
    readonly eventDurations: EventDurations;
    readonly recentPassages: RecentPassages;
    readonly nameOf: StartOptions['nameOf'];
  },
): Promise<{ readonly runtime: Runtime }> {
  const {
    identity,
    recogniser,
    cameraLauncher,
    photoWall,
    lines,
    vault,
    records,
    conditions,
    signing,
    intake,
    evidence,
    prompts,
  } = box;
  const { eventDurations, recentPassages, nameOf, current, lifetime, logger } = box;
  const cameras = openCameraReporting({ ...box, signer: signing.keys });
  const runtime = await Runtime.start({
    ...{
      config: current(),
      identity,
      recogniser,
      cameraLauncher,
      photoWall,
      lines,
      intake,
      records,
      conditions,
      logger,
      nameOf,
    },
    cameras: cameras.states,
    state: boxState(vault, conditions, () => recentPassages.lastDay()),
    signer: () => signing.keys.current(),
    connectionTasks: (topics, plan) => [
      signing.identity.connectionTask(topics.keys, records.retained),
      ...cameras.connectionTasks(topics, plan),
      prompts.connectionTask(topics),
    ],
    commands: box.receiver,
    onDelivered: (row) => eventDurations.delivered(row),
    pictureOf: evidencePictures({ open: () => vault.open?.gallery, settled: () => evidence.settled() }),
  });
  return { runtime: lifetime.use('vision processes and publisher', runtime) };
}
