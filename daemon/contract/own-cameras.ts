import { z } from 'zod';
import { deviceAddressOf } from '../kernel/device-address.js';
import { directions } from '../kernel/events/event.js';
import { mostAreas } from '../kernel/zones/zone.js';
import { cameraDetails, cameraId, cameraTest, deviceProfiles } from './cameras.js';
import { ifRevision, operation } from './operation.js';
import { certificateFingerprint } from './settings/scalars.js';
import { mask, zone } from './zones.js';

const newId = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?$/)
  .describe(
    'Lower-case letters, digits, "-" and "_", beginning and ending with a letter or digit. It names the camera in events and topics and cannot be changed.',
  );
const name = z.string().min(1).max(100).describe('Name shown to people.');
const address = z
  .string()
  .max(2048)
  .refine((text) => !/[\p{C}\p{Z}]/u.test(text), {
    error: 'must have no spaces and control characters',
  });
const url = address.describe('The RTSP address, `rtsp://` or `rtsps://`, without user and password.');

/** What can be left out, or given back to its default. docs/reference/configuration.md has the bounds and the defaults. */
const settings = {
  isEnabled: z.boolean().describe('False: the box does not open the camera.'),
  direction: z.enum(directions).describe('What an attendance at this camera means.'),
  substream: address.describe(
    'The RTSP address of a smaller stream of the camera, at the same scheme, host and port as `url`. The box watches it, and decodes the stream of `url` only while something moves or a face is in sight.',
  ),
  transport: z.enum(['tcp', 'udp']),
  allowBasicLogin: z.boolean().describe('Send the password unencrypted to a camera that asks for it.'),
  fingerprint: z
    .string()
    .max(200)
    .describe('The only certificate that the camera may show: `sha256:` and 64 hexadecimal digits.'),
  requireLiveness: z
    .string()
    .max(40)
    .describe('What a recognised person must show for an attendance (`liveness.require`).'),
  idleFps: z.number(),
  trackingFps: z.number(),
  provingFps: z.number(),
  smallestFacePx: z.number(),
  maxAnalysisWidthPx: z.number(),
  stallAfterS: z.number(),
  firstFrameWithinS: z.number(),
  hwaccel: z.string().max(20),
  pictureChecks: z.array(z.string().max(20)).max(16),
  zones: z
    .array(zone)
    .max(mostAreas)
    .describe(
      'With detection zones (`detect`), the box looks for faces there only. It ignores faces in ignored zones (`ignore`).',
    ),
  masks: z
    .array(mask)
    .max(mostAreas)
    .describe(
      'What is black in every frame of the camera. A camera with masks has no smooth video (`cameras.watch-video`).',
    ),
};

/** Null gives a setting back to its default. */
type Resettable<Fields extends Readonly<Record<string, z.ZodType>>> = {
  readonly [Name in keyof Fields]: z.ZodOptional<z.ZodNullable<Fields[Name]>>;
};

function resettable<Fields extends Readonly<Record<string, z.ZodType>>>(fields: Fields): Resettable<Fields> {
  const entries = Object.entries(fields).map(([key, schema]) => {
    const orNull = schema.nullable().optional();
    return [key, schema.description === undefined ? orNull : orNull.describe(schema.description)] as const;
  });
  // Object.fromEntries forgets which key has which type.
  return Object.fromEntries(entries) as unknown as Resettable<Fields>;
}

const login = {
  isRequired: false,
  maximumBytes: 1024,
  description:
    'The login of the camera, `user:password`. Where the box keeps it, it is apart from the settings, and the box never shows it.',
} as const;

/** The files of a camera and of its login. */
const fileErrors = [
  'key-file-exists',
  'key-file-not-written',
  'key-file-not-moved',
  'own-file-not-changed',
] as const;
const changeErrors = [
  'camera-refused',
  'address-refused',
  'configuration-refused',
  'starting',
  ...fileErrors,
] as const;
/** Cameras that cannot be changed over the API. */
const guarded = ['no-such-camera', 'camera-of-configuration'] as const;

export const ownCameraOperations = {
  'cameras.test-address': operation({
    method: 'POST',
    path: '/cameras/test',
    summary: 'Open an address as a camera would be opened, and report what it shows, or why that failed.',
    description:
      'The box keeps neither a camera nor the login. The audit log names the host and the port. The test takes a few seconds. An address that cannot be opened is an answer with the outcome `failed`, not an error. Its code is `no-camera` for everything that does not answer as a camera: the answer does not tell whether something else is there. It is `address-refused` for addresses of the box itself, and for link-local, multicast and reserved ones, unless `api.cameraNetworks` allows them or a camera of the configuration file has the same host and port.',
    input: z.strictObject({
      url,
      ...z
        .object({
          transport: settings.transport,
          allowBasicLogin: settings.allowBasicLogin,
          fingerprint: settings.fingerprint,
        })
        .partial().shape,
    }),
    secrets: { login },
    answer: { kind: 'json', schema: cameraTest },
    errors: ['camera-refused', 'configuration-refused', 'login-form', 'vision-unavailable'],
    scope: 'cameras:write',
    audit: 'write',
    rate: 'addresses',
    isLong: true,
  }),
  'cameras.profiles': operation({
    method: 'POST',
    path: '/cameras/profiles',
    summary: 'Ask an ONVIF device for its profiles, with the addresses of their streams.',
    description:
      'The box sends the login to this address only, whatever the device says, and never in readable form. It follows no redirections. It keeps neither the device nor the login. The audit log names the host and the port. What a device says about itself is not verified. A device that tells no profiles is an answer with the outcome `failed`, not an error. Its code is `no-device` for everything that does not answer as a device of ONVIF: the answer does not tell whether something else is there. The addresses that may be asked are those of `cameras.test-address`.',
    input: z.strictObject({
      device: z
        .string()
        .max(300)
        .refine((text) => deviceAddressOf(text) !== undefined, {
          error: 'must be a host, host:port, http://host or https://host, without a path or a login',
        })
        .describe('Where the device is: a host, perhaps with a port, or `http://` or `https://` before it.'),
      fingerprint: certificateFingerprint
        .optional()
        .describe('With `https://`: the only certificate that the device may show.'),
    }),
    secrets: { login: { ...login, description: 'The login of the device, `user:password`.' } },
    answer: { kind: 'json', schema: deviceProfiles },
    errors: ['login-form', 'vision-unavailable'],
    scope: 'cameras:write',
    audit: 'write',
    rate: 'addresses',
    isLong: true,
  }),
  'cameras.create': operation({
    method: 'POST',
    path: '/cameras',
    summary: 'Add a camera over the API, and open it.',
    description:
      'The configuration file does not change. A setting that is left out has its default. Without a login the box sends none.',
    input: z.strictObject({
      ...{ id: newId, name, url },
      ...z.object(settings).partial().shape,
    }),
    secrets: { login },
    answer: { kind: 'json', schema: cameraDetails },
    creates: { id: 'id', foundBy: 'cameras.list' },
    errors: ['camera-exists', 'too-many-cameras', 'login-form', 'not-an-account', ...changeErrors],
    scope: 'cameras:write',
    camera: 'id',
    audit: 'write',
    rate: 'addresses',
    isLong: true,
    // Who chooses the camera chooses what it shows: a video of a person would make attendance.
    secondPerson: 'cameras',
  }),
  'cameras.change': operation({
    method: 'PATCH',
    path: '/cameras/{id}',
    summary: 'Change a camera that the box keeps itself.',
    description:
      'What is left out stays; null gives a setting back to its default. A camera with a login takes a change of its address, of its certificate or of `allowBasicLogin` only together with the login: otherwise the stored password could be sent to another device. A camera of the configuration file is changed there.',
    input: z.strictObject({
      id: cameraId,
      ifRevision,
      name: name.optional(),
      url: url.optional(),
      forgetLogin: z.literal(true).optional().describe('Delete the stored login.'),
      ...resettable(settings),
    }),
    secrets: { login },
    answer: { kind: 'json', schema: cameraDetails },
    errors: [
      ...guarded,
      'camera-file-unusable',
      'changed-meanwhile',
      'login-form',
      'login-needed',
      'not-an-account',
      ...changeErrors,
    ],
    scope: 'cameras:write',
    camera: 'id',
    audit: 'write',
    rate: 'addresses',
    isLong: true,
    secondPerson: 'cameras',
    withoutProof: {
      where: 'the addresses, the certificate, the masks and the required liveness of the camera stay',
      holds: (input) =>
        !['url', 'substream', 'fingerprint', 'masks', 'requireLiveness'].some((name) => name in input),
    },
  }),
  'cameras.delete': operation({
    method: 'DELETE',
    path: '/cameras/{id}',
    summary: 'Remove a camera that the box keeps itself, and its login.',
    description: 'Recorded data is kept. A camera of the configuration file is removed there.',
    input: z.strictObject({ id: cameraId }),
    answer: { kind: 'json', schema: z.object({ id: z.string() }) },
    errors: [...guarded, ...changeErrors],
    scope: 'cameras:write',
    camera: 'id',
    audit: 'write',
    rate: 'default',
    isLong: true,
    commandLines: [
      {
        words: 'camera remove',
        does: 'remove a camera and its login; what the box has recorded stays',
        arguments: {
          id: ['camera', 'id, start of an id, or name of a camera that the box keeps itself'],
        },
        confirms: ({ input: { id } }) => `The box removes the camera "${id}" and deletes its login.`,
        text: (_: unknown, { input: { id } }) => `${id} is removed.`,
        examples: [['rollcall camera remove front-door', 'remove the camera and its login']],
      },
    ],
  }),
} as const;
