import { useSignal } from '@preact/signals';
import { useLocation, useRoute } from 'preact-iso';
import type { StrangerDetails } from '../../../contract/strangers.js';
import { call } from '../../api/call.js';
import { can } from '../../api/session.js';
import { useAct, useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/strangers.json';
import { useCameras } from '../../parts/camera-choice.js';
import { Confirm } from '../../parts/dialog.js';
import { Fault } from '../../parts/fault.js';
import { Tick } from '../../parts/field.js';
import { say } from '../../parts/notes.js';
import { Badge, Facts, Loaded, PageHead, Section } from '../../parts/page.js';
import { useQuery } from '../../parts/use-query.js';
import { clockTime, dayAndTime, dayOf, number } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';
import { AssignStranger } from './assign-stranger.js';
import { AsideActs, discard, merge, PassageShot, setIgnored, shortId } from './stranger-acts.js';

const t = wordsOf<typeof en>('strangers');

/** One stranger: when and where they were seen, who they may be, and what to do about it. */
export default function Stranger() {
  const { params } = useRoute();
  const fetched = useFetched('strangers.show', { stranger: params['stranger'] ?? '' });
  return (
    <Loaded of={fetched}>
      {(stranger) => (
        <>
          <PageHead
            title={t('stranger', { id: shortId(stranger.id) })}
            back={{ href: '/strangers', text: t('title') }}
          >
            {stranger.state === 'ignored' && <Badge tone="quiet">{t('state-ignored')}</Badge>}
          </PageHead>
          {stranger.state === 'set-aside' ? (
            <AsideActs stranger={stranger} onRestored={() => void fetched.reload()} />
          ) : (
            can('strangers:write') && (
              <Acts key={stranger.id} stranger={stranger} onChange={() => void fetched.reload()} />
            )
          )}
          <div class="columns">
            <Seen key={stranger.id} stranger={stranger} onSplit={() => void fetched.reload()} />
            <div>
              <About stranger={stranger} />
              <Similar stranger={stranger} onMerge={() => void fetched.reload()} />
            </div>
          </div>
        </>
      )}
    </Loaded>
  );
}

interface ActsProps {
  readonly stranger: StrangerDetails;
  readonly onChange: () => void;
}

function Acts({ stranger, onChange }: ActsProps) {
  const { id, state, visits, passages, history } = stranger;
  const { route } = useLocation();
  const query = useQuery();
  const doing = useAct();
  const isDiscarding = useSignal(false);
  const isIgnored = state === 'ignored';
  const mayEnrol = can('persons:write') && history.some(({ hasPicture }) => hasPicture);
  return (
    <>
      <div class="acts start" role="toolbar" aria-label={t('acts')}>
        {mayEnrol && (
          <button type="button" class="small" onClick={() => query.set({ assign: '1' })}>
            {t('assign')}
          </button>
        )}
        <button
          type="button"
          class="small secondary"
          aria-busy={doing.isRunning}
          onClick={async () => {
            if (await doing.run(() => setIgnored([id], !isIgnored))) onChange();
          }}
        >
          {t(isIgnored ? 'notice' : 'ignore')}
        </button>
        <button
          type="button"
          class="small secondary"
          onClick={() => {
            isDiscarding.value = true;
          }}
        >
          {t('discard')}
        </button>
        <a class="link-button" href={`/passages?stranger=${id}`}>
          {t('to-passages')}
        </a>
      </div>
      <Fault error={doing.fault} />
      {mayEnrol && query.get('assign') !== '' && (
        <AssignStranger
          stranger={stranger}
          onClose={(person) => {
            if (person === undefined) query.set({ assign: '' });
            else route(can('persons:read') ? `/people/${person}` : '/strangers');
          }}
        />
      )}
      {isDiscarding.value && (
        <Confirm
          title={t('discard-title', { count: 1 })}
          act={t('discard')}
          isDestructive
          onAct={() => discard([id])}
          onClose={(isDone) => {
            isDiscarding.value = false;
            if (isDone) route('/strangers');
          }}
        >
          <p>{t('discard-text', { visits, passages })}</p>
        </Confirm>
      )}
    </>
  );
}

function About({ stranger }: { readonly stranger: StrangerDetails }) {
  const cameras = useCameras();
  const { id, firstSeenAt, lastSeenAt, visits, passages } = stranger;
  return (
    <Section title={t('about')}>
      <Facts
        of={[
          [t('first'), dayAndTime(firstSeenAt)],
          [t('last'), dayAndTime(lastSeenAt)],
          [t('how-often'), t('visits', { visits, passages })],
          [t('where'), stranger.cameras.map(({ camera }) => cameras.nameOf(camera)).join(', ')],
          [t('id'), <code key="id">{id}</code>],
        ]}
      />
    </Section>
  );
}

/** The passages, which can be chosen to make another stranger of them. */
function Seen({ stranger, onSplit }: { readonly stranger: StrangerDetails; readonly onSplit: () => void }) {
  const cameras = useCameras();
  const chosen = useSignal<ReadonlySet<string>>(new Set());
  const doing = useAct();
  const { id, history } = stranger;
  const maySplit = can('strangers:write') && history.length > 1;
  const split = async (): Promise<void> => {
    const passages = [...chosen.value];
    const isDone = await doing.run(async () => {
      const made = await call('strangers.split', { stranger: id, passages });
      say(t('split-done', { id: shortId(made.id) }));
    });
    if (!isDone) return;
    chosen.value = new Set();
    onSplit();
  };
  return (
    <Section
      title={t('seen')}
      acts={
        maySplit && (
          <button
            type="button"
            class="small secondary"
            disabled={chosen.value.size === 0 || chosen.value.size === history.length}
            aria-busy={doing.isRunning}
            onClick={() => void split()}
          >
            {t('split', { count: chosen.value.size })}
          </button>
        )
      }
    >
      {maySplit && <p class="quiet">{t('split-lead')}</p>}
      <Fault error={doing.fault} />
      <ul class="faces">
        {history.toReversed().map(({ passage, camera, firstSeenAt, hasPicture, isCompared }) => (
          <li key={passage}>
            <a href={`/passages/${passage}`} aria-label={t('passage-of', { time: dayAndTime(firstSeenAt) })}>
              <PassageShot passage={hasPicture ? passage : undefined} class="medium" />
            </a>
            <span class="quiet">
              {dayOf(firstSeenAt)} {clockTime(firstSeenAt)}
            </span>
            <span class="quiet">{cameras.nameOf(camera)}</span>
            {isCompared && <Badge tone="info">{t('compared')}</Badge>}
            {maySplit && (
              <Tick
                label={
                  <>
                    {t('choose')} <span class="unseen">{dayAndTime(firstSeenAt)}</span>
                  </>
                }
                isOn={chosen.value.has(passage)}
                onChange={(isOn) => {
                  const others = [...chosen.value].filter((each) => each !== passage);
                  chosen.value = new Set(isOn ? [...others, passage] : others);
                }}
              />
            )}
          </li>
        ))}
      </ul>
    </Section>
  );
}

/** Strangers who may be the same person, with pictures side by side. */
function Similar({
  stranger,
  onMerge,
}: {
  readonly stranger: StrangerDetails;
  readonly onMerge: () => void;
}) {
  const { similar } = stranger;
  return (
    <Section title={t('similar')}>
      {similar.length === 0 && <p class="quiet">{t('no-similar')}</p>}
      {similar.map((other) => (
        <Pair
          key={other.stranger}
          stranger={stranger}
          other={other.stranger}
          similarity={other.similarity}
          onMerge={onMerge}
        />
      ))}
    </Section>
  );
}

interface PairProps {
  readonly stranger: StrangerDetails;
  readonly other: string;
  readonly similarity: number;
  readonly onMerge: () => void;
}

function Pair({ stranger, other, similarity, onMerge }: PairProps) {
  const { route } = useLocation();
  const { value } = useFetched('strangers.show', { stranger: other });
  const isAsked = useSignal(false);
  const into = useSignal('');
  const shots = (
    <div class="pair">
      <PassageShot passage={stranger.pictured} alt={t('this-one')} class="medium" />
      <PassageShot passage={value?.pictured} alt={t('stranger', { id: shortId(other) })} class="medium" />
    </div>
  );
  return (
    <div class="similar">
      {shots}
      <p>
        <a href={`/strangers/${other}`}>{t('stranger', { id: shortId(other) })}</a>
        {value && (
          <span class="quiet"> · {t('visits', { visits: value.visits, passages: value.passages })}</span>
        )}
        <br />
        <span class="quiet">
          {t('similarity', { value: number(similarity, { maximumFractionDigits: 3 }) })}
        </span>
      </p>
      {can('strangers:write') && (
        <button
          type="button"
          class="small secondary"
          onClick={() => {
            isAsked.value = true;
          }}
        >
          {t('same-person')}
        </button>
      )}
      {isAsked.value && (
        <Confirm
          title={t('merge-title', { count: 2 })}
          act={t('merge')}
          onAct={async () => {
            into.value = (await merge([stranger.id, other])).into;
          }}
          onClose={(isDone) => {
            isAsked.value = false;
            if (isDone && into.value !== stranger.id) route(`/strangers/${into.value}`);
            else if (isDone) onMerge();
          }}
        >
          {shots}
          <p>{t('merge-text')}</p>
        </Confirm>
      )}
    </div>
  );
}
