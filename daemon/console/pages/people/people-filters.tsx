import { consentStates } from '../../../kernel/persons/consent.js';
import type { CustomField } from '../../../kernel/persons/custom-fields.js';
import { personOrders } from '../../../kernel/persons/person-listing.js';
import { validities, watchMarks } from '../../../kernel/persons/person-standing.js';
import type en from '../../messages/en/people.json';
import { ChoiceFilter, Filters } from '../../parts/filters.js';
import { Choice, Field } from '../../parts/form-fields.js';
import type { Query } from '../../parts/use-query.js';
import { wordsOf } from '../../words/words.js';
import { customFields } from './custom-fields.js';

const t = wordsOf<typeof en>('people');

/** The filters with a closed list of values; the first one counts when the address names none. */
const choices = {
  state: ['active', 'all', 'removed'],
  watch: ['everyone', 'any', ...watchMarks],
  validity: ['all', ...validities],
  consent: ['any', ...consentStates],
  sort: ['newest', ...personOrders.filter((order) => order !== 'newest')],
} as const;
type ChoiceName = keyof typeof choices;

function chosen<Name extends ChoiceName>({ get }: Query, name: Name): (typeof choices)[Name][number] {
  const known: readonly (typeof choices)[Name][number][] = choices[name];
  return known.find((each) => each === get(name)) ?? choices[name][0];
}

/** How many filters the address has. The order is none. */
export const usedFilters = ({ get }: Query): number =>
  ['text', 'group', 'value', ...Object.keys(choices)].filter((name) => name !== 'sort' && get(name) !== '')
    .length;

/** The filters as the box takes them. */
export function filtersOf(query: Query) {
  const [text, group] = [query.get('text').trim(), query.get('group').trim()];
  const [field, value] = [fieldOf(query), query.get('value').trim()];
  const [watch, validity, consent] = [
    chosen(query, 'watch'),
    chosen(query, 'validity'),
    chosen(query, 'consent'),
  ];
  const removed = { active: 'excluded', all: 'included', removed: 'only' } as const;
  return {
    sort: chosen(query, 'sort'),
    removed: removed[chosen(query, 'state')],
    ...(text !== '' && { text }),
    ...(group !== '' && { group }),
    ...(field !== undefined && value !== '' && { field: `${field.id}=${value}` }),
    ...(watch !== 'everyone' && { watch }),
    ...(validity !== 'all' && { validity }),
    ...(consent !== 'any' && { consent }),
  };
}

/** The custom field that the user has chosen to see, and may search in. */
export const fieldOf = ({ get }: Query): CustomField | undefined =>
  customFields().find(({ id }) => id === get('field'));

/** Search and filters of the people, kept in the address. */
export function PeopleFilters({ query }: { readonly query: Query }) {
  const fields = customFields();
  const field = fieldOf(query);
  return (
    <Filters saved={{ query, page: 'people' }}>
      <Field
        label={t(fields.length > 0 ? 'search-fields' : 'search')}
        type="search"
        {...query.bound('text')}
      />
      <Field label={t('group')} autocapitalize="none" spellcheck={false} {...query.bound('group')} />
      <Filter name="state" query={query} text={(value) => t(`state-${value}`)} />
      <Filter name="watch" query={query} text={(value) => t(`watch-${value}`)} />
      <Filter name="validity" query={query} text={(value) => t(`validity-${value}`)} />
      <Filter name="consent" query={query} text={(value) => t(`consent-${value}`)} />
      {fields.length > 0 && (
        <ChoiceFilter
          query={query}
          name="field"
          label={t('filter-field')}
          any={t('field-none')}
          values={fields.map(({ id }) => id)}
          text={(id) => fields.find((each) => each.id === id)?.name ?? id}
        />
      )}
      {field !== undefined && <Field label={field.name} type="search" {...query.bound('value')} />}
      <Filter name="sort" query={query} text={(value) => t(`sort-${value}`)} />
    </Filters>
  );
}

interface FilterProps<Name extends ChoiceName> {
  readonly name: Name;
  readonly query: Query;
  readonly text: (value: (typeof choices)[Name][number]) => string;
}

function Filter<Name extends ChoiceName>({ name, query, text }: FilterProps<Name>) {
  const values: readonly (typeof choices)[Name][number][] = choices[name];
  return (
    <Choice
      label={t(`filter-${name}`)}
      value={chosen(query, name)}
      options={values.map((value) => [value, text(value)] as const)}
      onValue={(value) =>
        // Who withdrew their consent is a removed person.
        query.set({
          [name]: value === values[0] ? '' : value,
          ...(value === 'withdrawn' && { state: 'removed' }),
        })
      }
    />
  );
}
