import { isAbsolute, join } from 'node:path';
import { z } from 'zod';
import type { AttendanceProof } from '../domain/tracks/track-decision.js';
import { alertsSchema, refuseUnknownCameras } from './alerts-schema.js';
import { attendanceSchema } from './attendance-schema.js';
import { camerasSchema } from './camera-schema.js';
import {
  evidenceSchema,
  identificationSchema,
  mqttSchema,
  refuseMissingOperatingPoint,
  rulesSchema,
} from './core-schema.js';
import { diskSchema } from './disk-schema.js';
import { field } from './field.js';
import { homeAssistantSchema } from './home-assistant-schema.js';
import { identitySchema } from './identity-schema.js';
import { outboxSchema } from './outbox-schema.js';
import { retentionSchema } from './retention-schema.js';
import { credentialName, slugField, timeZoneField } from './scalars.js';
import { livenessSchema, refuseUnseenPrompts, visionSchema } from './vision-schema.js';

const absolutePath = z
  .string()
  .refine((path) => isAbsolute(path), { error: 'must be an absolute path, beginning with "/"' });

/** `sun_path` of unix(7), less the byte that ends it. */
const longestSocketPathBytes = 107;

const socketPath = absolutePath.refine((path) => Buffer.byteLength(path) <= longestSocketPathBytes, {
  error: `must be shorter: the path of a socket has at most ${longestSocketPathBytes} bytes`,
});

const anyPath = z.string().min(1);

const siteSchema = z.strictObject({
  id: field(slugField, 'restart', 'Stable name of the site in events and topics.'),
  timeZone: field(
    timeZoneField,
    'restart',
    'IANA time zone of the site, such as `Europe/Paris`: what "today" means there.',
  ),
});

const boxSchema = z.strictObject({
  id: field(slugField.default('box'), 'restart', 'Stable name of this box among those of the site.'),
});

const gallerySchema = z.strictObject({
  path: field(anyPath.default('gallery.db'), 'restart', 'Database of enrolled persons, below `dataDir`.'),
  key: field(
    credentialName.default('gallery-key'),
    'restart',
    'Name of the secret that holds the key the gallery is sealed with: 32 random bytes.',
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
    'Directory of the built and imported models. Absent: the one `rollcall models` of this installation uses.',
  ),
});

const controlSchema = z.strictObject({
  socketPath: field(
    socketPath.default('/run/rollcall/control.sock'),
    'restart',
    'Unix socket over which `rollcall` speaks to the daemon; only its owner may use it.',
  ),
});

const loggingSchema = z.strictObject({
  level: field(
    z.enum(['debug', 'info', 'warn', 'error']).default('info'),
    'live',
    'Least severe log lines that are written.',
  ),
});

/** The whole file as a person writes it. Every section but `site` may be left out. */
export const fileSchema = z.strictObject({
  site: siteSchema.meta({ description: 'Where this box stands.' }),
  box: boxSchema.prefault({}).meta({ description: 'This box.' }),
  cameras: camerasSchema.default([]).meta({ description: 'The cameras, in any order.' }),
  vision: visionSchema.prefault({}).meta({ description: 'The processes that look at pictures.' }),
  liveness: livenessSchema.prefault({}).meta({ description: 'When a face counts as live or as an attack.' }),
  identification: identificationSchema
    .prefault({})
    .meta({ description: 'How sure the box must be before it names somebody.' }),
  rules: rulesSchema.prefault({}).meta({ description: 'What becomes an event, and how often.' }),
  attendance: attendanceSchema.prefault({}).meta({
    description: 'When people are to be there, for the attendance reports.',
  }),
  alerts: alertsSchema.prefault({}).meta({
    description: 'Who is told at once, by webhook or e-mail, when something happens. Absent: nobody.',
  }),
  evidence: evidenceSchema.prefault({}).meta({
    description:
      'Which events a picture of the face is kept for. These pictures stay in the box unless `mqtt.evidence` lets events take them along.',
  }),
  mqtt: mqttSchema.exactOptional().meta({
    description: 'The broker events go to. Absent: events are recorded and not published.',
  }),
  identity: identitySchema.prefault({}).meta({ description: 'The keys that this box signs with.' }),
  homeAssistant: homeAssistantSchema.prefault({}).meta({
    description: 'What Home Assistant is told over the broker; see docs/home-assistant.md.',
  }),
  gallery: gallerySchema.prefault({}).meta({ description: 'The enrolled persons.' }),
  records: recordsSchema.prefault({}).meta({ description: 'What happened.' }),
  disk: diskSchema.prefault({}).meta({ description: 'When the box says that its disk is nearly full.' }),
  outbox: outboxSchema.prefault({}).meta({
    description:
      'How much may wait for a broker, or a centre, that does not take it. What is given up beyond is stated in an event.',
  }),
  retention: retentionSchema.prefault({}).meta({
    description:
      'How long things are kept before the daily run deletes them for good. Every kind is forgotten unless it says `forever`.',
  }),
  models: modelsSchema.prefault({}).meta({ description: 'The networks.' }),
  control: controlSchema.prefault({}).meta({ description: 'The local API.' }),
  logging: loggingSchema.prefault({}).meta({ description: 'The log, JSON lines on standard error.' }),
  dataDir: field(absolutePath.default('/var/lib/rollcall'), 'restart', 'Directory of what the box keeps.'),
  secretsDir: field(
    absolutePath.default('/etc/rollcall/secrets'),
    'restart',
    'Where a secret is looked for when systemd has not handed it over: one file per secret, readable by its owner only.',
  ),
});

/** The file's settings with every default filled in and database and model paths made absolute. */
export const configSchema = fileSchema
  .superRefine(refuseUnknownCameras)
  .superRefine(refuseMissingOperatingPoint)
  .superRefine(refuseUnseenPrompts)
  .transform((file) => {
    const inDataDir = (path: string): string => (isAbsolute(path) ? path : join(file.dataDir, path));
    const { dir } = file.models;
    return {
      ...file,
      gallery: { ...file.gallery, path: inDataDir(file.gallery.path) },
      records: { ...file.records, path: inDataDir(file.records.path) },
      models: dir === undefined ? {} : { dir: inDataDir(dir) },
    };
  });

/** The same type with nothing in it writable; branded strings and functions stay what they are. */
type DeepReadonly<T> = T extends string | number | boolean | undefined | null
  ? T
  : T extends readonly (infer Item)[]
    ? readonly DeepReadonly<Item>[]
    : { readonly [Key in keyof T]: DeepReadonly<T[Key]> };

/** A valid configuration. The fields are explained in `docs/configuration.md`, made from the schema above. */
export type Config = DeepReadonly<z.output<typeof configSchema>>;
export type CameraConfig = Config['cameras'][number];

/**
 * What makes the attendance of a recognised person at `camera`; undefined: at one that is no longer configured, where nothing
 * less than a blink does, because nobody knows any more what it asked for.
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
export type RetentionConfig = Config['retention'];
export type MqttConfig = NonNullable<Config['mqtt']>;
