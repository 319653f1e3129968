import type { PersonSummary } from '../../../contract/person.js';
import type { CustomField } from '../../../kernel/persons/custom-fields.js';
import { can } from '../../api/session.js';
import { useList } from '../../api/use-fetched.js';
import type changeEn from '../../messages/en/change-people.json';
import type en from '../../messages/en/people.json';
import { Icon } from '../../parts/icon.js';
import { type Column, LongTable } from '../../parts/long-table.js';
import { PageHead } from '../../parts/page.js';
import { PersonPicture } from '../../parts/shown-picture.js';
import { useQuery, useSettled } from '../../parts/use-query.js';
import { dayOf, number } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { fieldOf, filtersOf, PeopleFilters, usedFilters } from './people-filters.js';
import { ConsentBadge, StandingBadges } from './standing.js';

const t = wordsOf<typeof en>('people');
const change = wordsOf<typeof changeEn>('change-people');

/** A face beside the name needs this height. */
const rowPx = 60;
/** Rows fetched at once. */
const pageSize = 200;

/** Everyone whom the box knows: search, filters, and how the box treats each. */
export default function People() {
  const query = useQuery();
  const list = useList('persons.list', useSettled({ ...filtersOf(query), limit: pageSize }));
  return (
    <>
      <PageHead title={t('title')} lead={t('lead')}>
        {can('persons:erase') && <a href={`/people/erase${query.search}`}>{change('erase-title')}</a>}
        {can('persons:write') && (
          <>
            <a href={`/people/change${query.search}`}>{change('title')}</a>
            <a href="/people/import">{t('import')}</a>
            <a href="/people/add">{t('add-from-files')}</a>
            <a href="/people/enrol">
              <Icon name="add" /> {t('enrol')}
            </a>
          </>
        )}
      </PageHead>
      <PeopleFilters query={query} />
      <LongTable
        caption={t('title')}
        list={list}
        columns={columns(fieldOf(query))}
        keyOf={({ id }) => id}
        rowPx={rowPx}
        empty={usedFilters(query) > 0 ? t('none-found') : t('none-yet')}
      />
    </>
  );
}

const columns = (field: CustomField | undefined): readonly Column<PersonSummary>[] => [
  {
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
  { head: t('filter-state'), cell: (person) => <StandingBadges of={person} /> },
  ...(field === undefined
    ? []
    : [{ head: field.name, cell: ({ fields }: PersonSummary) => fields?.[field.id] ?? '' }]),
  { head: t('groups'), cell: ({ groups = [] }) => groups.join(', '), isMinor: true },
  {
    head: t('filter-consent'),
    cell: ({ consentState }) => <ConsentBadge state={consentState} />,
    isMinor: true,
  },
  {
    head: t('photographs'),
    cell: ({ photographs, templates }) =>
      photographs === templates
        ? number(photographs)
        : t('photographs-of-templates', { photographs, templates }),
    isMinor: true,
    width: 'brief',
    isFigure: true,
  },
  { head: t('enrolled'), cell: ({ enrolledAt }) => dayOf(enrolledAt), isMinor: true },
];
