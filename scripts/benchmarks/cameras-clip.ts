import { cast, sceneOf } from '../virtual-camera/cast.js';
import { type Scenario, scenarioSchema } from '../virtual-camera/scenario.js';
import { oneFaceScenario } from './pipeline-clip.js';

/** `walk`: people come and go, so that events come. `stand`: one person stays. `empty`: an empty corridor. */
export const shows = ['walk', 'stand', 'empty'] as const;
export type Show = (typeof shows)[number];

/** Three people in turn, two of them strangers to each other's tracks: an empty corridor of two seconds ends each. */
function walkingScenario(): Scenario {
  const blinks = [
    { atS: 2.2, durationS: 0.26 },
    { atS: 4.6, durationS: 0.26 },
  ];
  const pause = { kind: 'empty', seconds: 2 };
  return scenarioSchema.parse({
    seed: 11,
    scenes: [
      sceneOf(cast.ada, 7, blinks),
      pause,
      sceneOf(cast.bea, 7, blinks),
      pause,
      sceneOf(cast.stranger, 7, blinks),
      pause,
    ],
  });
}

export function scenarioOf(show: Show): Scenario {
  switch (show) {
    case 'walk':
      return walkingScenario();
    case 'stand':
      return oneFaceScenario();
    case 'empty':
      return scenarioSchema.parse({ scenes: [{ kind: 'empty', seconds: 20 }] });
  }
}

/** Seconds the camera of this index starts into the clip: whole key frame intervals, so that no two show the same. */
export function startAtS(index: number, scenario: Scenario): number {
  const lengthS = scenario.scenes.reduce((sum, { seconds }) => sum + seconds, 0);
  return (2 * Math.round(index * 3.5)) % (2 * Math.floor(lengthS / 2));
}
