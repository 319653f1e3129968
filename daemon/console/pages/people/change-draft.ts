import type { CommonChange } from '../../../contract/persons.js';
import type { FieldValues } from '../../../kernel/persons/custom-fields.js';
import { type ConsentDraft, givenFields, groupNames } from './profile-draft.js';

/** What becomes of the first or last valid day. */
export const limitChanges = ['keep', 'day', 'none'] as const;
export type LimitChange = (typeof limitChanges)[number];

/** What becomes of the mark. */
export const listChanges = ['keep', 'watch', 'barred', 'none'] as const;
type ListChange = (typeof listChanges)[number];

/** A change of many people as a form holds it. */
export interface ChangeDraft extends ConsentDraft {
  /** Separated by commas. */
  readonly addGroups: string;
  readonly removeGroups: string;
  readonly from: LimitChange;
  readonly firstDay: string;
  readonly until: LimitChange;
  readonly lastDay: string;
  readonly list: ListChange;
  readonly reason: string;
  /** New values of custom fields, by ID; one that is empty stays. */
  readonly fields: FieldValues;
}

export const emptyChange: ChangeDraft = {
  ...{ addGroups: '', removeGroups: '', from: 'keep', firstDay: '', until: 'keep', lastDay: '' },
  ...{ list: 'keep', reason: '', basis: '', consentDay: '', consentReference: '', fields: {} },
};

/** What the box is asked to change. Empty where everything stays. */
export function commonChangeOf(draft: ChangeDraft): CommonChange {
  const { from, firstDay, until, lastDay, list, reason } = draft;
  const { basis, consentDay: dateIso, consentReference: reference } = draft;
  const [addGroups, removeGroups] = [groupNames(draft.addGroups), groupNames(draft.removeGroups)];
  const fields = givenFields(draft.fields);
  return {
    ...(Object.keys(fields).length > 0 && { fields }),
    ...(addGroups.length > 0 && { addGroups }),
    ...(removeGroups.length > 0 && { removeGroups }),
    ...(from !== 'keep' && { validFrom: from === 'day' ? firstDay : null }),
    ...(until !== 'keep' && { validUntil: until === 'day' ? lastDay : null }),
    ...(list !== 'keep' && { watch: list === 'none' ? null : { mark: list, reason } }),
    ...(basis !== '' && { consent: { basis, dateIso, reference } }),
  };
}
