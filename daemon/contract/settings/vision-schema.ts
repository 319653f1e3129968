import { z } from 'zod';
import { type LivenessRequirement, livenessRequirements } from '../../kernel/liveness/liveness.js';
import { mostVisionProcesses } from '../../kernel/vision-processes.js';
import { refuseCaFileWithoutTls, signedPostFields } from './alert-channel-schema.js';
import { whenObject } from './cross-checks.js';
import { field } from './setting-field.js';

// The plan of a vision process uses the same lists.
/** Execution providers of ONNX Runtime that may be configured. */
export const providerNames = ['auto', 'cpu', 'webgpu', 'cuda', 'tensorrt'] as const;
export const detectorNames = ['auto', 'ssd-mobilenet-v1', 'blazeface', 'in-turn', 'yunet'] as const;
/** Model packs that make templates. */
export const recogniserNames = ['dlib-resnet', 'mobilefacenet', 'faceres', 'sface', 'auraface'] as const;
/** The name of a network that the owner of the box added with `rollcall models add-recogniser`. */
const ownRecogniserName = z
  .templateLiteral(['own-', z.string().regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/)])
  .meta({ title: 'own-NAME for an added network' });
/** Every recogniser that a box may use. Whether an added one exists is known to its store of models. */
export const recogniserName = z.union([z.enum(recogniserNames), ownRecogniserName]);
const recogniserSetting = z.union([z.enum(['auto', ...recogniserNames]), ownRecogniserName]);
/** Recognisers without a measured operating point: the owner of the box configures one. */
export const unmeasuredRecognisers: readonly string[] = ['sface', 'auraface'];
export const passivePadNames = ['none', 'minifasnet'] as const;
/** Networks that find the landmarks of a face. */
export const landmarkNames = ['facemesh', 'face-landmarker'] as const;

export type ProviderName = (typeof providerNames)[number];
export type DetectorName = (typeof detectorNames)[number];
/** A recogniser of the model manifest. */
export type ListedRecogniser = (typeof recogniserNames)[number];
export type RecogniserName = z.infer<typeof recogniserName>;
export type RecogniserSetting = z.infer<typeof recogniserSetting>;
export type LandmarkName = (typeof landmarkNames)[number];
export type PassivePadName = (typeof passivePadNames)[number];

/**
 * The detector that a configuration selects. A passive PAD score depends on how a detector draws its boxes
 * (docs/measurements/accuracy.md): two detectors would give one face two scores.
 */
export function detectorInUse(vision: {
  readonly detector: DetectorName;
  readonly passivePad: PassivePadName;
}): Exclude<DetectorName, 'auto'> {
  if (vision.detector !== 'auto') return vision.detector;
  return vision.passivePad === 'none' ? 'in-turn' : 'ssd-mobilenet-v1';
}

export const visionSchema = z.strictObject({
  processes: field(
    z
      .union([z.literal('auto'), z.int().min(1).max(mostVisionProcesses)], {
        error: `must be "auto" or a whole number from 1 to ${mostVisionProcesses}`,
      })
      .default('auto'),
    'replace',
    'Number of vision processes that share the cameras. `auto`: one for every four cameras, but no more than one for every four cores, or for as many as `threads`; an added camera may start another process, and no camera moves until the daemon starts again. More of them confine a crash to fewer cameras, but each loads all networks again. A change starts or stops individual processes; the others continue.',
  ),
  threads: field(
    z
      .union([z.literal('auto'), z.int().min(1).max(64)], {
        error: 'must be "auto" or a whole number from 1 to 64',
      })
      .default('auto'),
    'replace',
    'Number of CPU threads that each vision process uses for inference. Each of its threads loads the networks and serves any camera; if there are more threads than cameras, several work on one picture. `auto` divides the cores among the processes.',
  ),
  provider: field(
    z.enum(providerNames).default('auto'),
    'replace',
    'Execution provider of ONNX Runtime. `auto` tries the GPU, and continues on the processor with a warning if the GPU fails at the start or repeatedly later. Any other provider that fails is an error.',
  ),
  detector: field(
    z.enum(detectorNames).default('auto'),
    'replace',
    "Face detector. `in-turn` uses `ssd-mobilenet-v1` for the full detector runs and `blazeface` for the quick runs between them, so that one finds faces that the other misses (docs/measurements/accuracy.md). `auto` means `in-turn`; with `passivePad` it means `ssd-mobilenet-v1`, because a passive score depends on how one detector draws its boxes. `blazeface` alone costs a quarter and needs faces of at least a tenth of the picture's width. `yunet` must be installed with `rollcall models`.",
  ),
  landmarks: field(
    z.enum(landmarkNames).default('facemesh'),
    'replace',
    'Network that finds the landmarks of a face and shows how far its eyes are open. `facemesh` comes with the program, with a second network for the eyes. `face-landmarker` does both, and finds more blinks at low frame rates (docs/measurements/accuracy.md); it must be installed with `rollcall models`.',
  ),
  recogniser: field(
    recogniserSetting.default('auto'),
    'restart',
    'Network that makes the templates. `auto` keeps the recogniser of the gallery, or takes the one that `rollcall gallery re-embed` has prepared. For an empty gallery it takes `mobilefacenet`, or `dlib-resnet` where `mobilefacenet` is not installed. A gallery can only be opened with its own recogniser. `mobilefacenet` makes far fewer errors than `dlib-resnet` and needs an npm package that set-up downloads; it is uncertain which photos it was trained on (docs/reference/models.md). `faceres` misses nearly three times as many faces as `dlib-resnet` (docs/reference/models.md). `sface` and `auraface` are downloaded with `rollcall models fetch`. They follow the contracts of their publishers and were never measured with rollcall, so they also need `identification.threshold` and `identification.margin`. `own-NAME` is a network of your own that `rollcall models add-recogniser` has measured (docs/how-to/add-a-recogniser.md).',
  ),
  passivePad: field(
    z.enum(passivePadNames).default('none'),
    'replace',
    'Passive presentation attack detection beside blinks. `minifasnet` must be installed with `rollcall models`.',
  ),
  isolation: field(
    z.enum(['preferred', 'required']).default('preferred'),
    'restart',
    'Isolation of the processes that parse camera streams, photos, and clips (docs/explanation/isolation.md). `preferred`: they run with the best isolation that this machine offers; `rollcall status` and `rollcall doctor` report what is missing. `required`: the daemon refuses to start unless vision processes are fully isolated, in units of systemd. Of the gaps, it accepts only `memory`, where the kernel cannot limit it. For a command that starts a vision process of its own, such as `rollcall models add-recogniser`, a sandbox is enough.',
  ),
});

export const livenessSchema = z.strictObject({
  attackAfterS: field(
    z.number().min(5).max(300).default(7),
    'replace',
    'Seconds after which a clearly visible face that neither blinked nor changed its shape counts as a presentation attack if it moved as a whole, like a photo held in a hand. A face that stays still is undetermined (`still-face`). This rule does not apply to faces under 80 pixels. A face that changes its shape (speaks, smiles, raises its eyebrows) is not an attack, however rarely it blinks. With `require: not-attack`, an attendance without a passed liveness check also needs this much time. At rest, people blink 17 times a minute (Bentivoglio et al., Movement Disorders 12(6), 1997), so one in seven periods of 7 s has no blink.',
  ),
  minimumBlinks: field(
    z.int().min(1).max(10).default(1),
    'replace',
    'Number of blinks needed to confirm liveness. A blink counts only if something else in the face moves within 5 seconds of it.',
  ),
  require: field(
    z.enum(livenessRequirements).default('blink'),
    'live',
    'Liveness check that a recognised person must pass before attendance is recorded. `blink`: a blink in a face that also moves otherwise. A replayed video of a person can show both. `not-attack`: be clearly visible for `attackAfterS` without looking like an image; the attendance states that liveness was not confirmed. `challenge`: three random actions, one after the other; the prompts are sent to paired displays, to the broker, and to `promptWebhook` (docs/reference/challenge.md). Use `challenge` at doors that matter; docs/measurements/accuracy.md shows what each value accepts. With every value, a recognised person who does not pass the check is published as `recognised-unproven`.',
  ),
  promptDelayS: field(
    z.number().min(0).max(3).default(1),
    'live',
    'Combined delay of the camera and the display with the prompts, in seconds. A challenge waits this much longer for a response than its prompt says.',
  ),
  promptWebhook: z
    .strictObject(signedPostFields('prompts of challenges'))
    .superRefine(refuseCaFileWithoutTls, whenObject)
    .exactOptional()
    .meta({
      description: 'Webhook that prompts are posted to, in addition to the broker. Absent: the broker only.',
    }),
});

/** With a challenge but no way to show its prompts, there would be no attendance at all. */
export function refuseUnseenPrompts(
  file: {
    readonly mqtt?: unknown;
    readonly gate: { readonly enabled: boolean };
    readonly liveness: z.output<typeof livenessSchema>;
    readonly cameras: readonly { readonly liveness: { readonly require?: LivenessRequirement } }[];
  },
  context: z.RefinementCtx,
): void {
  const { mqtt, gate, liveness, cameras } = file;
  if (mqtt !== undefined || gate.enabled || liveness.promptWebhook !== undefined) return;
  const remedy = 'Enable the gate, configure mqtt or liveness.promptWebhook, or require "blink".';
  const refuse = (path: (string | number)[]): void =>
    context.addIssue({
      ...{ code: 'custom', path, params: { remedy } },
      message:
        'must not be "challenge": the gate is disabled, and neither a broker nor a webhook for the prompts is configured',
    });
  if (liveness.require === 'challenge') refuse(['liveness', 'require']);
  for (const [index, camera] of cameras.entries()) {
    if (camera.liveness.require === 'challenge') refuse(['cameras', index, 'liveness', 'require']);
  }
}
