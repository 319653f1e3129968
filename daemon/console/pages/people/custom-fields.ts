import type { CustomField } from '../../../kernel/persons/custom-fields.js';
import { me } from '../../api/session.js';

/** The custom fields of the box, and those that only this person still has a value of, named by their ID. */
export function customFields(values: Readonly<Record<string, unknown>> = {}): readonly CustomField[] {
  const defined = me.value?.box.personFields ?? [];
  const others = Object.keys(values).filter((id) => !defined.some((field) => field.id === id));
  return [...defined, ...others.map((id) => ({ id, name: id }))];
}
