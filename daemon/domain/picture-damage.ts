/**
 * What can be wrong with the pictures of a camera that streams: they cannot be decoded whole, they show one colour, they
 * show black, or the same picture comes again and again.
 */
export const pictureChecks = ['damaged', 'uniform', 'black', 'frozen'] as const;

export type PictureCheck = (typeof pictureChecks)[number];

/** Stable name, as it is published. */
export type PictureDamageCode = `pictures-${PictureCheck}`;

/** What is wrong with the pictures, in words for technicians. */
export interface PictureDamage {
  readonly code: PictureDamageCode;
  readonly message: string;
  readonly remedy: string;
}
