import type { PassageItem } from '../../../contract/passages.js';
import { passageOutcomes } from '../../../kernel/passage-outcome.js';
import { type PassageReason, passageReasons } from '../../../kernel/passages/passage-reason.js';
import { present } from '../../../kernel/present.js';
import { useKept } from '../../api/kept-answers.js';
import { can } from '../../api/session.js';
import { useFollowed, useList } from '../../api/use-fetched.js';
import type en from '../../messages/en/passages.json';
import { CameraChoice, type Cameras, useCameras } from '../../parts/camera-choice.js';
import {
  beginOf,
  ChoiceFilter,
  endOf,
  Filters,
  NewRows,
  PeriodFilter,
  textsIn,
} from '../../parts/filters.js';
import { Field, Tick } from '../../parts/form-fields.js';
import { type Column, LongTable } from '../../parts/long-table.js';
import { PageHead } from '../../parts/page.js';
import { PersonFilter } from '../../parts/person-filter.js';
import { type RowChoice, RowTick, useRowChoice } from '../../parts/row-choice.js';
import { Fault } from '../../parts/shown-fault.js';
import { OutcomeBadge, outcomeWord, reasonWord } from '../../parts/term-words.js';
import { useDialog } from '../../parts/use-dialog.js';
import { type Query, useQuery, useSettled } from '../../parts/use-query.js';
import { clockSeconds, dayOf, decimals } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { Filmstrip } from './filmstrip.js';
import { MissedPerson, mayMark } from './mark-passage.js';
import { MarkChosen } from './mark-passages.js';
import { isReadable, whoOf } from './passage-item.js';

const t = wordsOf<typeof en>('passages');

/** Passages fetched at a time: some screens of the filmstrip. */
const pageSize = 200;

/** Whom each camera saw, newest first: as pictures or as a table. */
export default function Passages() {
  const query = useQuery();
  const cameras = useCameras();
  const filters = useSettled(filtersOf(query));
  const list = useList('passages.list', { ...filters, limit: pageSize });
  const { count, fault, showNew } = useNewPassages(filters, list.reload);
  const missing = useDialog();
  const isTable = query.get('view') === 'table';
  const markable = list.items.filter(mayMark).map(({ id }) => id);
  const choice = useRowChoice(markable, false);
  return (
    <>
      <PageHead
        title={t('title')}
        lead={t('lead')}
        actions={[
          {
            text: isTable ? t('as-pictures') : t('as-table'),
            onAct: () => query.set({ view: isTable ? '' : 'table' }),
          },
          {
            text: t('missed'),
            isOffered: can('passages:write', 'persons:read'),
            onAct: missing.opens(true),
          },
        ]}
      />
      <PassageFilters query={query} cameras={cameras} />
      {query.get('person') !== '' && (
        <p class="quiet">
          {t('only-recognised')} <a href={`/passages${query.searchWith({ person: '' })}`}>{t('whoever')}</a>
        </p>
      )}
      <Fault error={fault} />
      <NewRows text={count > 0 && t('show-new', { count })} onShow={showNew} />
      {isTable && can('passages:write') && (
        <MarkChosen choice={choice} ids={markable.filter(choice.has)} onMarked={list.reload} />
      )}
      {isTable ? (
        <LongTable
          caption={t('title')}
          list={list}
          columns={[...(can('passages:write') ? [choiceColumn(choice)] : []), ...columnsWith(cameras)]}
          keyOf={({ number: key }) => key}
          empty={t('empty')}
        />
      ) : (
        <Filmstrip list={list} cameras={cameras} />
      )}
      {missing.of && <MissedPerson cameras={cameras} onClose={missing.closes()} />}
    </>
  );
}

/** The filters in the address of the page, as `passages.list` takes them. */
const filtersOf = (query: Query) => ({
  ...textsIn(query, ['camera', 'person', 'stranger']),
  ...present({
    outcome: query.oneOf('outcome', passageOutcomes),
    reason: query.oneOf('reason', passageReasons),
    since: beginOf(query.get('since')),
    until: endOf(query.get('until')),
    marked: query.get('marked') === '' ? undefined : ('only' as const),
  }),
});

const nothing = { count: 0 } as const;

/** Counts what ends meanwhile. It comes into the list when the user wants it: nothing jumps. */
function useNewPassages(
  { since: _since, until, marked, ...followed }: ReturnType<typeof filtersOf>,
  reload: () => Promise<void>,
) {
  const key = `passages.follow ${JSON.stringify(followed)}`;
  const heard = useKept<{ readonly count: number; readonly position?: number }>(key, nothing);
  const { fault } = useFollowed(
    'passages.follow',
    () => ({ ...followed, ...(heard.value.position !== undefined && { after: heard.value.position }) }),
    ({ kind, position }) => {
      heard.value = { count: heard.value.count + (kind === 'passage' ? 1 : 0), position };
    },
    // What is new has no mark yet.
    { key, isWanted: until === undefined && marked === undefined },
  );
  return {
    count: heard.value.count,
    fault,
    showNew: () => {
      heard.value = { ...heard.value, count: 0 };
      globalThis.scrollTo(0, 0);
      void reload();
    },
  };
}

function PassageFilters({ query, cameras }: { readonly query: Query; readonly cameras: Cameras }) {
  return (
    <Filters saved={{ query, page: 'passages' }}>
      <PersonFilter query={query} label={t('person')} />
      <CameraChoice label={t('camera')} any={t('any-camera')} cameras={cameras} {...query.bound('camera')} />
      <ChoiceFilter
        {...{ query, name: 'outcome', label: t('outcome'), any: t('any-outcome') }}
        {...{ values: passageOutcomes, text: outcomeWord }}
      />
      <ChoiceFilter
        {...{ query, name: 'reason', label: t('reason'), any: t('any-reason') }}
        {...{ values: passageReasons, text: (each: PassageReason) => reasonWord(each) }}
      />
      <PeriodFilter query={query} from={['since', t('since')]} until={['until', t('until')]} />
      <Tick
        label={t('marked-only')}
        value={query.get('marked') !== ''}
        onValue={(isOn) => query.set({ marked: isOn ? 'only' : '' })}
      />
      {query.get('stranger') !== '' && <Field label={t('stranger')} {...query.bound('stranger')} />}
    </Filters>
  );
}

const choiceColumn = (choice: RowChoice): Column<PassageItem> => ({
  head: <span class="unseen">{t('select')}</span>,
  width: 'checkbox',
  cell: (passage) =>
    mayMark(passage) && (
      <RowTick
        choice={choice}
        id={passage.id}
        label={<span class="unseen">{t('select-passage', { time: timeOf(passage) })}</span>}
      />
    ),
});

const timeOf = (passage: PassageItem): string =>
  isReadable(passage) ? `${dayOf(passage.startedAt)} ${clockSeconds(passage.startedAt)}` : t('unreadable');

/** Passages as rows, for dense reading. */
const columnsWith = ({ nameOf }: Cameras): readonly Column<PassageItem>[] => [
  {
    head: t('time'),
    width: 'instant',
    cell: (passage) => <a href={`/passages/${passage.id}`}>{timeOf(passage)}</a>,
  },
  {
    head: t('outcome'),
    cell: (passage) => isReadable(passage) && <OutcomeBadge outcome={passage.outcome} />,
  },
  { head: t('who'), cell: (passage) => isReadable(passage) && whoOf(passage) },
  {
    head: t('reason'),
    isMinor: true,
    cell: (passage) => isReadable(passage) && reasonWord(passage.reason, passage.outcome),
  },
  {
    head: t('camera'),
    isMinor: true,
    cell: (passage) => isReadable(passage) && nameOf(passage.camera),
  },
  {
    head: t('in-sight'),
    isMinor: true,
    isFigure: true,
    cell: (passage) => isReadable(passage) && t('seconds', { value: decimals(passage.inSightS, 1) }),
  },
];
