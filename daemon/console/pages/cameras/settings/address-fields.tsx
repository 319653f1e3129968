import type { JSX } from 'preact';
import type en from '../../../messages/en/cameras.json';
import { Choice, Field, Tick } from '../../../parts/field.js';
import { wordsOf } from '../../../words/words.js';
import type { CameraDraft } from './camera-draft.js';

const t = wordsOf<typeof en>('cameras');

export interface DraftFieldsProps {
  readonly draft: CameraDraft;
  readonly onDraft: (draft: CameraDraft) => void;
  /** True: the box has a login of this camera, which it keeps unless another one is given. */
  readonly hasLogin?: boolean;
}

/** Where a camera is, and how the box logs in there. */
export function AddressFields({ draft, onDraft, hasLogin = false }: DraftFieldsProps): JSX.Element {
  const put = (part: Partial<CameraDraft>): void => onDraft({ ...draft, ...part });
  return (
    <>
      <Field
        label={t('url')}
        hint={t('url-hint')}
        required
        autocapitalize="none"
        spellcheck={false}
        placeholder="rtsp://192.0.2.10/stream2"
        value={draft.url}
        onValue={(url) => put({ url: url.trim() })}
      />
      <div class="field-pair">
        <Field
          label={t('user')}
          hint={hasLogin ? t('login-kept') : t('login-hint')}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          value={draft.user}
          onValue={(user) => put({ user })}
        />
        <Field
          label={t('password')}
          type="password"
          autocomplete="new-password"
          value={draft.password}
          onValue={(password) => put({ password })}
        />
      </div>
      <details>
        <summary>{t('more')}</summary>
        <Choice
          label={t('transport')}
          hint={t('transport-hint')}
          value={draft.transport}
          options={[
            ['tcp', 'TCP'],
            ['udp', 'UDP'],
          ]}
          onValue={(transport) => put({ transport })}
        />
        <Field
          label={t('fingerprint')}
          hint={t('fingerprint-hint')}
          autocapitalize="none"
          spellcheck={false}
          value={draft.fingerprint}
          onValue={(fingerprint) => put({ fingerprint: fingerprint.trim() })}
        />
        <Tick
          label={t('basic-login')}
          isOn={draft.allowBasicLogin}
          onChange={(allowBasicLogin) => put({ allowBasicLogin })}
        />
      </details>
    </>
  );
}
