import type { FollowedFace, LiveFace } from '../../../../contract/live.js';

/** How a face is shown. Each has its own colour, line and sign, so that no colour alone tells. */
export const faceTones = ['recognised', 'waiting', 'attack', 'unseen'] as const;
export type FaceTone = (typeof faceTones)[number];

/** The sign beside the number of a face. */
export const signOf: Readonly<Record<FaceTone, string>> = {
  recognised: '✓',
  waiting: '…',
  attack: '✕',
  unseen: '?',
};

/** What the box makes of a face at this moment. */
export function toneOf(
  { quality }: Pick<LiveFace, 'quality'>,
  decision: FollowedFace['decision'] | undefined,
): FaceTone {
  if (decision?.outcome === 'attack') return 'attack';
  if (decision?.outcome === 'attended') return 'recognised';
  return quality === null ? 'unseen' : 'waiting';
}
