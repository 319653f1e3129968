import { z } from 'zod';
import { type LivenessRequirement, livenessRequirements } from '../domain/liveness/liveness.js';
import { refuseCaFileWithoutTls, signedPostFields, whenObject } from './alert-channel-schema.js';
import { field } from './field.js';

// The plan of a vision process names the same choices: each list stands here only.
/** Execution providers of ONNX Runtime that may be configured. */
export const providerNames = ['auto', 'cpu', 'webgpu', 'cuda', 'tensorrt'] as const;
export const detectorNames = ['auto', 'ssd-mobilenet-v1', 'blazeface', 'in-turn', 'yunet'] as const;
/** Model packs that make templates. */
export const recogniserNames = ['dlib-resnet', 'mobilefacenet', 'faceres', 'sface', 'auraface'] as const;
const recogniserChoices = ['auto', ...recogniserNames] as const;
/** Those of which no operating point was measured: their owner gives one. */
export const unmeasuredRecognisers: readonly string[] = ['sface', 'auraface'];
export const passivePadNames = ['none', 'minifasnet'] as const;

export type ProviderName = (typeof providerNames)[number];
export type DetectorName = (typeof detectorNames)[number];
export type RecogniserName = (typeof recogniserNames)[number];
export type RecogniserChoice = (typeof recogniserChoices)[number];
export type PassivePadName = (typeof passivePadNames)[number];

/**
 * The detector that a configuration comes to. Passive detection wants the boxes of one detector: its score depends on
 * how the box is drawn (docs/accuracy.md), and two would give one face two scores.
 */
export function detectorInUse(vision: {
  readonly detector: DetectorName;
  readonly passivePad: PassivePadName;
}): Exclude<DetectorName, 'auto'> {
  if (vision.detector !== 'auto') return vision.detector;
  return vision.passivePad === 'none' ? 'in-turn' : 'ssd-mobilenet-v1';
}

/** Settings of the vision processes and of what they conclude from the eyes. */
export const visionSchema = z.strictObject({
  processes: field(
    z
      .union([z.literal('auto'), z.int().min(1).max(16)], {
        error: 'must be "auto" or a whole number from 1 to 16',
      })
      .default('auto'),
    'replace',
    'How many vision processes share the cameras. `auto` chooses from processor cores and cameras. Processes that are enough go on; others are added or ended beside them.',
  ),
  threads: field(
    z
      .union([z.literal('auto'), z.int().min(1).max(64)], {
        error: 'must be "auto" or a whole number from 1 to 64',
      })
      .default('auto'),
    'replace',
    'Threads one vision process uses for inference on the processor. `auto` divides the cores among them.',
  ),
  provider: field(
    z.enum(providerNames).default('auto'),
    'replace',
    'Execution provider of ONNX Runtime. `auto` tries the GPU and falls back to the processor; any other that fails is an error.',
  ),
  detector: field(
    z.enum(detectorNames).default('auto'),
    'replace',
    "Face detector. `in-turn` uses `ssd-mobilenet-v1` for the full looks and `blazeface` for the quick looks between, so that one finds faces that the other misses (docs/accuracy.md). `auto` is `in-turn`; with `passivePad` it is `ssd-mobilenet-v1`, because a passive score depends on how one detector draws its boxes. `blazeface` alone costs a quarter and wants faces of a tenth of the picture's width. `yunet` must be installed with `rollcall models`.",
  ),
  recogniser: field(
    z.enum(recogniserChoices).default('auto'),
    'restart',
    "Network that makes the templates. `auto` keeps the one that the gallery was made with, or takes the one that `rollcall gallery re-embed` has made it ready for; for a gallery that holds nobody it takes `mobilefacenet`, and `dlib-resnet` where `mobilefacenet` is not on the machine. A gallery is refused with another recogniser than its own. `mobilefacenet` errs far less than `dlib-resnet` and needs an npm package that set-up downloads; which photographs it was trained on is in doubt (docs/models.md). `faceres` misses nearly three times as many as `dlib-resnet` (docs/models.md). `sface` and `auraface` are downloaded with `rollcall models fetch`; they are built to their publishers' contracts and were never run by us, so they want `identification.threshold` and `identification.margin`, too.",
  ),
  passivePad: field(
    z.enum(passivePadNames).default('none'),
    'replace',
    'Passive presentation attack detection beside blinks. `minifasnet` must be installed with `rollcall models`.',
  ),
});

export const livenessSchema = z.strictObject({
  attackAfterS: field(
    z.number().min(5).max(300).default(7),
    'replace',
    'Seconds in which a face was well seen and neither blinked nor moved in itself, after which it counts as a presentation attack; faces of less than 80 pixels are not judged so. A face that moves in itself (speaks, smiles, raises its brows) is no attack, however seldom it blinks: at rest people blink 17 times a minute (Bentivoglio et al., Movement Disorders 12(6), 1997), so that every seventh stretch of 7 s has no blink.',
  ),
  minimumBlinks: field(z.int().min(1).max(10).default(1), 'replace', 'Blinks that prove a live person.'),
  require: field(
    z.enum(livenessRequirements).default('blink'),
    'live',
    'What a recognised person must show to attend. `blink`: that they are live. `not-attack`: nothing; the attendance says that life was not proven, and only a presentation attack prevents it. `challenge`: to do what the box asks for, three random actions one after the other; the prompts go to the broker and to `promptWebhook`, for a screen beside the camera (docs/challenge.md). With `not-attack` a photograph that is held up for some seconds attends (docs/attendance.md). Either way a recognised person without proof is told as `recognised-unproven`.',
  ),
  promptDelayS: field(
    z.number().min(0).max(3).default(1),
    'live',
    'Seconds by which the picture of a camera and the screen that shows the prompts may lag, together. A challenge waits for an answer for so much longer than its prompt says.',
  ),
  promptWebhook: z
    .strictObject(signedPostFields('prompts of challenges'))
    .superRefine(refuseCaFileWithoutTls, whenObject)
    .exactOptional()
    .meta({ description: 'Where prompts are posted to, beside the broker. Absent: to the broker only.' }),
});

/** A prompt that nobody can see makes nobody attend. */
export function refuseUnseenPrompts(
  file: {
    readonly mqtt?: unknown;
    readonly liveness: z.output<typeof livenessSchema>;
    readonly cameras: readonly { readonly liveness: { readonly require?: LivenessRequirement } }[];
  },
  context: z.RefinementCtx,
): void {
  const { mqtt, liveness, cameras } = file;
  if (mqtt !== undefined || liveness.promptWebhook !== undefined) return;
  const remedy = 'configure mqtt or liveness.promptWebhook, or require "blink"';
  const refuse = (path: (string | number)[]): void =>
    context.addIssue({
      ...{ code: 'custom', path, params: { remedy } },
      message: 'must not be "challenge": there is neither a broker nor a webhook that prompts could go to',
    });
  if (liveness.require === 'challenge') refuse(['liveness', 'require']);
  for (const [index, camera] of cameras.entries()) {
    if (camera.liveness.require === 'challenge') refuse(['cameras', index, 'liveness', 'require']);
  }
}
