import type { Fault } from '../../contract/api-errors.js';
import type { KeyRotation } from '../../contract/keys.js';
import { counted } from '../../kernel/counted.js';

export function remedyLine({ remedy }: Fault): string {
  return remedy === '' ? '' : `\n  what to do: ${remedy}`;
}

const depthTexts = { wrap: 'rotation', deep: 'deep rotation' } as const;

export function describeRotation(rotation: KeyRotation): string {
  const { depth, fromKeyId, toKeyId, state, total, done, damaged, problem } = rotation;
  const counts = `${done} of ${counted(total, 'data key')}`;
  const broken = damaged === 0 ? '' : `, ${damaged} of them damaged and left unchanged`;
  const why = problem === undefined ? '' : `\n  ${problem.message}${remedyLine(problem)}`;
  return `${depthTexts[depth]} from ${fromKeyId} to ${toKeyId}: ${state}, ${counts}${broken}${why}`;
}
