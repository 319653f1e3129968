import { type Random, seededRandom } from '../../daemon/kernel/random.js';
import type { FaceScene, PlacedScene, Scenario, ScriptedBlink } from './scenario.js';

/** Intervals between spontaneous blinks: people at rest blink some 15 times a minute, seldom regularly. */
const INTERVAL_S = { least: 2.5, most: 5 };
const FIRST_AT_S = { least: 2.2, most: 2.8 };
const DURATION_S = { least: 0.24, most: 0.3 };
/** No blink so close to a scene's end: the face may already be leaving. */
const QUIET_END_S = 1.4;

/** Shares of a blink in which the lid falls and stays down; the rest is its slower rise. */
const FALLING = 0.35;
const SHUT = 0.15;

/** Every scene with its start and its blinks, natural ones drawn from the scenario's seed. */
export function placeScenes(scenario: Scenario): readonly PlacedScene[] {
  let startS = 0;
  return scenario.scenes.map((scene, index) => {
    const placed = {
      scene,
      startS,
      blinks: scene.kind === 'face' ? blinksOf(scene, seededRandom(scenario.seed * 1000 + index)) : [],
    };
    startS += scene.seconds;
    return placed;
  });
}

/** All blinks of the clip, their times in seconds since its start. */
export function blinksOfClip(scenario: Scenario): readonly ScriptedBlink[] {
  return placeScenes(scenario).flatMap(({ startS, blinks }) =>
    blinks.map((blink) => ({ ...blink, atS: startS + blink.atS })),
  );
}

function blinksOf(scene: FaceScene, random: Random): readonly ScriptedBlink[] {
  if (scene.blinks === 'never') return [];
  if (scene.blinks !== 'natural') return scene.blinks;
  const drawn: ScriptedBlink[] = [];
  let atS = between(FIRST_AT_S, random);
  while (atS < scene.seconds - QUIET_END_S) {
    drawn.push({ atS, durationS: between(DURATION_S, random) });
    atS += between(INTERVAL_S, random);
  }
  return drawn;
}

function between(range: { readonly least: number; readonly most: number }, random: Random): number {
  return range.least + (range.most - range.least) * random.unit();
}

/** How far the lids are closed at `atS` since the scene began: 0 open, 1 shut; flanks are raised cosines. */
export function closureAt(blinks: readonly ScriptedBlink[], atS: number): number {
  let closure = 0;
  for (const blink of blinks) {
    // The middle of a blink is the middle of the time its lid is more than half closed.
    const middle = (FALLING / 2 + FALLING + SHUT + (1 - FALLING - SHUT) / 2) / 2;
    const phase = (atS - blink.atS) / blink.durationS + middle;
    closure = Math.max(closure, closureInPhase(phase));
  }
  return closure;
}

function closureInPhase(phase: number): number {
  if (phase <= 0 || phase >= 1) return 0;
  if (phase < FALLING) return raisedCosine(phase / FALLING);
  if (phase < FALLING + SHUT) return 1;
  return raisedCosine((1 - phase) / (1 - FALLING - SHUT));
}

function raisedCosine(share: number): number {
  return (1 - Math.cos(Math.PI * share)) / 2;
}
