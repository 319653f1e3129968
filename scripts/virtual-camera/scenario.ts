import { z } from 'zod';
import { headGestureKinds } from '../../daemon/kernel/liveness/head-gesture.js';

const box = z
  .strictObject({ x: z.number(), y: z.number(), width: z.number().positive(), height: z.number().positive() })
  .readonly();

const waypoint = z
  .strictObject({
    /** Seconds since the scene began. */
    atS: z.number().min(0),
    /** Centre of the face as a share of the picture's width and height; outside 0..1 is out of view. */
    x: z.number().min(-1).max(2),
    y: z.number().min(-1).max(2),
    /** Width of the face in the picture, pixels. */
    faceWidthPx: z.number().min(20).max(1000),
  })
  .readonly();

const blink = z
  .strictObject({
    /** Middle of the closure, seconds since the scene began. */
    atS: z.number().min(0),
    /** From the first movement of the lid to the last, seconds. */
    durationS: z.number().min(0.1).max(0.3),
  })
  .readonly();

const gesture = z
  .strictObject({
    /** When the head leaves its place, seconds since the scene began. */
    atS: z.number().min(0),
    kind: z.enum(headGestureKinds),
    /** How far it turns or tilts, degrees. */
    degrees: z.number().min(1).max(45).exactOptional(),
    /** How long it takes out, and back, seconds. */
    movesS: z.number().min(0.1).max(2).exactOptional(),
    /** How long it stays out, seconds. */
    staysS: z.number().min(0).max(10).exactOptional(),
  })
  .readonly();

const faceScene = z
  .strictObject({
    kind: z.literal('face'),
    /** Photograph, any format that sharp reads. */
    photo: z.string().min(1),
    /** Where the face is in the photograph, roughly, pixels. */
    face: box,
    seconds: z.number().positive(),
    /** When the eyes close: at given times, never, or by chance as people do. */
    blinks: z.union([z.literal('never'), z.literal('natural'), z.array(blink).readonly()]),
    /** What the head does when; nothing where absent. Turns are the person's own left and right. */
    gestures: z.array(gesture).readonly().exactOptional(),
    /** Whether the head turns a little all the time, as that of a living person does and that of a picture cannot. */
    looksAround: z.boolean().exactOptional(),
    /** Where the face is when, with eased movement between; sorted by time. */
    path: z.array(waypoint).min(1).readonly(),
  })
  .readonly();

const emptyScene = z.strictObject({ kind: z.literal('empty'), seconds: z.number().positive() }).readonly();

/** What the virtual camera shows: scenes one after another, the same picture for picture whenever it is rendered. */
export const scenarioSchema = z
  .strictObject({
    widthPx: z.number().int().multipleOf(2).min(320).max(3840).default(1920),
    heightPx: z.number().int().multipleOf(2).min(180).max(2160).default(1080),
    framesPerS: z.number().int().min(5).max(60).default(25),
    /** Chance in sway and natural blinks; the same seed gives the same clip. */
    seed: z.number().int().min(0).default(1),
    scenes: z
      .array(z.discriminatedUnion('kind', [faceScene, emptyScene]))
      .min(1)
      .readonly(),
  })
  .readonly();

export type Scenario = z.infer<typeof scenarioSchema>;
export type Scene = Scenario['scenes'][number];
export type FaceScene = z.infer<typeof faceScene>;
export type Waypoint = z.infer<typeof waypoint>;
export type ScriptedGesture = z.infer<typeof gesture>;
export type ScriptedBlink = z.infer<typeof blink>;

/** A face scene in its place in the clip, with the blinks it really shows. */
export interface PlacedScene {
  readonly scene: Scene;
  readonly startS: number;
  /** Times are seconds since the scene began. */
  readonly blinks: readonly ScriptedBlink[];
}
