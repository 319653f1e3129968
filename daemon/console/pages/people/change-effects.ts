import type { PersonSummary } from '../../../contract/person.js';
import type { ChangedPerson, CommonChange } from '../../../contract/persons.js';
import type { ConsentBasis } from '../../../kernel/persons/consent.js';
import type en from '../../messages/en/change-people.json';
import type peopleEn from '../../messages/en/people.json';
import type formEn from '../../messages/en/person-form.json';
import { plainDay } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('change-people');
const form = wordsOf<typeof formEn>('person-form');
const people = wordsOf<typeof peopleEn>('people');

/** What a change does to one field of a person, in words. */
export interface ChangeEffect {
  readonly field: string;
  readonly before: string;
  readonly after: string;
}

type Effect = (person: PersonSummary, change: CommonChange) => ChangeEffect;

const effects: Readonly<Record<ChangedPerson['fields'][number], Effect>> = {
  groups: ({ groups = [] }, { addGroups = [], removeGroups = [] }) => ({
    field: form('groups'),
    before: groupsInWords(groups),
    after: groupsInWords([...groups, ...addGroups].filter((group) => !removeGroups.includes(group))),
  }),
  validFrom: ({ validFrom }, change) => ({
    field: t('valid-from'),
    before: dayInWords(validFrom),
    after: dayInWords(change.validFrom),
  }),
  validUntil: ({ validUntil }, change) => ({
    field: t('valid-until'),
    before: dayInWords(validUntil),
    after: dayInWords(change.validUntil),
  }),
  watch: ({ watch }, change) => ({
    field: t('list'),
    before: listInWords(watch),
    after: listInWords(change.watch),
  }),
  consent: ({ consentState }, change) => ({
    field: form('consent'),
    before: people(`consent-${consentState}`),
    after: consentInWords(change.consent),
  }),
};

/** What a change does to a person, as the box listed them before. */
export const effectsOf = (
  person: PersonSummary,
  change: CommonChange,
  fields: ChangedPerson['fields'],
): readonly ChangeEffect[] => fields.map((field) => effects[field](person, change));

const groupsInWords = (groups: readonly string[]): string =>
  groups.length === 0 ? t('none') : [...new Set(groups)].sort().join(', ');

const dayInWords = (day: string | null | undefined): string =>
  day ? plainDay(day, { year: 'numeric', month: 'short', day: 'numeric' }) : t('no-limit');

function listInWords(watch: CommonChange['watch']): string {
  if (!watch) return t('none');
  return `${t(watch.mark === 'barred' ? 'blocklist' : 'watchlist')}, ${watch.reason}`;
}

function consentInWords(consent: CommonChange['consent']): string {
  if (consent === undefined) return '';
  // The form offers no other basis.
  const basis = form(`basis-${consent.basis as ConsentBasis}`);
  return [basis, dayInWords(consent.dateIso), consent.reference].join(', ');
}
