import { z } from 'zod';
import { cameraStates, cameraStreams } from '../kernel/camera-state.js';
import { counted } from '../kernel/counted.js';
import { qualityReasons } from '../kernel/faces/quality.js';
import { table } from '../kernel/text-table.js';
import { videoDecoders } from '../kernel/video-decoder.js';
import { fault } from './api-errors.js';
import { writtenAs } from './command-line.js';
import { operation } from './operation.js';
import { passagesOfDay } from './passages-of-day.js';
import { says } from './said.js';
import { mask, zone } from './zones.js';

export const cameraId = z
  .string()
  .min(1)
  .max(64)
  .describe('The id of a configured camera.')
  .register(writtenAs, { as: 'camera' });
/** For filters: the camera may no longer be configured, and its id goes into the audit log. */
export const filteredCamera = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?$/)
  .describe('The id of a camera.')
  .register(writtenAs, { as: 'recorded camera' });

export const stream = z.object({
  codec: z.string(),
  widthPx: z.int().nonnegative(),
  heightPx: z.int().nonnegative(),
  fps: z.number().nullable().describe('As the camera announces it. Null if it announces none.'),
  decoder: z
    .enum(videoDecoders)
    .exactOptional()
    .describe('What decodes the video. Absent in boxes of older versions.'),
  fallback: fault
    .exactOptional()
    .describe(
      'Present if `hwaccel` is `auto` and the hardware failed, so that the video is decoded in software.',
    ),
});

/** What a camera gets and costs. */
export const cameraLoad = z.object({
  dueFps: z.number().describe('Frames per second that should have been analysed.'),
  analysedFps: z.number(),
  decoderCores: z.number().describe('Processor cores that its decoder used.'),
  analysisThreads: z
    .number()
    .describe('How much of a thread its analysis kept busy, by the time that its stages took.'),
});

/** Of a camera with two streams: the one that cannot be used, and why. */
export const lostStream = fault.extend({ which: z.enum(cameraStreams) });

/** A camera and its state. */
export const cameraStatus = z.object({
  id: z.string(),
  name: z.string(),
  isEnabled: z.boolean(),
  isSwitchedByCentre: z
    .literal(true)
    .exactOptional()
    .describe('Present if a centre switched the camera on or off, against the configuration.'),
  direction: z.string().describe('What an attendance at this camera means: `in`, `out` or `both`.'),
  state: z.enum(cameraStates),
  code: z.string().exactOptional().describe('Why it failed. Only for `failed`.'),
  message: z.string().exactOptional().describe('Only for `failed`.'),
  remedy: z.string().exactOptional().describe('Only for `failed`.'),
  says: says('message', 'remedy'),
  stream: stream.exactOptional().describe('Only for `streaming`.'),
  damage: fault.exactOptional().describe('Only for `streaming`: why its pictures cannot be used.'),
  load: cameraLoad
    .exactOptional()
    .describe('Over the last minute, or since the camera was opened. Absent until it is measured.'),
  lostStream: lostStream
    .exactOptional()
    .describe(
      'Only for `streaming`, and for a camera with a substream: the stream that cannot be used, and why. The other one is analysed alone.',
    ),
  viewers: z
    .int()
    .positive()
    .exactOptional()
    .describe('Callers who watch its live pictures or its video now. Absent without any.'),
  passages: passagesOfDay.describe('Passages of the current hour and the 23 hours before.'),
  counters: z
    .record(z.string(), z.number())
    .readonly()
    .describe('Frames delivered, analysed and dropped, times of the stages and others, by name.'),
});
export type CameraStatus = z.infer<typeof cameraStatus>;

/** The configured settings of a camera. Secrets appear by name only. */
export const cameraSettings = z.object({
  url: z.string().describe('The RTSP address, without user and password.'),
  substream: z
    .string()
    .exactOptional()
    .describe('The address of the smaller stream that the box watches. Absent: the camera has one stream.'),
  credential: z.string().exactOptional().describe('The name of the secret with user and password.'),
  allowBasicLogin: z.boolean().describe('Whether the password may be sent unencrypted.'),
  fingerprint: z.string().exactOptional().describe('The only certificate that the camera may show.'),
  transport: z.enum(['tcp', 'udp']),
  hwaccel: z.string(),
  requireLiveness: z
    .string()
    .exactOptional()
    .describe('What a recognised person must show for an attendance here. Absent: as for all cameras.'),
  idleFps: z.number(),
  trackingFps: z.number(),
  provingFps: z.number(),
  smallestFacePx: z.number(),
  maxAnalysisWidthPx: z.number(),
  stallAfterS: z.number(),
  firstFrameWithinS: z.number(),
  pictureChecks: z.array(z.string()).readonly(),
  zones: z.array(zone).readonly().describe('Where the box looks for faces, and where it ignores them.'),
  masks: z.array(mask).readonly().describe('What is black in every frame of the camera.'),
});

export const cameraDetails = cameraStatus.extend({
  settings: cameraSettings,
  isOwn: z
    .boolean()
    .describe('True if the box keeps the camera itself, so that it can be changed and deleted over the API.'),
  revision: z
    .int()
    .positive()
    .exactOptional()
    .describe('Another number after each change of the settings. Only for own cameras.'),
});
export type CameraDetails = z.infer<typeof cameraDetails>;

/** How the camera protects the connection. */
export const connectionSecurity = z.object({
  isEncrypted: z.boolean(),
  certificate: z
    .object({
      subject: z.string(),
      issuer: z.string(),
      names: z.string(),
      validFrom: z.string(),
      validUntil: z.string(),
      fingerprint: z.string(),
    })
    .nullable()
    .describe('The certificate of the camera, accepted or not. Null without TLS.'),
  login: z.enum(['digest', 'basic']).nullable(),
});

export const faceQuality = z.object({
  score: z.number().describe('0 (cannot be used) to 1 (a good photo for enrolment).'),
  reasons: z
    .array(z.enum(qualityReasons))
    .readonly()
    .describe('Why the face is refused. Empty if it is good.'),
});

/** Why a camera could not be opened, or a device tells nothing. */
export const notOpened = fault.extend({
  outcome: z.literal('failed'),
  connection: connectionSecurity.exactOptional(),
});

/** What a camera showed, or why it could not be opened. */
export const cameraTest = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('ok'),
    stream,
    firstFrameMs: z.number().describe('Time until the first frame, milliseconds.'),
    measuredFps: z.number(),
    decodingCores: z
      .number()
      .nullable()
      .describe('Processor cores that FFmpeg used. Null if this could not be measured.'),
    connection: connectionSecurity.exactOptional(),
    framesAnalysed: z.int().nonnegative(),
    problems: z.array(fault).readonly().describe('Problems of the camera, the network or this box.'),
    faces: z
      .array(
        z.object({
          widthPx: z.number(),
          score: z.number().describe('How certain the detector is, 0 to 1.'),
          quality: faceQuality.nullable().describe('Null if the landmarks were not found.'),
        }),
      )
      .readonly()
      .describe('The faces in the frame with the most faces.'),
  }),
  notOpened,
]);
export type CameraTest = z.infer<typeof cameraTest>;

/** Devices that answered. */
export const discovered = z.object({
  devices: z
    .array(
      z.object({
        address: z.string().describe('The address that the answer came from.'),
        name: z.string().exactOptional(),
        hardware: z.string().exactOptional().describe('The model, as the device names it.'),
        location: z.string().exactOptional(),
        services: z.array(z.string()).readonly().describe('Addresses of its ONVIF services.'),
        cameraIds: z.array(z.string()).readonly().describe('Cameras of the box at this address.'),
      }),
    )
    .readonly(),
  isCutShort: z.boolean().describe('True if more devices answered than the box lists.'),
});
export type Discovered = z.infer<typeof discovered>;

/** What a device offers to watch. */
export const deviceProfile = z.object({
  name: z.string().exactOptional(),
  codec: z.string().exactOptional().describe('As the device writes it, such as `H264` or `H265`.'),
  widthPx: z.int().positive().exactOptional(),
  heightPx: z.int().positive().exactOptional(),
  fps: z.int().positive().exactOptional().describe('The highest rate that the device sends.'),
  url: z
    .string()
    .exactOptional()
    .describe('The RTSP address, without user and password. Absent where the device names none.'),
  isElsewhere: z
    .boolean()
    .describe(
      'True if the address is on another host than the device. A person must decide whether to trust that host with the login.',
    ),
});

/** The profiles of a device, or why it told none. */
export const deviceProfiles = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('ok'),
    profiles: z.array(deviceProfile).readonly().describe('Those with the most pixels first.'),
    isCutShort: z.boolean().describe('True if the device has more profiles than the box lists.'),
  }),
  notOpened,
]);
export type DeviceProfiles = z.infer<typeof deviceProfiles>;

/** Errors of the secret and of the certificates of a camera. */
const secretErrors = [
  'ca-form',
  'ca-unreadable',
  'credential-empty',
  'credential-exposed',
  'credential-form',
  'credential-missing',
  'credential-name',
  'credential-too-large',
  'credential-unreadable',
] as const;

function describeDiscovery({ devices, isCutShort }: Discovered): string {
  if (devices.length === 0) {
    return 'no device answered\n  what to do: Check that the cameras are in the same network and that ONVIF discovery is switched on in them.';
  }
  const rows = devices.map(({ address, name = '', hardware = '', location = '', cameraIds }) => [
    ...[address, name, hardware, location],
    cameraIds.join(', '),
  ]);
  const listed = table(['address', 'name', 'hardware', 'location', 'camera'], rows);
  return isCutShort ? `${listed}\nmore than ${counted(devices.length, 'device')} answered` : listed;
}

export const cameraOperations = {
  'cameras.list': operation({
    method: 'GET',
    path: '/cameras',
    summary: 'List the configured cameras with their states and counters.',
    answer: { kind: 'json', schema: z.array(cameraStatus).readonly() },
    errors: [],
    scope: 'cameras:read',
    rate: 'default',
  }),
  'cameras.show': operation({
    method: 'GET',
    path: '/cameras/{id}',
    summary: 'Show a camera, its state and its settings.',
    input: z.strictObject({ id: cameraId }),
    answer: { kind: 'json', schema: cameraDetails },
    errors: ['no-such-camera'],
    scope: 'cameras:read',
    camera: 'id',
    rate: 'default',
  }),
  'cameras.test': operation({
    method: 'POST',
    path: '/cameras/{id}/test',
    summary: 'Open a configured camera and report what it shows, or why that failed.',
    description:
      'You can also test a disabled camera. The test opens a second stream of the camera and takes a few seconds. If the camera cannot be opened, the answer has the outcome `failed`; this is not an error.',
    input: z.strictObject({ id: cameraId }),
    answer: { kind: 'json', schema: cameraTest },
    errors: ['no-such-camera', 'vision-unavailable', ...secretErrors],
    scope: 'cameras:write',
    camera: 'id',
    centre: { scope: 'cameras', command: 'test-camera', answerAs: 'test' },
    rate: 'heavy',
    isLong: true,
  }),
  'cameras.snapshot': operation({
    method: 'POST',
    path: '/cameras/{id}/snapshot',
    summary: 'Take a picture with a camera that is streaming: the next frame that is analysed.',
    description: 'The box does not keep the picture.',
    input: z.strictObject({
      id: cameraId,
      boxes: z
        .boolean()
        .default(false)
        .describe(
          'Whether the picture shows a box around each face that the box follows, with its number, its quality, and the faults of the view or the verdict on liveness.',
        ),
    }),
    answer: { kind: 'file', mediaType: 'image/jpeg' },
    errors: ['no-such-camera', 'camera-not-streaming', 'vision-unavailable'],
    scope: 'live:watch',
    camera: 'id',
    audit: 'personal',
    rate: 'detection',
    isLong: true,
  }),
  'cameras.discover': operation({
    method: 'POST',
    path: '/cameras/discover',
    summary: 'Look for ONVIF cameras in the networks of the box.',
    description:
      'Asks by WS-Discovery (multicast to 239.255.255.250, UDP port 3702) and waits for answers. The answers are not verified: a device can say anything about itself. They have no RTSP addresses: ask for them with `cameras.profiles`.',
    input: z.strictObject({
      seconds: z.number().min(1).max(10).default(3).describe('How long to wait for answers.'),
    }),
    answer: { kind: 'json', schema: discovered },
    errors: ['vision-unavailable'],
    scope: 'cameras:write',
    audit: 'write',
    rate: 'heavy',
    isLong: true,
    commandLines: [
      {
        words: 'camera discover',
        does: 'look for ONVIF cameras in the networks of the box',
        options: { seconds: ['--seconds <number>', 'how long to wait for answers, 1 to 10; default: 3'] },
        text: describeDiscovery,
        examples: [['rollcall camera discover', 'list the ONVIF devices of the network']],
      },
    ],
  }),
  'cameras.release': operation({
    method: 'POST',
    path: '/cameras/{id}/release',
    summary: 'Remove the switch of a centre, so that the configuration decides again.',
    input: z.strictObject({ id: cameraId }),
    answer: {
      kind: 'json',
      schema: z.object({
        isReleased: z.boolean().describe('False if no centre had switched the camera.'),
      }),
    },
    errors: ['no-such-camera', 'vision-not-starting', ...secretErrors],
    scope: 'cameras:write',
    camera: 'id',
    audit: 'write',
    rate: 'default',
    isLong: true,
    commandLines: [
      {
        words: 'camera release',
        does: 'undo the switching of a camera by a centre: the configuration decides again',
        arguments: {
          id: ['camera', 'id, start of an id, or name of a camera that a centre switched on or off'],
        },
        text: ({ isReleased }: { readonly isReleased: boolean }, { input: { id } }) =>
          isReleased
            ? `${id}: the configuration decides again`
            : `${id}: no change, because no centre had switched it`,
        examples: [['rollcall camera release front-door', 'undo the switching by a centre']],
      },
    ],
  }),
} as const;
