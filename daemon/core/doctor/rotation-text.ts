import type { Fault } from '../../contract/api-errors.js';
import type { KeyRotation } from '../../contract/keys.js';
import type { Said } from '../../kernel/said.js';
import { english } from '../../words/language.js';
import { doctor } from './finding.js';

export function remedyLine({ remedy }: Fault): string {
  return remedy === '' ? '' : `\n  what to do: ${remedy}`;
}

/** How far a rotation has come. */
export function rotationOf({ depth, fromKeyId, toKeyId, state, total, done, damaged }: KeyRotation): Said {
  const counts = { from: fromKeyId, to: toKeyId, state: doctor(`rotation-${state}`), done, total };
  const progress = doctor(depth === 'deep' ? 'rotation-deep' : 'rotation', counts);
  return damaged === 0 ? progress : doctor('rotation-damaged', { progress, damaged });
}

export function describeRotation(rotation: KeyRotation): string {
  const { problem } = rotation;
  const why = problem === undefined ? '' : `\n  ${problem.message}${remedyLine(problem)}`;
  return `${english.textOf(rotationOf(rotation))}${why}`;
}
