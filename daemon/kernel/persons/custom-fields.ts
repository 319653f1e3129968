import { checkText } from '../printable-text.js';

/** Most custom fields that a box defines. */
export const mostFields = 20;
/** Longest value, in characters. */
export const longestFieldValue = 200;

/** IDs of fields name columns of tables, in which spaces and hyphens become underscores: an ID has neither. */
export const fieldId = /^[a-z][a-z0-9_]{0,31}$/;
export const longestFieldId = 32;

/** A field that the owner of the box has defined for all persons. */
export interface CustomField {
  readonly id: string;
  /** What people read. */
  readonly name: string;
}

/** The values of a person by the IDs of the fields, sorted by ID; none is empty. */
export type FieldValues = Readonly<Record<string, string>>;

/**
 * The values as they are stored, undefined if there are none, and all problems. An empty value counts as absent.
 * `known`: the fields that may have a value; undefined where they are not known.
 */
export function checkFields(
  given: FieldValues,
  known?: ReadonlySet<string>,
): { readonly fields: FieldValues | undefined; readonly problems: readonly string[] } {
  const problems: string[] = [];
  const values: (readonly [id: string, value: string])[] = [];
  for (const [id, value] of Object.entries(given).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (value.trim() === '') continue;
    const checked = checkText(value, { what: `the field "${id}"`, longest: longestFieldValue });
    if ('problem' in checked) problems.push(checked.problem);
    else if (!fieldId.test(id) || known?.has(id) === false) problems.push(unknownField(id, known));
    else values.push([id, checked.text]);
  }
  return { fields: values.length === 0 ? undefined : Object.fromEntries(values), problems };
}

function unknownField(id: string, known: ReadonlySet<string> = new Set()): string {
  const defined = known.size === 0 ? 'persons.fields defines none' : `defined are ${[...known].join(', ')}`;
  return `there is no field "${id.slice(0, 32)}": ${defined}`;
}

/** Splits `ID=TEXT`, which asks for the persons whose value contains a text. Undefined for anything else. */
export function fieldQuery(given: string): { readonly id: string; readonly text: string } | undefined {
  const at = given.indexOf('=');
  const [id, text] = [given.slice(0, at), given.slice(at + 1)];
  return at > 0 && fieldId.test(id) && text.trim() !== '' ? { id, text } : undefined;
}
