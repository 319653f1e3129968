import { builtChild } from './built.js';

/**
 * A program in the place of a vision process that sends forbidden messages as fast as it can; see `rogueProgram`. `honest` keeps
 * to the rules, so that it can be seen whether it suffers from the others. `late` keeps to them, too, and is not ready before the core
 * asks for the log level `debug`. `lingering` says that it has failed, and does not end.
 */
export const rogueModes = [
  'invented-cameras',
  'many-tracks',
  'new-counters',
  'huge-report',
  'deep-nesting',
  'far-times',
  'sighting-flood',
  'evidence-flood',
  'state-flood',
  'escapes',
  'log-flood',
  'unasked-answers',
  'garbage',
  'half-a-report',
  'deaf',
] as const;
export type RogueMode = (typeof rogueModes)[number] | 'honest' | 'late' | 'lingering';

/** For `programOf` of a pool: path and argument. */
export function rogueProgram(mode: RogueMode): readonly string[] {
  return [builtChild('test/support/rogue-vision-child.ts'), mode];
}

/** How a terminal is cleared, a title set, a line forged. */
export const evilText =
  '\u001b[2J\u001b]0;owned\u0007\u202eno\u009b31m\n{"level":"error","message":"forged"}\u2028';
/** Says that it comes from the core. */
export const forgedLine =
  '{"level":"error","time":"2026-01-01T00:00:00.000Z","message":"forged line of the core"}';
/** Sightings of `honest`, so many milliseconds apart. */
export const honestEveryMs = 50;
