import { z } from 'zod';
import { retainedCameraStates } from '../../kernel/camera-state.js';
import { code, signature, slug, time } from './message-fields.js';

const about = {
  version: z.literal(1),
  site: slug,
  box: slug,
  camera: slug.describe('configured id'),
};

const sequence = z.int().positive().describe('greater than in every earlier message on this topic');

/** One message on `<prefix>/<site>/<box>/camera/<id>/state`, retained. An empty message: the box does not have this camera. */
export const cameraStateSchema = z.strictObject({
  ...about,
  state: z
    .enum(retainedCameraStates)
    .describe('the last state known to the box; meaningless while the box is offline'),
  code: code.optional().describe('why it failed'),
  damage: code.optional().describe('only of a streaming camera: why its pictures are unusable'),
  time: time.describe('when this state began'),
  sequence,
  signature,
});

export type CameraStateMessage = z.infer<typeof cameraStateSchema>;

/** One message on `<prefix>/<site>/<box>/camera/<id>/counts`, retained; only where Home Assistant is enabled. */
export const cameraCountsSchema = z.strictObject({
  ...about,
  date: z.iso.date().describe('in the time zone of the site'),
  unknown: z.int().nonnegative().describe('unknown people recorded at this camera on that day so far'),
  time: time.describe('when the box counted'),
  sequence,
  signature,
});

export type CameraCountsMessage = z.infer<typeof cameraCountsSchema>;
