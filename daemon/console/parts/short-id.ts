/** Enough of the id of an unknown person to tell them apart: they have no names. */
export const shortId = (id: string): string => id.slice(0, 6);
