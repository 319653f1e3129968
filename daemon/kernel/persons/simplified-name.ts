/** Accents and other marks that lie over or under letters (Unicode block "Combining Diacritical Marks"). */
const marks = /[\u0300-\u036f]/g;

/** The form in which names are compared and ordered: without case and marks, so that "muller" finds "Müller", who is among M. */
export const simplifiedName = (text: string): string =>
  text.normalize('NFD').replace(marks, '').normalize('NFC').trim().toLowerCase();
