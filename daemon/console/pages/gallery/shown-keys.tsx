import { useSignal } from '@preact/signals';
import type { KeyRotation } from '../../../contract/keys.js';
import type { KeyProviderKind } from '../../../kernel/gallery/key-provider-kind.js';
import { call, type Output } from '../../api/call.js';
import { can } from '../../api/session.js';
import type en from '../../messages/en/gallery.json';
import { Confirm } from '../../parts/dialog.js';
import { bound, Choice, into } from '../../parts/form-fields.js';
import { Badge, Empty, Facts, Progress, Section } from '../../parts/page.js';
import { Problem } from '../../parts/shown-fault.js';
import { useDialog } from '../../parts/use-dialog.js';
import { ago, dayAndTime } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { type KeyChoice, KeySource, keyFields } from './key-source.js';

const t = wordsOf<typeof en>('gallery');

interface KeysProps {
  readonly of: Output<'gallery.show'>;
  readonly onChanged: () => Promise<void>;
}

/** The keys of the gallery, and their rotation. */
export function Keys({ of: { state, keys, rotation }, onChanged }: KeysProps) {
  const rotating = useDialog();
  const current = keys.find(({ isCurrent }) => isCurrent);
  const isBusy = rotation?.state === 'running' || rotation?.state === 'waiting';
  const mayRotate = can('keys:write') && state === 'open' && current !== undefined && !isBusy;
  return (
    <Section
      title={t('keys')}
      actions={[{ text: t('rotate'), isOffered: mayRotate, onAct: rotating.opens(true) }]}
    >
      {keys.length === 0 && <Empty>{t('no-keys')}</Empty>}
      {keys.map((slot) => (
        <Facts
          key={slot.keyId}
          of={[
            [t('key-id'), <code key="id">{slot.keyId}</code>],
            [
              t('state'),
              <Badge key="state" tone={slot.isCurrent ? 'ok' : 'warn'}>
                {t(slot.isCurrent ? 'key-current' : 'key-leaving')}
              </Badge>,
            ],
            [t('provider'), t(`provider-${slot.provider}`)],
            [t('key-made'), `${dayAndTime(slot.createdAt)} (${ago(slot.createdAt)})`],
          ]}
        />
      ))}
      {rotation && <Rotation of={rotation} />}
      {rotating.of && <Rotate present={current?.provider} onClose={rotating.closes(onChanged)} />}
    </Section>
  );
}

function Rotation({ of: { state, total, done, damaged, startedAt, problem } }: { readonly of: KeyRotation }) {
  return (
    <div role="status">
      <h3>{t('rotation')}</h3>
      {state === 'running' ? (
        <Progress done={done} total={total} label={t('rotation-running', { done, total })} />
      ) : (
        <p>{t(`rotation-${state}`)}</p>
      )}
      {damaged > 0 && <p>{t('rotation-damaged', { count: damaged })}</p>}
      {problem && <Problem of={problem} />}
      <p class="quiet">
        {t('begun')}: {dayAndTime(startedAt)}
      </p>
    </div>
  );
}

function Rotate({
  present,
  onClose,
}: {
  readonly present: KeyProviderKind | undefined;
  readonly onClose: (isDone: boolean) => void;
}) {
  const depth = useSignal<'wrap' | 'deep'>('wrap');
  const choice = useSignal<KeyChoice>({ provider: '', passphrase: '', isReady: present !== 'passphrase' });
  return (
    <Confirm
      title={t('rotate-title')}
      act={t('rotate')}
      isReady={choice.value.isReady}
      onAct={() => call('keys.rotate', { depth: depth.value, ...keyFields(choice.value) })}
      onClose={onClose}
    >
      <p>{t('rotate-lead')}</p>
      <Choice
        label={t('depth')}
        {...bound(depth)}
        options={[
          ['wrap', t('depth-wrap')],
          ['deep', t('depth-deep')],
        ]}
      />
      <KeySource choice={choice.value} present={present} onChoice={into(choice)} />
    </Confirm>
  );
}
