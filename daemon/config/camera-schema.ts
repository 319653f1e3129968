import { z } from 'zod';
import { cameraId } from '../domain/ids.js';
import { livenessRequirements } from '../domain/liveness/liveness.js';
import { pictureChecks } from '../domain/picture-damage.js';
import { field } from './field.js';
import { certificateFingerprint, credentialName, shownName, slugField, urlField } from './scalars.js';

const ratesSchema = z
  .strictObject({
    idleFps: field(
      z.number().min(0.5).max(30).default(5),
      'replace',
      'Frames analysed per second while nobody is there.',
    ),
    trackingFps: field(
      z.number().min(1).max(30).default(15),
      'replace',
      'Frames analysed per second while a face is tracked. Below 10 short blinks are missed: a blink of 150 ms can fall between two frames.',
    ),
    provingFps: field(
      z.number().min(1).max(30).default(30),
      'replace',
      'Frames analysed per second while the eyes of a face are seen that has not yet proven to be live, as far as the camera delivers them and processor time allows. 15 frames a second miss short blinks that 25 or 30 show. Not above `trackingFps`: no more than that.',
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
    'Stable name in events, topics and logs. Another id is another camera.',
  ),
  name: field(shownName, 'live', 'Name shown to people.'),
  url: field(
    urlField(['rtsp', 'rtsps'], 'the address'),
    'replace',
    'RTSP address, without user and password: `rtsps://` with TLS, `rtsp://` without. Prefer the substream of a camera that has one: analysing 640x360 costs a fraction of 1080p.',
  ),
  credential: field(
    credentialName.exactOptional(),
    'replace',
    'Name of the secret that holds `user:password` for the camera. Absent: the camera asks for none.',
  ),
  allowBasicLogin: field(
    z.boolean().default(false),
    'replace',
    'Send the password as it is (Basic) where the camera wants that. Without TLS anybody on the way can then read it. `false`: the password is only proved (Digest), and a camera that knows nothing but Basic is not opened.',
  ),
  caFile: field(
    z.string().startsWith('/', { error: 'must be an absolute path' }).exactOptional(),
    'replace',
    'Certificates (PEM) of the authorities that the certificate of this camera is trusted by, for `rtsps://`. Absent: those of the system.',
  ),
  fingerprint: field(
    certificateFingerprint.exactOptional(),
    'replace',
    'SHA-256 fingerprint of the only certificate that this camera may show, for `rtsps://`: `sha256:` and 64 hexadecimal digits. `rollcall camera test` shows it. Authority, name and validity do not matter then. Absent: all three are checked.',
  ),
  enabled: field(z.boolean().default(true), 'replace', 'A disabled camera is not opened.'),
  transport: field(
    z.enum(['tcp', 'udp']).default('tcp'),
    'replace',
    'How media travels. TCP loses no packets; UDP only where the camera offers nothing else. With `rtsps://` it is always TCP.',
  ),
  direction: field(
    z.enum(['in', 'out', 'both']).default('both'),
    'live',
    'What an attendance at this camera means: coming in, going out, or either.',
  ),
  rates: ratesSchema.prefault({}),
  liveness: z
    .strictObject({
      require: field(
        z.enum(livenessRequirements).exactOptional(),
        'live',
        'What a recognised person must show to attend at this camera. Absent: as `liveness.require` says.',
      ),
    })
    .prefault({}),
  smallestFacePx: field(
    z.int().min(16).max(1000).default(40),
    'replace',
    'Narrowest face worth tracking, in pixels of the full-resolution picture.',
  ),
  stallAfterS: field(
    z.number().min(1).max(60).default(5),
    'replace',
    'Seconds without a frame after which a stream that had delivered counts as dead and is opened anew.',
  ),
  firstFrameWithinS: field(
    z.number().min(2).max(120).default(20),
    'replace',
    'Seconds a newly opened stream may take to its first frame. It starts at a key frame: must exceed the key frame interval of the camera.',
  ),
  hwaccel: field(
    z.enum(['none', 'auto', 'vaapi', 'cuda', 'qsv', 'drm']).default('none'),
    'replace',
    'Hardware decoding, as FFmpeg names it. `auto` falls back to software.',
  ),
  maxAnalysisWidthPx: field(
    z.int().min(320).max(7680).default(1920),
    'replace',
    'Wider pictures are scaled down to this width before anything else; face crops are cut from what remains.',
  ),
  pictureChecks: field(
    z.array(z.enum(pictureChecks)).default([...pictureChecks]),
    'replace',
    'What the pictures are watched for while the camera streams: `damaged` by lost packets or decoding errors, `uniform` (one colour), `black`, `frozen` (the same picture bit by bit). Leave out what is normal at this camera, such as `black` in a room that is dark at night.',
  ),
});

/** One camera. `id`, `name` and `url` are enough. What belongs to TLS is refused where there is none. */
export const cameraSchema = cameraFields.superRefine(
  (camera, context) => {
    const fail = (path: string, message: string, remedy: string): void =>
      context.addIssue({ code: 'custom', path: [path], message, params: { remedy } });
    const isPlain = /^rtsp:/i.test(String(camera?.url));
    for (const name of ['caFile', 'fingerprint'] as const) {
      if (!isPlain || camera[name] === undefined) continue;
      fail(name, 'has no effect without TLS', 'write url as rtsps://, or leave this out');
    }
    if (!isPlain && camera?.caFile !== undefined && camera.fingerprint !== undefined) {
      fail('caFile', 'has no effect beside fingerprint', 'leave one of them out');
    }
  },
  { when: ({ value }) => typeof value === 'object' && value !== null },
);

/** All cameras; ids are unique. */
export const camerasSchema = z.array(cameraSchema).superRefine(
  (cameras, context) => {
    const seen = new Set<string>();
    for (const [index, camera] of cameras.entries()) {
      // Runs on what did not validate, too, so that all problems are told at once.
      const id: unknown = camera?.id;
      if (typeof id !== 'string') continue;
      if (seen.has(id)) {
        context.addIssue({
          code: 'custom',
          path: [index, 'id'],
          message: `is the id of an earlier camera, too: "${id}"`,
          params: { remedy: 'give every camera an id of its own' },
        });
      }
      seen.add(id);
    }
  },
  { when: (payload) => Array.isArray(payload.value) },
);
