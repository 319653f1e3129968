import { z } from 'zod';
import { capacityLimits } from '../kernel/capacity.js';
import { boxConditions } from '../kernel/events/notice.js';
import { keyProviderKinds } from '../kernel/gallery/key-provider-kind.js';
import { isolationGaps, isolationLevels } from '../kernel/isolation.js';
import { modelPackStates } from '../kernel/model-pack-state.js';
import { recogniserReasons } from '../kernel/recogniser-reason.js';
import { fault } from './api-errors.js';
import { cameraStatus } from './cameras.js';
import { certificateStatus, gateStatus } from './certificate.js';
import { heldBack } from './held-back.js';
import { keyRotation } from './keys.js';
import { operation } from './operation.js';
import { passagesOfDay } from './passages-of-day.js';
import { retentionSummary } from './retention.js';
import { says } from './said.js';

const rate = z.number().min(0).max(1);

/** What the box expects of its gallery at the thresholds in force, from the enrolled photographs alone. */
const expectedRates = z.object({
  targetFpir: rate.exactOptional().describe('`identification.targetFpir`. Absent if it is `off`.'),
  fpir: rate
    .exactOptional()
    .describe(
      'Expected share of unknown people who are mistaken for an enrolled person. Absent if too few persons are enrolled for an estimate; the box then raises the thresholds by a margin.',
    ),
  fnir: rate
    .exactOptional()
    .describe(
      'Expected share of the passages of enrolled persons that are missed; higher at the cameras. Absent if no person has two photos.',
    ),
});

const count = z.int().nonnegative();

export const restartCauses = ['ended', 'failed', 'silent', 'misbehaved'] as const;

/** A process that analyses cameras. */
export const visionStatus = z.object({
  index: count,
  state: z.enum(['starting', 'running', 'restarting', 'degraded']),
  pid: z.int().exactOptional(),
  restarts: count,
  restartCauses: z
    .partialRecord(z.enum(restartCauses), count)
    .readonly()
    .describe(
      'Restarts by cause. `failed`: it reported why it could not work. `silent`: it reported nothing for too long. `misbehaved`: the core rejected its reports. `ended`: any other end.',
    ),
  provider: z
    .object({
      requested: z.string(),
      actual: z.string(),
      warning: z.string().optional().describe('Why the preferred provider cannot be used.'),
    })
    .exactOptional(),
  recogniser: z.string().exactOptional(),
  ffmpegVersion: z.string().exactOptional(),
  lastFailure: z.string().exactOptional().describe('Why the process last ended or could not start.'),
  refused: z
    .record(z.string(), count)
    .readonly()
    .exactOptional()
    .describe(
      'Messages of this process that the core refused, by reason (docs/how-to/recovery.md). Absent if it refused none.',
    ),
});
export type VisionStatus = z.infer<typeof visionStatus>;

/** How far the operating system separates vision processes from the rest of the machine. */
export const isolationStatus = z.object({
  level: z
    .enum(isolationLevels)
    .describe(
      '`full`: they run as another user, in units of systemd. `partial`: they run in a sandbox that leaves `gaps`. `none`: they run with the rights of the daemon.',
    ),
  gaps: z
    .array(z.enum(isolationGaps))
    .readonly()
    .describe(
      'What a vision process could still do after an attacker has taken it over. `rights`: everything that the user of the daemon may do. `network`: reach other addresses than those of its cameras. `memory`: fill the memory. `disk`: fill the disk of the folder for live frames.',
    ),
  why: z
    .object({ reason: z.string(), remedy: z.string(), says: says('reason', 'remedy') })
    .exactOptional()
    .describe('Why there is no better isolation. Absent if nothing better was tried.'),
});
export type IsolationStatus = z.infer<typeof isolationStatus>;

const texts = z.array(z.string()).readonly();
const reloadUnchanged = z.object({ outcome: z.literal('unchanged') });
const reloadApplied = z.object({
  outcome: z.literal('applied'),
  changes: texts,
  replaced: texts.describe('The replaced parts.'),
  needRestart: texts.describe('Changes that wait for a restart.'),
});
const reloadRefused = z.object({
  outcome: z.literal('refused').describe('The old configuration stays in force.'),
  problems: texts,
});
const at = { at: z.iso.datetime() };

/** The outcome of a reload of the configuration. */
export const reloadResult = z.discriminatedUnion('outcome', [reloadUnchanged, reloadApplied, reloadRefused]);
export type ReloadResult = z.infer<typeof reloadResult>;

/** The latest reload. */
export const reloadStatus = z.discriminatedUnion('outcome', [
  reloadUnchanged.extend(at),
  reloadApplied.extend(at),
  reloadRefused.extend(at),
]);
export type ReloadStatus = z.infer<typeof reloadStatus>;

/** The recogniser in use, and why. */
export const recogniserStatus = z.object({
  name: z.string().describe('Its name in the configuration.'),
  reason: z
    .enum(recogniserReasons)
    .describe(
      '`gallery`: it made the templates of the gallery. `default`: neither the configuration nor a gallery decides.',
    ),
  preferred: z
    .object({ name: z.string(), state: z.enum(modelPackStates) })
    .describe('The recogniser for an empty gallery, and whether it is installed.'),
  configuredThreshold: z
    .number()
    .exactOptional()
    .describe('`identification.threshold`. Absent if not configured.'),
  ownThreshold: z
    .number()
    .exactOptional()
    .describe('Its operating point in the model manifest, if it has one.'),
});
export type RecogniserStatus = z.infer<typeof recogniserStatus>;

export const galleryInStatus = z.object({
  state: z.enum(['open', 'sealed']).describe('`sealed`: no person is identified; `code` is the reason.'),
  persons: count,
  templates: count,
  damagedRows: count,
  expected: expectedRates
    .extend({ alikePairs: count.describe('Pairs of persons who look alike to this box.') })
    .exactOptional()
    .describe('What the box expects at the thresholds in force. Absent until the persons are compared.'),
  keyId: z.string().exactOptional().describe('The key in use. Present while the gallery is open.'),
  keyProvider: z
    .enum(keyProviderKinds)
    .exactOptional()
    .describe('The provider of the key, also while the gallery is sealed. Absent before the first key.'),
  rotation: keyRotation.exactOptional().describe('A running key rotation.'),
  code: z.string().exactOptional(),
  message: z.string().exactOptional(),
  remedy: z.string().exactOptional(),
  says: says('message', 'remedy'),
});

export const brokerStatus = z.object({
  state: z.string().describe('The state of the connection, or `not configured`.'),
  mqttVersion: z.enum(['5', '3.1.1']).exactOptional().describe('Absent without a connection.'),
  publishedCount: count.exactOptional().describe('Events acknowledged since the start.'),
  takenKinds: texts
    .exactOptional()
    .describe(
      'Kinds of event that the broker takes: it acknowledged at least one since the start and refuses none now.',
    ),
  heldKinds: texts.exactOptional().describe('Event kinds whose topics the broker refuses.'),
  refusedTopics: texts
    .exactOptional()
    .describe(
      'Refused topics other than those of events and commands; `+` stands for a level that differs. Absent if there are none.',
    ),
  areCommandsRefused: z
    .boolean()
    .exactOptional()
    .describe('True if the broker does not let the box read its commands.'),
  certificates: z
    .array(certificateStatus)
    .readonly()
    .exactOptional()
    .describe('Validity of the known certificates of the box and the broker.'),
  message: z.string().exactOptional(),
  remedy: z.string().exactOptional(),
  says: says('message', 'remedy'),
});

export const boxCondition = z.enum(boxConditions);

export const intakeStatus = z.object({
  taken: count,
  facts: count.describe('Recorded events about people in front of cameras; `events` counts all kinds.'),
  suppressed: count.describe('Facts that were not recorded again during a cooldown.'),
  givenUp: count.describe('Lost because nothing could be stored for too long.'),
  waiting: count.describe('Not processed yet.'),
  problem: fault.exactOptional().describe('Why sightings wait, if they cannot be processed.'),
});

export const clockStatus = z.object({
  isSynchronised: z
    .boolean()
    .exactOptional()
    .describe('Whether a time server controls the clock. Absent if the system does not tell.'),
  lastJump: z
    .object({ at: z.iso.datetime(), byS: z.number().describe('Seconds; negative when it was set back.') })
    .exactOptional()
    .describe('The last time that the clock was set, if it was within a day and since the start.'),
});

/** The state of the box. */
export const boxStatus = z.object({
  version: z.string(),
  site: z.string(),
  box: z.string(),
  uptimeS: z.number().describe('Seconds.'),
  recogniser: recogniserStatus.exactOptional(),
  vision: z.array(visionStatus).readonly(),
  isolation: isolationStatus
    .exactOptional()
    .describe('Isolation of the vision processes. Absent in boxes of older versions.'),
  cameras: z.array(cameraStatus).readonly(),
  gallery: galleryInStatus,
  broker: brokerStatus,
  gate: gateStatus.exactOptional().describe('Absent if the gate is disabled or has no folder.'),
  clock: clockStatus.exactOptional().describe('Absent in boxes of older versions.'),
  conditions: z
    .array(boxCondition)
    .readonly()
    .describe('Active conditions; only `running` if the box has no fault.'),
  conditionsAbout: z
    .partialRecord(boxCondition, texts)
    .readonly()
    .exactOptional()
    .describe('The parts that a condition is about, such as cameras or disks.'),
  passages: passagesOfDay.describe('Passages of the current hour and the 23 hours before, at all cameras.'),
  events: z.object({ recorded: count.describe('Since the start, of every kind.') }),
  outbox: z.object({
    waiting: count.describe('Events that wait for a broker or for a confirmation.'),
    acknowledgement: z.enum(['broker', 'centre']).describe('Who confirms that an event has arrived.'),
    heldBack: z
      .array(heldBack)
      .readonly()
      .exactOptional()
      .describe('Events that the broker does not accept. Absent if it accepts all.'),
  }),
  intake: intakeStatus.describe('Counts of sightings since the start.'),
  prompts: z
    .array(
      z.object({
        camera: z.string(),
        at: z.iso.datetime(),
        message: z.string(),
        remedy: z.string(),
        says: says('message', 'remedy'),
      }),
    )
    .readonly()
    .exactOptional()
    .describe(
      'Cameras at which no person can pass a challenge, because the latest prompt could not be shown. Absent if there are none.',
    ),
  lastReload: reloadStatus.exactOptional().describe('Absent before the first reload since the start.'),
  retention: retentionSummary,
  alerts: z.object({
    rules: count.describe('Number of configured rules.'),
    pending: count.describe('Number of waiting deliveries.'),
    failed: count.describe('Number of failed deliveries in the history.'),
  }),
  analysis: z
    .object({
      dueFps: z.number().describe('Frames per second that should have been analysed.'),
      analysedFps: z.number(),
    })
    .exactOptional()
    .describe(
      'All cameras together, over the last minute or since they were opened. Absent for a caller who is limited to cameras.',
    ),
  capacity: z
    .object({
      cores: count.describe('Processor cores of the machine.'),
      busyCores: z.number().describe('Cores that all programs used, over the last minute.'),
      coresPerCamera: z
        .number()
        .describe('The most that a camera cost in any minute of the last day, on average of all cameras.'),
      moreCameras: count.describe(
        'About how many more cameras like the present ones the box could take. It keeps a fifth of the processor and of the memory free.',
      ),
      limit: z
        .enum(capacityLimits)
        .describe(
          'What runs out first. `threads`: those for networks (`vision.threads`). `overloaded`: the box loses frames now.',
        ),
    })
    .exactOptional()
    .describe(
      'Absent before a whole minute was measured, without a camera that streams, and for a caller who is limited to cameras.',
    ),
  eventLoop: z
    .object({ p99Ms: z.number(), maximumMs: z.number() })
    .describe("How late the core's event loop ran its timers over the last 30 to 60 seconds."),
});
export type BoxStatus = z.infer<typeof boxStatus>;

export const statusOperations = {
  'status.show': operation({
    method: 'GET',
    path: '/status',
    summary: 'Show the state of the box: cameras, vision processes, gallery, broker, outbox.',
    description: 'A caller who is limited to cameras sees these cameras only.',
    answer: { kind: 'json', schema: boxStatus },
    errors: [],
    scope: 'status:read',
    rate: 'default',
  }),
} as const;
