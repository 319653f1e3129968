import { z } from 'zod';
import { directions } from '../../kernel/events/event.js';
import { cameraId } from '../../kernel/ids.js';
import { livenessRequirements } from '../../kernel/liveness/liveness.js';
import { pictureChecks } from '../../kernel/picture-damage.js';
import { cameraSchemes } from '../../kernel/url-fault.js';
import { hwaccelChoices } from '../../kernel/video-decoder.js';
import { refuseRepeatedIds, whenList, whenObject } from './cross-checks.js';
import { certificateFingerprint, credentialName, shownName, slugField, urlField } from './scalars.js';
import { field } from './setting-field.js';
import { masksField, zonesField } from './zone-schema.js';

const ratesSchema = z
  .strictObject({
    idleFps: field(
      z.number().min(0.5).max(30).default(5),
      'replace',
      'Frames analysed per second while no face is tracked.',
    ),
    trackingFps: field(
      z.number().min(1).max(30).default(15),
      'replace',
      'Frames analysed per second while a face is tracked. Below 10, short blinks are missed: a blink of 150 ms can fall between two frames.',
    ),
    provingFps: field(
      z.number().min(1).max(30).default(30),
      'replace',
      'Frames analysed per second while the eyes of a face are visible and the face has not yet proven to be live. The camera and the processor time may allow fewer. 15 frames a second miss short blinks that 25 or 30 show. A value below `trackingFps` has no effect.',
    ),
  })
  .superRefine(
    (rates, context) => {
      if (rates.idleFps <= rates.trackingFps) return;
      context.addIssue({ code: 'custom', path: ['idleFps'], message: 'must not be above trackingFps' });
    },
    { when: () => true },
  );

const cameraFields = z.strictObject({
  id: field(
    slugField.transform(cameraId),
    'restart',
    'Stable name in events, topics and logs. A new id makes a new camera.',
  ),
  name: field(shownName, 'live', 'Name shown to people.'),
  url: field(
    urlField(cameraSchemes, 'the address'),
    'replace',
    'RTSP address, without user and password: `rtsps://` with TLS, `rtsp://` without. Faces are recognised in this stream.',
  ),
  substream: field(
    urlField(cameraSchemes, 'the address').exactOptional(),
    'replace',
    'RTSP address of a smaller stream of the same camera, such as 640x360, on the same scheme, host and port as `url`; the box uses the same login. The box then watches the substream, and decodes `url` only while something moves or a face is in sight. Both streams must show the same part of the scene. Absent: `url` is decoded all the time.',
  ),
  credential: field(
    credentialName.exactOptional(),
    'replace',
    'Name of the secret that holds `user:password` for the camera. Absent: the box sends no login.',
  ),
  allowBasicLogin: field(
    z.boolean().default(false),
    'replace',
    'Send the password unencrypted (Basic) to a camera that asks for it. Without TLS, others on the network can then read it. With `false` the box uses Digest only, and does not open a camera that offers only Basic.',
  ),
  caFile: field(
    z.string().startsWith('/', { error: 'must be an absolute path' }).exactOptional(),
    'replace',
    'File with the certificates (PEM) of the authorities that the camera is trusted by, for `rtsps://`. Absent: those of the system.',
  ),
  fingerprint: field(
    certificateFingerprint.exactOptional(),
    'replace',
    'SHA-256 fingerprint of the only certificate that this camera may show, for `rtsps://`: `sha256:` and 64 hexadecimal digits. `rollcall camera test` shows it. The box then checks no authority, name or validity. Absent: it checks all three.',
  ),
  enabled: field(z.boolean().default(true), 'replace', 'A disabled camera is not opened.'),
  transport: field(
    z.enum(['tcp', 'udp']).default('tcp'),
    'replace',
    'Transport of the video. TCP loses no packets; use UDP only where the camera does not offer TCP. `rtsps://` always uses TCP.',
  ),
  direction: field(
    z.enum(directions).default('both'),
    'live',
    'What an attendance at this camera means: coming in, going out, or either.',
  ),
  rates: ratesSchema.prefault({}),
  liveness: z
    .strictObject({
      require: field(
        z.enum(livenessRequirements).exactOptional(),
        'live',
        'What a recognised person must show at this camera for an attendance. Absent: the value of `liveness.require`.',
      ),
    })
    .prefault({}),
  smallestFacePx: field(
    z.int().min(16).max(1000).default(40),
    'replace',
    'Width of the smallest face that is tracked, in pixels of the full-resolution picture.',
  ),
  stallAfterS: field(
    z.number().min(1).max(60).default(5),
    'replace',
    'Seconds without a frame after which a running stream counts as dead and is opened again.',
  ),
  firstFrameWithinS: field(
    z.number().min(2).max(120).default(20),
    'replace',
    'Seconds that a newly opened stream may take to deliver its first frame. This is a key frame, so the value must exceed the key frame interval of the camera.',
  ),
  hwaccel: field(
    z.enum(hwaccelChoices).default('none'),
    'replace',
    'What decodes the video. `auto`: hardware that FFmpeg offers and that decodes a test clip correctly when the first such camera is opened; if it fails for this camera, software, which `rollcall status` reports. A name requires this hardware: the camera fails without it. `none`: software.',
  ),
  maxAnalysisWidthPx: field(
    z.int().min(320).max(7680).default(1920),
    'replace',
    'Wider pictures are first scaled down to this width. Face crops come from the scaled picture.',
  ),
  pictureChecks: field(
    z.array(z.enum(pictureChecks)).default([...pictureChecks]),
    'replace',
    'Faults that the pictures of a streaming camera are checked for: `damaged` by lost packets or decoding errors, `uniform` (one colour), `black`, `frozen` (the same picture bit by bit). Leave out what is normal at this camera, such as `black` in a room that is dark at night.',
  ),
  zones: zonesField,
  masks: masksField,
});

/** One camera. Only `id`, `name` and `url` are required. Settings for TLS are refused for an address without TLS. */
export const cameraSchema = cameraFields.superRefine((camera, context) => {
  const fail = (path: string, message: string, remedy: string): void =>
    context.addIssue({ code: 'custom', path: [path], message, params: { remedy } });
  const isPlain = /^rtsp:/i.test(String(camera?.url));
  for (const name of ['caFile', 'fingerprint'] as const) {
    if (!isPlain || camera[name] === undefined) continue;
    fail(name, 'has no effect without TLS', 'Use rtsps:// in url, or remove this line.');
  }
  const [server, ofSubstream] = [serverOf(camera?.url), serverOf(camera?.substream)];
  if (server !== undefined && ofSubstream !== undefined && server !== ofSubstream) {
    fail(
      'substream',
      'is at another server than url',
      'Use the same scheme, host and port as in url: the login of the camera is sent there.',
    );
  }
  if (camera?.substream !== undefined && camera.substream === camera.url) {
    fail('substream', 'is the same stream as url', 'Name the smaller stream here, or remove this line.');
  }
  if (!isPlain && camera?.caFile !== undefined && camera.fingerprint !== undefined) {
    fail('caFile', 'has no effect beside fingerprint', 'Remove caFile or fingerprint.');
  }
}, whenObject);

/** Scheme, host and port; undefined where it is no address, which its own check refuses. */
function serverOf(url: unknown): string | undefined {
  const text = String(url);
  if (!/^rtsps?:/i.test(text) || !URL.canParse(text)) return undefined;
  const { protocol, hostname, port } = new URL(text);
  const usualPort = protocol === 'rtsps:' ? '322' : '554';
  return `${protocol}//${hostname.toLowerCase()}:${port === '' ? usualPort : port}`;
}

export const camerasSchema = z
  .array(cameraSchema)
  .superRefine((cameras, context) => void refuseRepeatedIds({ '': cameras }, 'camera', context), whenList);
