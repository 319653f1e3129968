import type { Yuv420Picture } from '../../daemon/kernel/faces/picture.js';
import { type CastMember, cast } from '../virtual-camera/cast.js';
import { frames } from '../virtual-camera/render.js';
import { scenarioSchema } from '../virtual-camera/scenario.js';
import type { Clip } from './inference-pictures.js';

/** Two people, each a few seconds before a camera with 1080 lines, moving a little. */
export async function renderClips(framesPerS: number, seconds: number): Promise<readonly Clip[]> {
  const clips: Clip[] = [];
  for (const member of [cast.ada, cast.bea]) clips.push(await renderClip(member, framesPerS, seconds));
  return clips;
}

async function renderClip({ photo, face }: CastMember, framesPerS: number, seconds: number): Promise<Clip> {
  const path = [
    { atS: 0, x: 0.45, y: 0.5, faceWidthPx: 260 },
    { atS: seconds, x: 0.52, y: 0.48, faceWidthPx: 280 },
  ];
  const blinks = [{ atS: seconds / 2, durationS: 0.2 }];
  const scene = { kind: 'face', photo, face, seconds, blinks, path };
  const scenario = scenarioSchema.parse({ seed: 7, framesPerS, scenes: [scene] });
  const pictures: Yuv420Picture[] = [];
  const { widthPx, heightPx } = scenario;
  for await (const { data } of frames(scenario)) {
    pictures.push({ format: 'yuv420p', range: 'limited', widthPx, heightPx, data: data.slice() });
  }
  return { widthPx, heightPx, pictures };
}
