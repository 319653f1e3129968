import { type Signal, useSignal } from '@preact/signals';
import type { StrangerSummary } from '../../../contract/strangers.js';
import { present } from '../../../kernel/present.js';
import { listedStrangerStates } from '../../../kernel/strangers/stranger.js';
import { can } from '../../api/session.js';
import { type FetchedList, useFetched, useList } from '../../api/use-fetched.js';
import type en from '../../messages/en/strangers.json';
import type { Action } from '../../parts/actions.js';
import { ActionBar } from '../../parts/actions.js';
import { CameraChoice, type Cameras, useCameras } from '../../parts/camera-choice.js';
import { beginOf, Filters, textsIn } from '../../parts/filters.js';
import { Choice, Field, into, Tick, toggled } from '../../parts/form-fields.js';
import { Badge, Empty, Loading, PageHead } from '../../parts/page.js';
import { shortId } from '../../parts/short-id.js';
import { Fault } from '../../parts/shown-fault.js';
import { type Query, useQuery } from '../../parts/use-query.js';
import { ago } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { lastMerge } from './last-merge.js';
import {
  AsideNote,
  asideHref,
  discardAction,
  forgetAction,
  merge,
  PassageShot,
  restore,
  setIgnored,
  unmerge,
} from './stranger-acts.js';

const t = wordsOf<typeof en>('strangers');

/** `strangers.merge` joins one and at most twenty others. */
const mostMerged = 21;

/** People who are not enrolled and whom the box recognised again, the latest seen first. */
export default function Strangers() {
  const query = useQuery();
  const cameras = useCameras();
  const list = useList('strangers.list', { ...filtersOf(query), limit: 100 });
  const chosen = useSignal<ReadonlySet<string>>(new Set());
  const isAside = query.get('state') === 'set-aside';
  const aside = useFetched('strangers.list', { state: 'set-aside', limit: 1 }, { isWanted: !isAside });
  const onDone = async (): Promise<void> => {
    chosen.value = new Set();
    await Promise.all([list.reload(), ...(isAside ? [] : [aside.reload()])]);
  };
  const count = aside.value?.total ?? 0;
  return (
    <>
      <PageHead title={t('title')} lead={t('lead')} />
      <Filters saved={{ query, page: 'strangers' }}>
        <CameraChoice
          label={t('camera')}
          any={t('any-camera')}
          cameras={cameras}
          {...query.bound('camera')}
        />
        <Choice
          label={t('state')}
          options={[
            ['', t('any-state')],
            ['active', t('state-active')],
            ['ignored', t('state-ignored')],
            ['set-aside', t('state-aside')],
          ]}
          {...query.bound('state')}
        />
        <Field label={t('since')} type="date" {...query.bound('since')} />
      </Filters>
      {count > 0 && !isAside && (
        <p class="quiet">
          {t('aside-count', { count })} <a href={asideHref}>{t('take-back')}</a>
        </p>
      )}
      {can('strangers:write') && <Acts {...{ list, chosen, isAside, onDone }} />}
      <Groups list={list} chosen={chosen} cameras={cameras} />
    </>
  );
}

const filtersOf = (query: Query) => ({
  ...textsIn(query, ['camera']),
  ...present({
    since: beginOf(query.get('since')),
    state: query.oneOf('state', listedStrangerStates),
  }),
});

interface ChosenProps {
  readonly list: FetchedList<StrangerSummary>;
  readonly chosen: Signal<ReadonlySet<string>>;
}

interface ActsProps extends ChosenProps {
  /** Those who are set aside are listed. */
  readonly isAside: boolean;
  readonly onDone: () => Promise<void>;
}

/** What can be done with the chosen strangers, and taking the last merge back. */
function Acts({ list, chosen, isAside, onDone }: ActsProps) {
  const merged = lastMerge();
  const found = list.items.filter(({ id }) => chosen.value.has(id));
  const ids = found.map(({ id }) => id);
  const hasChosen = ids.length > 0;
  const allIgnored = hasChosen && found.every(({ state }) => state === 'ignored');
  const aside: readonly Action[] = [
    // Those before a refusal are restored.
    { text: t('restore'), isReady: hasChosen, onAct: () => restore(ids).finally(onDone) },
    {
      ...forgetAction(ids, onDone),
      // Those who were assigned are persons, who are erased as persons.
      isReady: hasChosen && found.every(({ person }) => person === undefined),
    },
  ];
  const listed: readonly Action[] = [
    {
      text: t('merge'),
      isReady: ids.length >= 2 && ids.length <= mostMerged,
      ask: {
        title: t('merge-title', { count: ids.length }),
        text: (
          <>
            <span class="faces">
              {found.map((stranger) => (
                <PassageShot key={stranger.id} passage={stranger.pictured} class="medium" />
              ))}
            </span>
            {t('merge-text')}
          </>
        ),
      },
      onAct: () => merge(ids),
      onDone,
    },
    {
      text: t(allIgnored ? 'notice' : 'ignore'),
      isReady: hasChosen,
      onAct: () => setIgnored(ids, !allIgnored),
      onDone,
    },
    { ...discardAction(found, onDone), isReady: hasChosen },
    {
      text: t('unmerge'),
      isOffered: merged !== undefined,
      // Those before a refusal are split.
      onAct: () => merged && unmerge(merged).finally(onDone),
    },
  ];
  return (
    <ActionBar
      key={isAside ? 'aside' : 'listed'}
      isSmall
      place="start"
      label={t('acts')}
      before={<span role="status">{t('chosen', { count: ids.length })}</span>}
      of={isAside ? aside : listed}
    />
  );
}

function Groups({ list, chosen, cameras }: ChosenProps & { readonly cameras: Cameras }) {
  const { items, isLoading, fault, hasMore, more, reload } = list;
  if (items.length === 0) {
    if (fault !== undefined) return <Fault error={fault} onRetry={() => void reload()} />;
    return isLoading ? <Loading /> : <Empty>{t('empty')}</Empty>;
  }
  return (
    <>
      <p class="quiet count" role="status">
        {t('count', { count: list.total ?? items.length })}
      </p>
      <ul class="groups" aria-label={t('title')}>
        {items.map((stranger) => (
          <Group key={stranger.id} stranger={stranger} chosen={chosen} cameras={cameras} />
        ))}
      </ul>
      <Fault error={fault} onRetry={more} />
      {hasMore && (
        <button type="button" class="small secondary" aria-busy={isLoading} onClick={more}>
          {t('more')}
        </button>
      )}
    </>
  );
}

function Group({
  stranger,
  chosen,
  cameras,
}: {
  readonly stranger: StrangerSummary;
  readonly chosen: Signal<ReadonlySet<string>>;
  readonly cameras: Cameras;
}) {
  const { id, state, visits, passages, lastSeenAt } = stranger;
  const name = t('stranger', { id: shortId(id) });
  return (
    <li class="card group">
      <a href={`/strangers/${id}`} aria-label={name}>
        <PassageShot passage={stranger.pictured} class="medium" />
      </a>
      <div>
        <h2>
          <a href={`/strangers/${id}`}>{name}</a>{' '}
          {state === 'ignored' && <Badge tone="quiet">{t('state-ignored')}</Badge>}
        </h2>
        <AsideNote stranger={stranger} />
        <p>{t('visits', { visits, passages })}</p>
        <p class="quiet">
          {t('last-seen', { ago: ago(lastSeenAt) })} ·{' '}
          {stranger.cameras.map(({ camera }) => cameras.nameOf(camera)).join(', ')}
        </p>
        {can('strangers:write') && (
          <Tick
            label={
              <>
                {t('choose')} <span class="unseen">{name}</span>
              </>
            }
            value={chosen.value.has(id)}
            onValue={(isOn) => into(chosen)(new Set(toggled(chosen.value, id, isOn)))}
          />
        )}
      </div>
    </li>
  );
}
