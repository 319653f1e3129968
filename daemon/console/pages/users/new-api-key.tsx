import { useSignal } from '@preact/signals';
import type { Scope } from '../../../contract/scopes.js';
import { call } from '../../api/call.js';
import type { Output } from '../../api/request.js';
import type en from '../../messages/en/users.json';
import { bound } from '../../parts/bound.js';
import { Confirm } from '../../parts/dialog.js';
import { Field } from '../../parts/field.js';
import { ShownOnce } from '../../parts/shown-once.js';
import { wordsOf } from '../../words/words.js';
import { CameraChoice, ScopeChoice } from './choices.js';

const t = wordsOf<typeof en>('users');

const usualDays = '365';

/** Makes a key for a program, and shows its secret once. */
export function NewApiKey({ onClose }: { readonly onClose: () => void }) {
  const label = useSignal('');
  const days = useSignal(usualDays);
  const scopes = useSignal<readonly Scope[]>([]);
  const cameras = useSignal<readonly string[] | undefined>(undefined);
  const made = useSignal<Output<'api-keys.create'> | undefined>(undefined);
  if (made.value !== undefined) {
    const { apiKey, secret } = made.value;
    return (
      <ShownOnce
        title={t('secret-title', { label: apiKey.label })}
        label={t('secret')}
        secret={secret}
        onClose={onClose}
      >
        {t('secret-once')}
      </ShownOnce>
    );
  }
  return (
    <Confirm
      title={t('new-key')}
      act={t('make-key')}
      isReady={scopes.value.length > 0 && cameras.value?.length !== 0}
      onAct={async () => {
        made.value = await call('api-keys.create', {
          ...{ label: label.value.trim(), scopes: [...scopes.value], expiresInDays: Number(days.value) },
          ...(cameras.value && { cameras: [...cameras.value] }),
        });
      }}
      onClose={(isDone) => {
        if (!isDone) onClose();
      }}
    >
      <Field
        label={t('label')}
        hint={t('label-hint')}
        autocomplete="off"
        required
        maxLength={100}
        {...bound(label)}
      />
      <Field
        label={t('expires-in')}
        hint={t('expires-hint')}
        type="number"
        required
        min={1}
        max={730}
        step={1}
        {...bound(days)}
      />
      <ScopeChoice
        chosen={scopes.value}
        onChange={(chosen) => {
          scopes.value = chosen;
        }}
      />
      {scopes.value.length === 0 && <p class="quiet">{t('pick-scope')}</p>}
      <CameraChoice
        chosen={cameras.value}
        onChange={(chosen) => {
          cameras.value = chosen;
        }}
      />
    </Confirm>
  );
}
