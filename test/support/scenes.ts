import sharp from 'sharp';
import { type CastId, cast, sceneOf, writeEnrolmentPhotos } from '../../scripts/virtual-camera/cast.js';
import { renderedClip } from '../../scripts/virtual-camera/rendered-clip.js';
import {
  type FaceScene,
  type Scene,
  scenarioSchema,
  type Waypoint,
} from '../../scripts/virtual-camera/scenario.js';
import { stillClip } from './clips.js';

/**
 * Pictures small and few enough to be rendered, decoded and analysed in time on a slow machine; faces in them are still well
 * above the smallest used, and three pictures show each blink.
 */
const size = { widthPx: 960, heightPx: 540, framesPerS: 12 } as const;

/** Long enough for a track to end before the next face comes. */
const pauseS = 2;
/** In which a face that never blinks becomes an attack, given `attackAfterS: 5`: it does not move in itself either. */
const pictureS = 8;

/** A face in front of the camera that comes slightly closer and then disappears. */
function standing(seconds: number): readonly Waypoint[] {
  return [
    { atS: 0, x: 0.42, y: 0.5, faceWidthPx: 170 },
    { atS: seconds, x: 0.56, y: 0.5, faceWidthPx: 190 },
  ];
}

function scene(who: CastId, seconds: number, blinks: FaceScene['blinks']): Scene {
  return { ...sceneOf(cast[who], seconds, blinks), path: standing(seconds) };
}

const pause: Scene = { kind: 'empty', seconds: pauseS };

/** Two plain blinks a second and a half apart, the first once the open eyes are known. */
const twoBlinks: FaceScene['blinks'] = [
  { atS: 1.8, durationS: 0.28 },
  { atS: 3.3, durationS: 0.28 },
];

function clipOf(scenes: readonly Scene[]): Promise<string> {
  return renderedClip(scenarioSchema.parse({ ...size, seed: 11, scenes }));
}

/** Ada blinks, the stranger blinks, Bea's picture is held up; an empty corridor between. About 26 s. */
export function everybodyClip(): Promise<string> {
  return clipOf([
    scene('ada', 5, twoBlinks),
    pause,
    scene('stranger', 5, twoBlinks),
    pause,
    scene('bea', pictureS, 'never'),
    pause,
  ]);
}

/** One member of the cast comes, blinks twice and goes, repeatedly: one event in about 7 s. */
export function visitorClip(who: CastId): Promise<string> {
  return clipOf([scene(who, 5, twoBlinks), pause]);
}

/** The same after so long a time with nobody that the scene rests. One event in 17 s. */
export function rareVisitorClip(who: CastId): Promise<string> {
  return clipOf([{ kind: 'empty', seconds: 12 }, scene(who, 5, twoBlinks)]);
}

const crowdColumns = 8;
const crowdRows = 5;

/** Forty faces at once that never move or blink, each some 70 pixels wide. Two seconds. */
export async function crowdClip(): Promise<string> {
  const cell = { width: size.widthPx / crowdColumns, height: size.heightPx / crowdRows };
  await using photos = await writeEnrolmentPhotos();
  const heads = await Promise.all(
    Object.values(photos.files).map((file) =>
      sharp(file)
        .resize({ ...cell, fit: 'cover' })
        .toBuffer(),
    ),
  );
  const picture = sharp({
    create: { width: size.widthPx, height: size.heightPx, channels: 3, background: '#777777' },
  }).composite(
    Array.from({ length: crowdColumns * crowdRows }, (_, index) => ({
      input: heads[index % heads.length] ?? Buffer.alloc(0),
      left: (index % crowdColumns) * cell.width,
      top: Math.floor(index / crowdColumns) * cell.height,
    })),
  );
  return await stillClip(await picture.png().toBuffer(), { framesPerS: size.framesPerS, seconds: 2 });
}
