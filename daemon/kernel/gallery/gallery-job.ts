/** How a job on the whole gallery ends. `stopped` and `failed`: it continues when the gallery is next opened. */
export const jobEnds = ['finished', 'stopped', 'failed'] as const;
export type JobEnd = (typeof jobEnds)[number];

/** The states of a key rotation. `waiting`: a step failed and is tried again. */
export const rotationStates = ['running', 'waiting', ...jobEnds] as const;
export type RotationState = (typeof rotationStates)[number];

/**
 * The states of a move to another recogniser.
 * - `working`: photographs are being embedded.
 * - `ready`: everybody has a template. The gallery moves when the new recogniser is configured and the daemon restarts.
 * - `incomplete`: every photograph was tried; `missing` lists the persons without a template.
 * - `waiting`: a step failed and is tried again.
 * - `cancelling`: the new templates are being deleted; `cancelled`: they are deleted.
 * - `stopped` and `failed`: continues when the gallery is next opened.
 */
export const reEmbedStates = [
  'working',
  'ready',
  'incomplete',
  'waiting',
  'cancelling',
  'cancelled',
  'stopped',
  'failed',
] as const;
export type ReEmbedState = (typeof reEmbedStates)[number];
