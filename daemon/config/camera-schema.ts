import { z } from 'zod';
import { cameraId } from '../domain/ids.js';
import { pictureChecks } from '../domain/picture-damage.js';
import { field } from './field.js';
import { credentialName, shownName, slugField, urlField } from './scalars.js';

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
  })
  .superRefine(
    (rates, context) => {
      if (rates.idleFps <= rates.trackingFps) return;
      context.addIssue({ code: 'custom', path: ['idleFps'], message: 'must not be above trackingFps' });
    },
    { when: () => true },
  );

/** One camera. `id`, `name` and `url` are enough. */
export const cameraSchema = z.strictObject({
  id: field(
    slugField.transform(cameraId),
    'restart',
    'Stable name in events, topics and logs. Another id is another camera.',
  ),
  name: field(shownName, 'live', 'Name shown to people.'),
  url: field(
    urlField(['rtsp', 'rtsps'], 'the address'),
    'replace',
    'RTSP address, without user and password. Prefer the substream of a camera that has one: analysing 640x360 costs a fraction of 1080p.',
  ),
  credential: field(
    credentialName.exactOptional(),
    'replace',
    'Name of the secret that holds `user:password` for the camera. Absent: the camera asks for none.',
  ),
  enabled: field(z.boolean().default(true), 'replace', 'A disabled camera is not opened.'),
  transport: field(
    z.enum(['tcp', 'udp']).default('tcp'),
    'replace',
    'How media travels. TCP loses no packets; UDP only where the camera offers nothing else.',
  ),
  direction: field(
    z.enum(['in', 'out', 'both']).default('both'),
    'live',
    'What an attendance at this camera means: coming in, going out, or either.',
  ),
  rates: ratesSchema.prefault({}),
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
