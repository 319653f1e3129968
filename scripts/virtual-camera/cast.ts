import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { type Box, boxCentre } from '../../daemon/kernel/faces/geometry.js';
import { type FaceScene, type Scenario, scenarioSchema, type Waypoint } from './scenario.js';

export type CastId = 'ada' | 'bea' | 'stranger';

/** A person of the sample photographs that come with @vladmandic/face-api, under a name made up here. */
export interface CastMember {
  readonly id: CastId;
  readonly name: string;
  /** Path of the photograph in node_modules. */
  readonly photo: string;
  /** Where the face is in it, pixels. */
  readonly face: Box;
}

const samples = createRequire(import.meta.url);

/** Path of a sample photograph in node_modules. */
export const samplePhotograph = (sample: number): string =>
  samples.resolve(`@vladmandic/face-api/demo/sample${sample}.jpg`);

function member(
  id: CastId,
  name: string,
  sample: number,
  [x, y, width, height]: readonly number[],
): CastMember {
  const photo = samplePhotograph(sample);
  return { id, name, photo, face: { x: x ?? 0, y: y ?? 0, width: width ?? 0, height: height ?? 0 } };
}

/**
 * Three people with clearly different embeddings, large faces, open eyes and no other person near. Ada and
 * Bea are meant to be enrolled, the stranger is not.
 */
export const cast: Readonly<Record<CastId, CastMember>> = {
  ada: member('ada', 'Ada', 6, [247, 517, 221, 242]),
  bea: member('bea', 'Bea', 6, [1479, 296, 224, 250]),
  stranger: member('stranger', 'Stranger', 3, [1476, 327, 218, 240]),
};

/** A face enters from the left of a picture that is `widthPx` wide, lingers, comes nearer, and leaves to the right. */
export function walkThrough(seconds: number, widthPx = 1920): readonly Waypoint[] {
  const face = (share: number) => Math.round(share * widthPx);
  return [
    { atS: 0, x: -0.12, y: 0.52, faceWidthPx: face(0.135) },
    { atS: 2, x: 0.4, y: 0.5, faceWidthPx: face(0.146) },
    { atS: (seconds + 0.6) / 2, x: 0.5, y: 0.48, faceWidthPx: face(0.161) },
    { atS: seconds - 1.4, x: 0.56, y: 0.51, faceWidthPx: face(0.172) },
    { atS: seconds, x: 1.15, y: 0.52, faceWidthPx: face(0.172) },
  ];
}

/** A scene in which a member of the cast walks through: one who blinks and looks around as people do, or a picture. */
export function sceneOf(
  who: CastMember,
  seconds: number,
  blinks: FaceScene['blinks'],
  widthPx?: number,
): FaceScene {
  const { photo, face } = who;
  return {
    ...{ kind: 'face', photo, face, seconds, blinks, path: walkThrough(seconds, widthPx) },
    looksAround: blinks !== 'never',
  };
}

const PAUSE_S = 2.5;

/**
 * What the demo's camera sees: Ada blinks (attendance), the stranger blinks (unknown person), Bea's picture is held
 * up for longer than people go without a blink (presentation attack); an empty corridor between, so that tracks end.
 */
export function demoScenario(): Scenario {
  const pause = { kind: 'empty', seconds: PAUSE_S };
  const [widthPx, heightPx] = [960, 540];
  return scenarioSchema.parse({
    ...{ widthPx, heightPx, framesPerS: 15, seed: 36 },
    scenes: [
      sceneOf(cast.ada, 10, 'natural', widthPx),
      pause,
      sceneOf(cast.stranger, 10, 'natural', widthPx),
      pause,
      sceneOf(cast.bea, 27, 'never', widthPx),
      pause,
    ],
  });
}

/** Half a side of an enrolment photograph relative to the face's longer side: room around the head, but no other person. */
const MARGIN = 0.85;

/** Enrolment photographs as files, for as long as they are needed. */
export interface EnrolmentPhotos extends AsyncDisposable {
  readonly files: Readonly<Record<CastId, string>>;
}

/** A JPEG of one face of a photograph, as for an enrolment. */
export function portrait({ photo, face }: Pick<CastMember, 'photo' | 'face'>): Promise<Buffer> {
  const half = Math.round(MARGIN * Math.max(face.width, face.height));
  const centre = boxCentre(face);
  const [left, top] = [Math.round(centre.x) - half, Math.round(centre.y) - half];
  return sharp(photo)
    .extract({ left, top, width: 2 * half, height: 2 * half })
    .jpeg({ quality: 95 })
    .toBuffer();
}

/** Writes one JPEG with one face for every member of the cast into a folder of its own, removed at the end. */
export async function writeEnrolmentPhotos(): Promise<EnrolmentPhotos> {
  const directory = await mkdtemp(join(tmpdir(), 'rollcall-cast-'));
  const write = async (who: CastMember): Promise<string> => {
    const file = join(directory, `${who.id}.jpg`);
    await writeFile(file, await portrait(who));
    return file;
  };
  return {
    files: {
      ada: await write(cast.ada),
      bea: await write(cast.bea),
      stranger: await write(cast.stranger),
    },
    async [Symbol.asyncDispose]() {
      await rm(directory, { recursive: true, force: true });
    },
  };
}
