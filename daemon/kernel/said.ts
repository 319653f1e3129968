/**
 * What the box says, before it is put into the words of a language: `daemon/words` has the words. It is data, so it can be stored,
 * sent to another process, and read by a program of an integrator.
 */
export interface Said {
  /**
   * File and key of the message, such as `passages/barred`. Part of the contract: a code is never renamed and never changes its
   * meaning.
   */
  readonly code: string;
  /** What the message shows, by name. Numbers are not rounded: the message says how many digits it shows. */
  readonly values?: SaidValues;
}

export type SaidValues = Readonly<Record<string, string | number | Said>>;

/** Puts a message, or the one with this code, into the words of a reader. */
export type Say = (message: Said | string, values?: SaidValues) => string;

/** What the texts of a document say, by the names of the fields that have them. */
export type SaidTexts<Field extends string = string> = { readonly [Name in Field]?: Said };

const declared = new WeakSet<object>();

/**
 * Notes that the contract declares what these texts say. Only such texts are put into the words of a reader: a record that somebody
 * sent, and that the box shows as it is, may have a field `says` of its own.
 */
export function declareTexts<Texts extends object>(says: Texts): Texts {
  declared.add(says);
  return says;
}

export const areDeclared = (says: unknown): says is SaidTexts =>
  typeof says === 'object' && says !== null && declared.has(says);

export const said = (code: string, values?: SaidValues): Said =>
  values === undefined ? { code } : { code, values };

/** A text that has no message of its own, such as the answer of a device. */
export const verbatim = (text: string): Said => said('doctor/verbatim', { text });

/** What a text of a document says; the text itself where nobody said it as a message. */
export function saidIn<Field extends string>(
  document: { readonly [Name in Field]?: string } & { readonly says?: SaidTexts<Field> },
  field: Field,
): Said {
  return document.says?.[field] ?? verbatim(document[field] ?? '');
}
