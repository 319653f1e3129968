import type { PersonSummary } from '../../../contract/person.js';
import { can } from '../../api/session.js';
import { useList } from '../../api/use-fetched.js';
import type en from '../../messages/en/people.json';
import { Choice, Field } from '../../parts/field.js';
import { Icon } from '../../parts/icon.js';
import { type Column, LongTable } from '../../parts/long-table.js';
import { PageHead } from '../../parts/page.js';
import { PersonPicture } from '../../parts/person-picture.js';
import { type Query, useQuery } from '../../parts/use-query.js';
import { useSettled } from '../../parts/use-settled.js';
import { dayOf, number } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';
import { ConsentBadge, StandingBadges } from './standing.js';

const t = wordsOf<typeof en>('people');

/** A face beside the name needs this height. */
const rowPx = 60;
/** Rows fetched at once. */
const pageSize = 200;

/** Everyone whom the box knows: search, filters, and how the box treats each. */
export default function People() {
  const query = useQuery();
  const list = useList('persons.list', useSettled(filtersOf(query)));
  const isFiltered = [...Object.keys(choices), 'text', 'group'].some((name) => query.get(name) !== '');
  return (
    <>
      <PageHead title={t('title')} lead={t('lead')}>
        {can('persons:write') && (
          <>
            <a href="/people/import">{t('import')}</a>
            <a href="/people/add">{t('add-from-files')}</a>
            <a href="/people/enrol">
              <Icon name="add" /> {t('enrol')}
            </a>
          </>
        )}
      </PageHead>
      <Filters query={query} />
      <LongTable
        caption={t('title')}
        list={list}
        columns={columns()}
        keyOf={({ id }) => id}
        rowPx={rowPx}
        empty={isFiltered ? t('none-found') : t('none-yet')}
      />
    </>
  );
}

/** The filters with a closed list of values; the first one counts when the address names none. */
const choices = {
  state: ['active', 'all', 'removed'],
  watch: ['everyone', 'any', 'watch', 'barred'],
  validity: ['all', 'valid', 'not-yet-valid', 'expired'],
  consent: ['any', 'recorded', 'none', 'withdrawn'],
  sort: ['newest', 'oldest', 'name'],
} as const;
type ChoiceName = keyof typeof choices;

function chosen<Name extends ChoiceName>({ get }: Query, name: Name): (typeof choices)[Name][number] {
  const known: readonly (typeof choices)[Name][number][] = choices[name];
  return known.find((each) => each === get(name)) ?? choices[name][0];
}

function filtersOf(query: Query) {
  const [text, group] = [query.get('text').trim(), query.get('group').trim()];
  const [watch, validity, consent] = [
    chosen(query, 'watch'),
    chosen(query, 'validity'),
    chosen(query, 'consent'),
  ];
  const removed = { active: 'excluded', all: 'included', removed: 'only' } as const;
  return {
    limit: pageSize,
    sort: chosen(query, 'sort'),
    removed: removed[chosen(query, 'state')],
    ...(text !== '' && { text }),
    ...(group !== '' && { group }),
    ...(watch !== 'everyone' && { watch }),
    ...(validity !== 'all' && { validity }),
    ...(consent !== 'any' && { consent }),
  };
}

function Filters({ query }: { readonly query: Query }) {
  return (
    <search class="filters">
      <Field
        label={t('search')}
        type="search"
        value={query.get('text')}
        onValue={(text) => query.set({ text })}
      />
      <Field
        label={t('group')}
        autocapitalize="none"
        spellcheck={false}
        value={query.get('group')}
        onValue={(group) => query.set({ group })}
      />
      <Filter name="state" query={query} text={(value) => t(`state-${value}`)} />
      <Filter name="watch" query={query} text={(value) => t(`watch-${value}`)} />
      <Filter name="validity" query={query} text={(value) => t(`validity-${value}`)} />
      <Filter name="consent" query={query} text={(value) => t(`consent-${value}`)} />
      <Filter name="sort" query={query} text={(value) => t(`sort-${value}`)} />
    </search>
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

const columns = (): readonly Column<PersonSummary>[] => [
  {
    key: 'name',
    head: t('name'),
    cell: ({ id, name, photographId, externalId }) => (
      <a href={`/people/${id}`} class="with-face">
        <PersonPicture id={id} photographId={photographId} />
        <span>
          {name}
          {externalId !== undefined && <small>{externalId}</small>}
        </span>
      </a>
    ),
  },
  { key: 'standing', head: t('standing'), cell: (person) => <StandingBadges of={person} /> },
  { key: 'groups', head: t('groups'), cell: ({ groups = [] }) => groups.join(', '), isMinor: true },
  {
    key: 'consent',
    head: t('consent'),
    cell: ({ consentState }) => <ConsentBadge state={consentState} />,
    isMinor: true,
  },
  {
    key: 'photographs',
    head: t('photographs'),
    cell: ({ photographs, templates }) =>
      photographs === templates
        ? number(photographs)
        : t('photographs-of-templates', { photographs, templates }),
    isMinor: true,
    isBrief: true,
    isFigure: true,
  },
  { key: 'enrolled', head: t('enrolled'), cell: ({ enrolledAt }) => dayOf(enrolledAt), isMinor: true },
];
