import { useSignal } from '@preact/signals';
import { useLocation, useRoute } from 'preact-iso';
import type { StrangerDetails } from '../../../contract/strangers.js';
import { call } from '../../api/call.js';
import { can } from '../../api/session.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/strangers.json';
import { ActionBar } from '../../parts/actions.js';
import { useCameras } from '../../parts/camera-choice.js';
import { into, Tick, toggled } from '../../parts/form-fields.js';
import { say } from '../../parts/notes.js';
import { Badge, Facts, Loaded, PageHead, Section } from '../../parts/page.js';
import { shortId } from '../../parts/short-id.js';
import { useQuery } from '../../parts/use-query.js';
import { clockTime, dayAndTime, dayOf, decimals } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { AssignStranger } from './assign-stranger.js';
import { canChoose, canSplit } from './split-choice.js';
import { AsideActs, discardAction, merge, PassageShot, setIgnored } from './stranger-acts.js';

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
  const { id, state, history } = stranger;
  const { route } = useLocation();
  const query = useQuery();
  const isIgnored = state === 'ignored';
  const mayEnrol = can('persons:write') && history.some(({ hasPicture }) => hasPicture);
  return (
    <>
      <ActionBar
        isSmall
        place="start"
        label={t('acts')}
        of={[
          {
            text: t('assign'),
            look: 'primary',
            isOffered: mayEnrol,
            onAct: () => query.set({ assign: '1' }),
          },
          {
            text: t(isIgnored ? 'notice' : 'ignore'),
            onAct: () => setIgnored([id], !isIgnored),
            onDone: onChange,
          },
          discardAction([stranger], () => route('/strangers')),
        ]}
        after={
          <a class="link-button" href={`/passages?stranger=${id}`}>
            {t('to-passages')}
          </a>
        }
      />
      {mayEnrol && query.get('assign') !== '' && (
        <AssignStranger
          stranger={stranger}
          onClose={(person) => {
            if (person === undefined) query.set({ assign: '' });
            else route(can('persons:read') ? `/people/${person}` : '/strangers');
          }}
        />
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
  const { id, history } = stranger;
  const compared = history.filter(({ isCompared }) => isCompared);
  const maySplit = can('strangers:write') && compared.length > 1;
  const split = async (): Promise<void> => {
    const made = await call('strangers.split', { stranger: id, passages: [...chosen.value] });
    say(t('split-done', { id: shortId(made.id) }));
    chosen.value = new Set();
  };
  return (
    <Section
      title={t('seen')}
      actions={[
        {
          text: t('split', { count: chosen.value.size }),
          isOffered: maySplit,
          isReady: canSplit(history, chosen.value),
          onAct: split,
          onDone: onSplit,
        },
      ]}
    >
      {maySplit && <p class="quiet">{t('split-lead')}</p>}
      {can('strangers:write') && !maySplit && history.length > 1 && (
        <p class="quiet">{t('split-impossible')}</p>
      )}
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
                value={chosen.value.has(passage)}
                disabled={!canChoose(history, chosen.value, passage)}
                onValue={(isOn) => into(chosen)(new Set(toggled(chosen.value, passage, isOn)))}
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
  const kept = useSignal('');
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
        <span class="quiet">{t('similarity', { value: decimals(similarity, 3) })}</span>
      </p>
      <ActionBar
        isSmall
        place="start"
        of={[
          {
            text: t('same-person'),
            isOffered: can('strangers:write'),
            ask: {
              title: t('merge-title', { count: 2 }),
              act: t('merge'),
              text: (
                <>
                  {shots}
                  {t('merge-text')}
                </>
              ),
            },
            onAct: async () => {
              kept.value = await merge([stranger.id, other]);
            },
            onDone: () => (kept.value === stranger.id ? onMerge() : route(`/strangers/${kept.value}`)),
          },
        ]}
      />
    </div>
  );
}
