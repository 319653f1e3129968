import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { PassageItem } from '../../../contract/passages.js';
import { passageOutcomes } from '../../../kernel/passage-outcome.js';
import { passageReasons } from '../../../kernel/passages/passage-reason.js';
import { can } from '../../api/session.js';
import { type FetchedList, useFollowed, useList } from '../../api/use-fetched.js';
import type en from '../../messages/en/passages.json';
import { CameraChoice, type Cameras, useCameras } from '../../parts/camera-choice.js';
import { Fault } from '../../parts/fault.js';
import { Choice, Field, Tick } from '../../parts/field.js';
import { type Column, LongTable } from '../../parts/long-table.js';
import { PageHead } from '../../parts/page.js';
import { OutcomeBadge, outcomeWord, reasonWord } from '../../parts/terms.js';
import { type Query, useQuery, useSettled } from '../../parts/use-query.js';
import { clockSeconds, dayOf, number } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';
import { Filmstrip } from './filmstrip.js';
import { MissedPerson } from './mark-passage.js';
import { filtersOf, isReadable, type PassageFilters, whoOf } from './passage-item.js';

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
  const isMissing = useSignal(false);
  const isTable = query.get('view') === 'table';
  return (
    <>
      <PageHead title={t('title')} lead={t('lead')}>
        <button type="button" class="secondary" onClick={() => query.set({ view: isTable ? '' : 'table' })}>
          {isTable ? t('as-pictures') : t('as-table')}
        </button>
        {can('passages:write', 'persons:read') && (
          <button
            type="button"
            class="secondary"
            onClick={() => {
              isMissing.value = true;
            }}
          >
            {t('missed')}
          </button>
        )}
      </PageHead>
      <Filters query={query} cameras={cameras} />
      <Fault error={fault} />
      <p role="status" class="count">
        {count > 0 && (
          <button type="button" class="small" onClick={showNew}>
            {t('show-new', { count })}
          </button>
        )}
      </p>
      {isTable ? <PassageTable list={list} cameras={cameras} /> : <Filmstrip list={list} cameras={cameras} />}
      {isMissing.value && (
        <MissedPerson
          cameras={cameras}
          onClose={() => {
            isMissing.value = false;
          }}
        />
      )}
    </>
  );
}

/** Counts what ends meanwhile. It comes into the list when the user wants it: nothing jumps. */
function useNewPassages(
  { since: _since, until, marked, ...followed }: PassageFilters,
  reload: () => Promise<void>,
) {
  const count = useSignal(0);
  const position = useSignal<number | undefined>(undefined);
  const key = JSON.stringify(followed);
  useEffect(() => {
    count.value = 0;
    position.value = undefined;
  }, [key]);
  const { fault } = useFollowed(
    'passages.follow',
    () => ({ ...followed, ...(position.value !== undefined && { after: position.value }) }),
    (line) => {
      position.value = line.position;
      if (line.kind === 'passage') count.value += 1;
    },
    // What is new has no mark yet.
    { key, isWanted: until === undefined && marked === undefined },
  );
  return {
    count: count.value,
    fault,
    showNew: () => {
      count.value = 0;
      globalThis.scrollTo(0, 0);
      void reload();
    },
  };
}

function Filters({ query: { get, set }, cameras }: { readonly query: Query; readonly cameras: Cameras }) {
  const outcome = passageOutcomes.find((each) => each === get('outcome')) ?? '';
  const reason = passageReasons.find((each) => each === get('reason')) ?? '';
  return (
    <search class="filters">
      <CameraChoice
        label={t('camera')}
        any={t('any-camera')}
        cameras={cameras}
        value={get('camera')}
        onValue={(camera) => set({ camera })}
      />
      <Choice
        label={t('outcome')}
        value={outcome}
        options={[
          ['', t('any-outcome')],
          ...passageOutcomes.map((each) => [each, outcomeWord(each)] as const),
        ]}
        onValue={(chosen) => set({ outcome: chosen })}
      />
      <Choice
        label={t('reason')}
        value={reason}
        options={[['', t('any-reason')], ...passageReasons.map((each) => [each, reasonWord(each)] as const)]}
        onValue={(chosen) => set({ reason: chosen })}
      />
      <Field label={t('since')} type="date" value={get('since')} onValue={(since) => set({ since })} />
      <Field label={t('until')} type="date" value={get('until')} onValue={(until) => set({ until })} />
      <Tick
        label={t('marked-only')}
        isOn={get('marked') !== ''}
        onChange={(isOn) => set({ marked: isOn ? 'only' : '' })}
      />
      {(['person', 'stranger'] as const).map(
        (name) =>
          get(name) !== '' && (
            <Field key={name} label={t(name)} value={get(name)} onValue={(value) => set({ [name]: value })} />
          ),
      )}
    </search>
  );
}

/** Passages as rows, for dense reading. */
function PassageTable({
  list,
  cameras,
}: {
  readonly list: FetchedList<PassageItem>;
  readonly cameras: Cameras;
}) {
  return (
    <LongTable
      caption={t('title')}
      list={list}
      columns={columnsWith(cameras)}
      keyOf={({ number: key }) => key}
      empty={t('empty')}
    />
  );
}

const columnsWith = ({ nameOf }: Cameras): readonly Column<PassageItem>[] => [
  {
    key: 'time',
    head: t('time'),
    cell: (passage) => (
      <a href={`/passages/${passage.id}`}>
        {isReadable(passage)
          ? `${dayOf(passage.startedAt)} ${clockSeconds(passage.startedAt)}`
          : t('unreadable')}
      </a>
    ),
  },
  {
    key: 'outcome',
    head: t('outcome'),
    cell: (passage) => isReadable(passage) && <OutcomeBadge outcome={passage.outcome} />,
  },
  { key: 'who', head: t('who'), cell: (passage) => isReadable(passage) && whoOf(passage) },
  {
    key: 'reason',
    head: t('reason'),
    isMinor: true,
    cell: (passage) => isReadable(passage) && reasonWord(passage.reason),
  },
  {
    key: 'camera',
    head: t('camera'),
    isMinor: true,
    cell: (passage) => isReadable(passage) && nameOf(passage.camera),
  },
  {
    key: 'in-sight',
    head: t('in-sight'),
    isMinor: true,
    isFigure: true,
    cell: (passage) =>
      isReadable(passage) && t('seconds', { value: number(passage.inSightS, { maximumFractionDigits: 1 }) }),
  },
];
