import { useSignal } from '@preact/signals';
import { call, type Output } from '../../api/call.js';
import { can } from '../../api/session.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/gallery.json';
import { Confirm } from '../../parts/dialog.js';
import { bound, Choice, into, Tick } from '../../parts/form-fields.js';
import { Progress, Section } from '../../parts/page.js';
import { Fault, Problem } from '../../parts/shown-fault.js';
import { useDialog } from '../../parts/use-dialog.js';
import { dayAndTime } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('gallery');

type State = Output<'gallery.show'>;
type ReEmbedding = NonNullable<State['reEmbedding']>;

interface MoveProps {
  readonly of: State;
  readonly onChanged: () => Promise<void>;
}

/** The move of the gallery to another recogniser. */
export function Move({ of: { state, reEmbedding }, onChanged }: MoveProps) {
  const beginning = useDialog();
  const isOn = reEmbedding !== undefined && !['cancelled', 'cancelling'].includes(reEmbedding.state);
  const mayAct = can('gallery:write') && state === 'open';
  const mayBegin = mayAct && (!isOn || reEmbedding.state === 'incomplete');
  return (
    <Section
      title={t('move')}
      actions={[
        {
          text: t('move-cancel'),
          isOffered: mayAct && isOn,
          ask: { title: t('move-cancel'), text: t('move-cancel-what'), isDestructive: true },
          onAct: () => call('gallery.cancel-re-embed'),
          onDone: onChanged,
        },
        { text: t('move-act'), isOffered: mayBegin, onAct: beginning.opens(true) },
      ]}
    >
      <p class="quiet">{t('move-lead')}</p>
      {reEmbedding && <MoveState of={reEmbedding} />}
      {beginning.of && <Begin onClose={beginning.closes(onChanged)} />}
    </Section>
  );
}

function MoveState({ of }: { readonly of: ReEmbedding }) {
  const { from, to, state, total, made, refused, missing, problem, startedAt } = of;
  return (
    <div role="status">
      <p>
        <strong>{t('move-from-to', { from, to })}</strong> · {t('begun')}: {dayAndTime(startedAt)}
      </p>
      <p>{t(`move-${state}`)}</p>
      <Progress
        done={made + refused}
        total={Math.max(1, total)}
        label={t('move-count', { made, total, refused })}
      />
      {missing.length > 0 && (
        <details>
          <summary>{t('move-missing', { count: missing.length })}</summary>
          <ul>
            {missing.map((personId) => (
              <li key={personId}>
                <a href={`/people/${personId}`}>{personId}</a>
              </li>
            ))}
          </ul>
        </details>
      )}
      {problem && <Problem of={problem} />}
    </div>
  );
}

function Begin({ onClose }: { readonly onClose: (isDone: boolean) => void }) {
  const to = useSignal('');
  const acceptsMissing = useSignal(false);
  const models = useFetched('models.list', {}, { isWanted: can('status:read') });
  const status = useFetched('status.show', {}, { isWanted: can('status:read') });
  const present = status.value?.recogniser?.name;
  const offered = (models.value ?? []).filter(
    ({ role, state, id }) => role === 'recogniser' && state === 'ready' && id !== present,
  );
  const chosen = to.value || offered[0]?.id;
  return (
    <Confirm
      title={t('move')}
      act={t('move-act')}
      isReady={chosen !== undefined && status.value !== undefined}
      onAct={async () => {
        if (chosen !== undefined)
          await call('gallery.re-embed', { to: chosen, acceptsMissing: acceptsMissing.value });
      }}
      onClose={onClose}
    >
      <p>{t('move-lead')}</p>
      <Fault error={models.fault ?? status.fault} />
      {models.value !== undefined && offered.length === 0 ? (
        <p>{t('move-none')}</p>
      ) : (
        <Choice
          label={t('move-to')}
          value={chosen ?? ''}
          options={offered.map(({ id, title }) => [id, `${id} (${title})`] as const)}
          onValue={into(to)}
        />
      )}
      <Tick label={t('accept-missing')} {...bound(acceptsMissing)} />
    </Confirm>
  );
}
