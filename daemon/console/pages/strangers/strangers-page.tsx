import { type Signal, useSignal } from '@preact/signals';
import type { StrangerSummary } from '../../../contract/strangers.js';
import { listedStrangerStates } from '../../../kernel/strangers/stranger.js';
import { can } from '../../api/session.js';
import { type FetchedList, useAct, useFetched, useList } from '../../api/use-fetched.js';
import type en from '../../messages/en/strangers.json';
import { type Cameras, useCameras } from '../../parts/camera-choice.js';
import { Confirm } from '../../parts/dialog.js';
import { Fault } from '../../parts/fault.js';
import { Choice, Field, Tick } from '../../parts/field.js';
import { Badge, Empty, Loading, PageHead } from '../../parts/page.js';
import { type Query, useQuery } from '../../parts/use-query.js';
import { ago, startOfDay } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';
import {
  AsideNote,
  asideHref,
  discard,
  type Merged,
  merge,
  PassageShot,
  restore,
  setIgnored,
  shortId,
  unmerge,
  useForgetNow,
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
      <Filters query={query} cameras={cameras} />
      {count > 0 && !isAside && (
        <p class="quiet">
          {t('aside-count', { count })} <a href={asideHref}>{t('take-back')}</a>
        </p>
      )}
      {can('strangers:write') &&
        (isAside ? (
          <AsideActs list={list} chosen={chosen} onDone={onDone} />
        ) : (
          <Acts list={list} chosen={chosen} onDone={onDone} />
        ))}
      <Groups list={list} chosen={chosen} cameras={cameras} />
    </>
  );
}

function filtersOf({ get }: Query) {
  const [camera, since] = [get('camera'), get('since')];
  const state = listedStrangerStates.find((each) => each === get('state'));
  return {
    ...(camera !== '' && { camera }),
    ...(since !== '' && { since: startOfDay(since) }),
    ...(state !== undefined && { state }),
  };
}

function Filters({ query: { get, set }, cameras }: { readonly query: Query; readonly cameras: Cameras }) {
  return (
    <search class="filters">
      <Choice
        label={t('camera')}
        value={get('camera')}
        options={[['', t('any-camera')], ...cameras.all.map(({ id, name }) => [id, name] as const)]}
        onValue={(camera) => set({ camera })}
      />
      <Choice
        label={t('state')}
        value={get('state')}
        options={[
          ['', t('any-state')],
          ['active', t('state-active')],
          ['ignored', t('state-ignored')],
          ['set-aside', t('state-aside')],
        ]}
        onValue={(state) => set({ state })}
      />
      <Field label={t('since')} type="date" value={get('since')} onValue={(since) => set({ since })} />
    </search>
  );
}

interface ChosenProps {
  readonly list: FetchedList<StrangerSummary>;
  readonly chosen: Signal<ReadonlySet<string>>;
}

interface ActsProps extends ChosenProps {
  readonly onDone: () => Promise<void>;
}

/** What can be done with the chosen strangers, and taking the last merge back. */
function Acts({ list, chosen, onDone }: ActsProps) {
  const doing = useAct();
  const merged = useSignal<Merged | undefined>(undefined);
  const asked = useSignal<'merge' | 'discard' | undefined>(undefined);
  const found = list.items.filter(({ id }) => chosen.value.has(id));
  const ids = found.map(({ id }) => id);
  const allIgnored = found.length > 0 && found.every(({ state }) => state === 'ignored');
  const closed = (isDone: boolean): void => {
    asked.value = undefined;
    if (isDone) void onDone();
  };
  const none = ids.length === 0;
  return (
    <>
      <div class="acts start" role="toolbar" aria-label={t('acts')}>
        <span role="status">{t('chosen', { count: ids.length })}</span>
        <button
          type="button"
          class="small secondary"
          disabled={ids.length < 2 || ids.length > mostMerged}
          onClick={() => {
            asked.value = 'merge';
          }}
        >
          {t('merge')}
        </button>
        <button
          type="button"
          class="small secondary"
          disabled={none}
          aria-busy={doing.isRunning}
          onClick={async () => {
            if (await doing.run(() => setIgnored(ids, !allIgnored))) await onDone();
          }}
        >
          {t(allIgnored ? 'notice' : 'ignore')}
        </button>
        <button
          type="button"
          class="small secondary"
          disabled={none}
          onClick={() => {
            asked.value = 'discard';
          }}
        >
          {t('discard')}
        </button>
        {merged.value !== undefined && (
          <button
            type="button"
            class="small secondary"
            onClick={async () => {
              const last = merged.value;
              if (last === undefined || !(await doing.run(() => unmerge(last)))) return;
              merged.value = undefined;
              await onDone();
            }}
          >
            {t('unmerge')}
          </button>
        )}
      </div>
      <Fault error={doing.fault} />
      {asked.value === 'merge' && (
        <Confirm
          title={t('merge-title', { count: ids.length })}
          act={t('merge')}
          onAct={async () => {
            merged.value = await merge(ids);
          }}
          onClose={closed}
        >
          <ul class="faces">
            {found.map((stranger) => (
              <li key={stranger.id}>
                <PassageShot passage={stranger.pictured} class="medium" />
              </li>
            ))}
          </ul>
          <p>{t('merge-text')}</p>
        </Confirm>
      )}
      {asked.value === 'discard' && (
        <Confirm
          title={t('discard-title', { count: ids.length })}
          act={t('discard')}
          isDestructive
          onAct={() => discard(ids)}
          onClose={closed}
        >
          <p>
            {t('discard-text', {
              visits: found.reduce((sum, { visits }) => sum + visits, 0),
              passages: found.reduce((sum, { passages }) => sum + passages, 0),
            })}
          </p>
        </Confirm>
      )}
    </>
  );
}

/** What can be done with strangers who are set aside. */
function AsideActs({ list, chosen, onDone }: ActsProps) {
  const doing = useAct();
  const found = list.items.filter(({ id }) => chosen.value.has(id));
  const ids = found.map(({ id }) => id);
  const forgetting = useForgetNow(ids, () => void onDone());
  return (
    <>
      <div class="acts start" role="toolbar" aria-label={t('acts')}>
        <span role="status">{t('chosen', { count: ids.length })}</span>
        <button
          type="button"
          class="small secondary"
          disabled={ids.length === 0}
          aria-busy={doing.isRunning}
          onClick={async () => {
            await doing.run(() => restore(ids));
            await onDone();
          }}
        >
          {t('restore')}
        </button>
        <button
          type="button"
          class="small secondary"
          // Those who were assigned are persons, who are erased as persons.
          disabled={ids.length === 0 || found.some(({ person }) => person !== undefined)}
          onClick={forgetting.ask}
        >
          {t('forget-now')}
        </button>
      </div>
      <Fault error={doing.fault} />
      {forgetting.dialog}
    </>
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
            isOn={chosen.value.has(id)}
            onChange={(isOn) => {
              const others = [...chosen.value].filter((each) => each !== id);
              chosen.value = new Set(isOn ? [...others, id] : others);
            }}
          />
        )}
      </div>
    </li>
  );
}
