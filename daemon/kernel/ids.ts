declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** Configured by the installer; a slug, safe in topics and file names. */
export type CameraId = Branded<'CameraId'>;
/** Identifies one track of one camera; unique across restarts and boxes. */
export type TrackId = Branded<'TrackId'>;
/** Opaque and random: reveals nothing about the person or the time of enrolment. */
export type PersonId = Branded<'PersonId'>;
/** UUIDv7 of one published fact. */
export type EventId = Branded<'EventId'>;
/** UUIDv7 of one passage. */
export type PassageId = Branded<'PassageId'>;
/** Opaque and random, `s-` and 26 letters and digits: the same for every passage of one stranger until retention ends it. */
export type StrangerId = Branded<'StrangerId'>;
/** Identifies the network, its version and the alignment that made a template. Only templates with equal ids are comparable. */
export type RecogniserId = Branded<'RecogniserId'>;

const slug = /^[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?$/;

/** Lower-case letters, digits, `-` and `_`, 1 to 64 characters, beginning and ending with a letter or digit. */
export function isSlug(text: string): boolean {
  return slug.test(text);
}

/** Whether `text` has the form of a complete person id: `p-` and 26 letters and digits. */
export function isWholePersonId(text: string): boolean {
  return /^p-[0-9a-hjkmnp-tv-z]{26}$/.test(text);
}

export const cameraId = (text: string): CameraId => text as CameraId;
export const trackId = (text: string): TrackId => text as TrackId;
export const personId = (text: string): PersonId => text as PersonId;
export const eventId = (text: string): EventId => text as EventId;
export const passageId = (text: string): PassageId => text as PassageId;
export const strangerId = (text: string): StrangerId => text as StrangerId;
export const recogniserId = (text: string): RecogniserId => text as RecogniserId;

/** The ids of a box and of its site; both are slugs. */
export interface BoxIds {
  readonly siteId: string;
  readonly boxId: string;
}
