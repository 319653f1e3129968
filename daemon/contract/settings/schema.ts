import { isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { logLevels } from '../../kernel/logger.js';
import type { AttendanceProof } from '../../kernel/tracks/track-decision.js';
import { alertsSchema, refuseForgottenStrangers, refuseUnknownCameras } from './alerts-schema.js';
import { apiSchema } from './api-schema.js';
import { attendanceSchema, timeOfDay } from './attendance-schema.js';
import { camerasSchema } from './camera-schema.js';
import type { UnusableFile } from './config-problem.js';
import {
  clipsSchema,
  evidenceSchema,
  homeAssistantSchema,
  identificationSchema,
  mqttSchema,
  refuseMissingOperatingPoint,
  rulesSchema,
} from './core-schema.js';
import { gateSchema } from './gate-schema.js';
import type { OwnChannel } from './own-channel.js';
import { personsSchema } from './persons-schema.js';
import { retentionSchema } from './retention-schema.js';
import { credentialName, slugField, timeZoneField } from './scalars.js';
import { field } from './setting-field.js';
import { livenessSchema, refuseUnseenPrompts, visionSchema } from './vision-schema.js';

function limits(events: number, days: number, what: string) {
  return z
    .strictObject({
      events: field(
        z.int().min(100).max(10_000_000).default(events),
        'live',
        'Maximum number of waiting events of each kind. Beyond it, the oldest are given up.',
      ),
      days: field(
        z.int().min(1).max(36_500).default(days),
        'live',
        'Days after which a waiting event is given up.',
      ),
    })
    .prefault({})
    .meta({ description: what });
}

/** The least important events are given up first, attendance last. A `gap` event reports the loss. See docs/reference/delivery.md. */
const outboxSchema = z.strictObject({
  totalMiB: field(
    z.int().min(16).max(1_048_576).default(2048),
    'live',
    'Maximum MiB of all waiting events together. Beyond it, the least important kinds are given up first, attendance last.',
  ),
  attendance: limits(1_000_000, 365, 'Attendances, and passages that could be either of two persons.'),
  persons: limits(100_000, 365, 'Enrolled, removed, restored and erased persons; daily summaries.'),
  attacks: limits(100_000, 90, 'Presentation attacks.'),
  unknown: limits(100_000, 30, 'Unknown people.'),
  box: limits(10_000, 365, 'The box itself: gaps, keys, digests of the audit log, gallery, conditions.'),
  replies: limits(10_000, 7, 'Replies to commands of a centre.'),
  cameras: limits(10_000, 30, 'States of cameras.'),
});

const metricsSchema = z.strictObject({
  port: field(
    z.int().min(1024).max(65_535).exactOptional(),
    'restart',
    'Port at 127.0.0.1 where a monitoring agent on this machine reads the metrics over HTTP, at `/metrics`, without a login. Absent: only callers with a login read them.',
  ),
});

const absolutePath = z
  .string()
  .refine((path) => isAbsolute(path), { error: 'must be an absolute path, beginning with "/"' });

/** `sun_path` of unix(7), without the terminating byte. */
const longestSocketPathBytes = 107;

const socketPath = absolutePath.refine((path) => Buffer.byteLength(path) <= longestSocketPathBytes, {
  error: `must have at most ${longestSocketPathBytes} bytes, the limit for a socket path`,
});

const anyPath = z.string().min(1);

const siteSchema = z.strictObject({
  id: field(slugField, 'restart', 'Stable name of the site in events and topics.'),
  timeZone: field(
    timeZoneField,
    'restart',
    'IANA time zone of the site, such as `Europe/Paris`. Days and times of day are local to it.',
  ),
});

const boxSchema = z.strictObject({
  id: field(slugField.default('box'), 'restart', 'Stable name of this box within its site.'),
});

const identitySchema = z.strictObject({
  overlapDays: field(
    z.int().min(1).max(365).default(14),
    'live',
    'Days that a former key of the box stays in its key set after a rotation: the time that a centre has to notice the new key. Data that was sealed to the former key can be opened for the same time.',
  ),
});

const diskSchema = z.strictObject({
  lowMiB: field(
    z.int().min(1).max(1_048_576).default(1024),
    'live',
    'The condition `disk-low` starts when the file system of the gallery or the records has less than this many MiB free. It ends when 25 % more is free.',
  ),
});

const backupsSchema = z.strictObject({
  schedule: field(
    timeOfDay.exactOptional(),
    'live',
    'Local time of the daily backup of the whole box, such as `"02:30"`. It needs a recovery key. Absent: the box makes no backup by itself.',
  ),
  keep: field(
    z.int().min(1).max(365).default(14),
    'live',
    'Number of scheduled backups to keep. After each new one, the box deletes the oldest ones. Keep none longer than `retention.tombstones`: a restore could bring erased persons back.',
  ),
  directory: field(
    anyPath.default('backups'),
    'restart',
    'Directory of the scheduled backups, below `dataDir` unless the path is absolute. Use another disk: see docs/how-to/back-up-and-restore.md. Only the default directory is created.',
  ),
});

const gallerySchema = z.strictObject({
  path: field(anyPath.default('gallery.db'), 'restart', 'Database of enrolled persons, below `dataDir`.'),
  key: field(
    credentialName.default('gallery-key'),
    'restart',
    'Name of the secret that holds the key of the gallery: 32 random bytes.',
  ),
});

const recordsSchema = z.strictObject({
  path: field(
    anyPath.default('records.db'),
    'restart',
    'Database of events and the outbox, below `dataDir`.',
  ),
});

const modelsSchema = z.strictObject({
  dir: field(
    anyPath.exactOptional(),
    'restart',
    'Directory of the built and imported models. Absent: the directory that `rollcall models` of this installation uses.',
  ),
});

const controlSchema = z.strictObject({
  socketPath: field(
    socketPath.default('/run/rollcall/control.sock'),
    'restart',
    'Unix socket through which `rollcall` controls the daemon. Only root, the user of the daemon, and the group `rollcall-admin` may use it.',
  ),
});

const loggingSchema = z.strictObject({
  level: field(z.enum(logLevels).default('info'), 'live', 'Lowest level of log lines that are written.'),
});

/** The whole file as written. Only the section `site` is required. */
export const fileSchema = z.strictObject({
  site: siteSchema.meta({ description: 'The site of this box.' }),
  box: boxSchema.prefault({}).meta({ description: 'This box.' }),
  cameras: camerasSchema.default([]).meta({ description: 'The cameras, in any order.' }),
  vision: visionSchema.prefault({}).meta({ description: 'The processes that analyse video.' }),
  liveness: livenessSchema.prefault({}).meta({ description: 'When a face counts as live or as an attack.' }),
  identification: identificationSchema
    .prefault({})
    .meta({ description: 'How certain the box must be before it recognises a person.' }),
  rules: rulesSchema.prefault({}).meta({ description: 'What becomes an event, and how often.' }),
  attendance: attendanceSchema.prefault({}).meta({
    description: 'Working times, for the attendance reports.',
  }),
  alerts: alertsSchema.prefault({}).meta({
    description: 'Immediate notifications by webhook or email. Absent: none.',
  }),
  evidence: evidenceSchema.prefault({}).meta({
    description:
      'Events for which an image of the face is stored. The images stay in the box unless `mqtt.evidence` lets events carry them.',
  }),
  clips: clipsSchema.prefault({}).meta({
    description:
      'Events of which a few seconds of frames are kept, encrypted, in the data directory; see docs/reference/clips.md. Clips show whoever else was in sight, and never leave the box by themselves.',
  }),
  mqtt: mqttSchema.exactOptional().meta({
    description: 'The broker that receives the events. Absent: events are recorded and not published.',
  }),
  identity: identitySchema.prefault({}).meta({ description: 'The keys that this box signs with.' }),
  homeAssistant: homeAssistantSchema.prefault({}).meta({
    description: 'Discovery by Home Assistant over the broker; see docs/how-to/connect-home-assistant.md.',
  }),
  gallery: gallerySchema.prefault({}).meta({ description: 'The enrolled persons.' }),
  persons: personsSchema.prefault({}).meta({
    description:
      'Fields that the box has for each person besides its own, such as the department. Values are sealed; see docs/reference/persons.md.',
  }),
  records: recordsSchema.prefault({}).meta({ description: 'The record of events.' }),
  disk: diskSchema.prefault({}).meta({ description: 'When the disk counts as nearly full.' }),
  backups: backupsSchema
    .prefault({})
    .meta({ description: 'Backups that the box makes by itself; see docs/reference/backup.md.' }),
  outbox: outboxSchema.prefault({}).meta({
    description:
      'Limits for events that wait for the broker or the centre. Events beyond a limit are given up, and a `gap` event reports this.',
  }),
  retention: retentionSchema.prefault({}).meta({
    description:
      'How long data is kept before the daily run deletes it permanently. A kind with `forever` is never deleted.',
  }),
  models: modelsSchema.prefault({}).meta({ description: 'The neural networks.' }),
  control: controlSchema.prefault({}).meta({ description: 'The local API.' }),
  api: apiSchema.prefault({}).meta({ description: 'What callers from the network may take of the box.' }),
  gate: gateSchema.prefault({}).meta({
    description:
      'HTTPS: how the process `rollcall-gate` lets callers reach this box; see docs/reference/gate.md.',
  }),
  metrics: metricsSchema.prefault({}).meta({
    description: 'Counters for a monitoring system; see docs/reference/metrics.md.',
  }),
  logging: loggingSchema
    .prefault({})
    .meta({ description: 'The log: JSON lines on standard error, and in the journal of systemd.' }),
  dataDir: field(absolutePath.default('/var/lib/rollcall'), 'restart', 'Directory for the data of the box.'),
  secretsDir: field(
    absolutePath.default('/etc/rollcall/secrets'),
    'restart',
    'Directory of the secrets that are not systemd credentials: one file per secret, readable only by its owner.',
  ),
});

/** What the loader adds to a camera of a camera file. */
interface OwnCamera {
  /** The box keeps its settings and its login itself; see docs/decisions/0025-cameras-of-the-box.md. */
  readonly isOwn?: true;
}

/** The file's settings with every default filled in and database and model paths made absolute. */
export const configSchema = fileSchema
  .superRefine(refuseUnknownCameras)
  .superRefine(refuseForgottenStrangers)
  .superRefine(refuseMissingOperatingPoint)
  .superRefine(refuseUnseenPrompts)
  .transform((file) => {
    const inDataDir = (path: string): string => (isAbsolute(path) ? path : join(file.dataDir, path));
    const { dir } = file.models;
    const cameras: readonly ((typeof file.cameras)[number] & OwnCamera)[] = file.cameras;
    const unusableCameraFiles: readonly UnusableFile[] = [];
    /** Dotted paths of the settings that the box keeps itself; see docs/decisions/0035-settings-of-the-box.md. */
    const ownSettings: readonly string[] = [];
    /** Alert channels that the box keeps itself; see docs/decisions/0102-channels-of-the-box.md. */
    const ownChannels: readonly OwnChannel[] = [];
    const unusableChannelFiles: readonly UnusableFile[] = [];
    return {
      ...file,
      cameras,
      unusableCameraFiles,
      ownSettings,
      ownChannels,
      unusableChannelFiles,
      gallery: { ...file.gallery, path: inDataDir(file.gallery.path) },
      records: { ...file.records, path: inDataDir(file.records.path) },
      backups: { ...file.backups, directory: inDataDir(file.backups.directory) },
      models: dir === undefined ? {} : { dir: inDataDir(dir) },
    };
  });

/** The type with all properties readonly. Branded strings stay as they are. */
type DeepReadonly<T> = T extends string | number | boolean | undefined | null
  ? T
  : T extends readonly (infer Item)[]
    ? readonly DeepReadonly<Item>[]
    : { readonly [Key in keyof T]: DeepReadonly<T[Key]> };

/** A valid configuration. `docs/reference/configuration.md`, generated from the schema, explains the fields. */
export type Config = DeepReadonly<z.output<typeof configSchema>>;
export type CameraConfig = Config['cameras'][number];

/**
 * What an attendance at `camera` requires; undefined: a camera that is no longer configured. Its own requirement is not
 * known any more, so it is at least a blink.
 */
export function attendanceProof(
  { liveness }: Pick<Config, 'liveness'>,
  camera: Pick<CameraConfig, 'liveness'> | undefined,
): AttendanceProof {
  const general = camera === undefined && liveness.require === 'not-attack' ? 'blink' : liveness.require;
  return { require: camera?.liveness.require ?? general, attackAfterS: liveness.attackAfterS };
}
export type AlertsConfig = Config['alerts'];
export type EvidenceConfig = Config['evidence'];
export type ClipsConfig = Config['clips'];
export type RetentionConfig = Config['retention'];
export type MqttConfig = NonNullable<Config['mqtt']>;
