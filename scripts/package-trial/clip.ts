// Renders what the camera of the trial shows, unless it was rendered before, and prints its path: a person who stays for half a
// minute and blinks often, so that even a busy machine sees it, and nobody for a while.
import { cast, sceneOf } from '../virtual-camera/cast.js';
import { renderedClip } from '../virtual-camera/rendered-clip.js';
import { scenarioSchema } from '../virtual-camera/scenario.js';

const staysS = 30;
const blinks = Array.from({ length: 9 }, (_, index) => ({ atS: 2 + index * 3, durationS: 0.3 }));
const path = [
  { atS: 0, x: 0.42, y: 0.5, faceWidthPx: 150 },
  { atS: staysS, x: 0.56, y: 0.5, faceWidthPx: 170 },
];

console.log(
  await renderedClip(
    scenarioSchema.parse({
      ...{ widthPx: 640, heightPx: 360, framesPerS: 12, seed: 11 },
      scenes: [
        { ...sceneOf(cast.ada, staysS, blinks), path },
        { kind: 'empty', seconds: 4 },
      ],
    }),
  ),
);
