import type { SaidTexts } from './said.js';

/**
 * Faults of the pictures of a streaming camera: they cannot be decoded completely, show one colour, are black, or the same
 * picture repeats.
 */
export const pictureChecks = ['damaged', 'uniform', 'black', 'frozen'] as const;

export type PictureCheck = (typeof pictureChecks)[number];

/** Stable name, as published. */
export type PictureDamageCode = `pictures-${PictureCheck}`;

/** A fault of the pictures, in words for technicians. */
export interface PictureDamage {
  readonly code: PictureDamageCode;
  readonly message: string;
  readonly remedy: string;
  readonly says?: SaidTexts<'message' | 'remedy'>;
}
