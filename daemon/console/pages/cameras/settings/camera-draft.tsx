import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { CameraDetails } from '../../../../contract/cameras.js';
import type { Direction } from '../../../../kernel/events/event.js';
import { cameraSchemes, urlFault } from '../../../../kernel/url-fault.js';
import type { Input } from '../../../api/call.js';
import type en from '../../../messages/en/cameras.json';
import { Choice, Field, Tick } from '../../../parts/form-fields.js';
import { wordsOf } from '../../../words/words.js';

/** What is being typed into the form of a camera. */
export interface CameraDraft {
  readonly id: string;
  readonly name: string;
  readonly direction: Direction;
  readonly url: string;
  /** Empty: none. */
  readonly substream: string;
  readonly user: string;
  readonly password: string;
  readonly transport: 'tcp' | 'udp';
  readonly allowBasicLogin: boolean;
  readonly fingerprint: string;
}

export const emptyDraft: CameraDraft = {
  ...{ id: '', name: '', direction: 'both', url: '', substream: '', user: '', password: '' },
  ...{ transport: 'tcp', allowBasicLogin: false, fingerprint: '' },
};

/** The draft of a camera that exists. The box never shows its login. */
export function draftOf({ id, name, direction, settings }: CameraDetails): CameraDraft {
  const { url, substream = '', transport, allowBasicLogin, fingerprint = '' } = settings;
  return {
    // The contract leaves the words of the direction open.
    ...{ ...emptyDraft, id, name, direction: direction as Direction },
    ...{ url, substream, transport, allowBasicLogin, fingerprint },
  };
}

/** An id made of a name. It cannot be changed later, so the user sees it and can choose another one. */
export function idOf(name: string): string {
  return name
    .toLowerCase()
    .replaceAll('ß', 'ss')
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 64)
    .replaceAll(/^-+|-+$/g, '');
}

export const loginOf = ({ user, password }: CameraDraft): { readonly login?: string } =>
  user === '' ? {} : { login: `${user}:${password}` };

/** What a test needs of the draft. */
export function addressOfDraft(draft: CameraDraft): Input<'cameras.test-address'> {
  const { url, transport, allowBasicLogin, fingerprint } = draft;
  return {
    ...{ url, transport, allowBasicLogin, ...loginOf(draft) },
    ...(fingerprint !== '' && { fingerprint }),
  };
}

/** The camera that the draft would become. */
export function cameraOfDraft(draft: CameraDraft): Input<'cameras.create'> {
  const { id, name, direction, substream } = draft;
  return { id, name, direction, ...addressOfDraft(draft), ...(substream !== '' && { substream }) };
}

/** What the draft changes of a camera; undefined where it changes nothing. */
export function changesOf(
  draft: CameraDraft,
  camera: CameraDetails,
): Omit<Input<'cameras.change'>, 'id' | 'ifRevision'> | undefined {
  const before = draftOf(camera);
  const names = [
    ...(['name', 'direction', 'url', 'substream'] as const),
    ...(['transport', 'allowBasicLogin', 'fingerprint'] as const),
  ] as const;
  const entries = names
    .filter((name) => draft[name] !== before[name])
    .map((name) => [name, draft[name] === '' ? null : draft[name]] as const);
  const changes = { ...Object.fromEntries(entries), ...loginOf(draft) };
  return Object.keys(changes).length === 0 ? undefined : changes;
}

const t = wordsOf<typeof en>('cameras');

/** What is wrong with the addresses of a draft, by their fields, in the words of the page. */
type WrongAddresses = Readonly<Partial<Record<'url' | 'substream', string>>>;

function wrongAddresses({ url, substream }: CameraDraft): WrongAddresses {
  const faults = { url: urlFault(url, cameraSchemes), substream: urlFault(substream, cameraSchemes) };
  return {
    ...(faults.url && { url: t(`address-${faults.url}`) }),
    ...(faults.substream && substream !== '' && { substream: t(`address-${faults.substream}`) }),
  };
}

/** A mistyped address is refused here: the box limits how often a user may ask it about one. */
export function useAddressCheck(draft: CameraDraft): {
  /** What to show beside the fields: of the draft that was refused, until it changes. */
  readonly wrong: WrongAddresses;
  /** True where the box can be asked. */
  readonly admits: () => boolean;
} {
  const refused = useSignal<CameraDraft | undefined>(undefined);
  return {
    wrong: refused.value === draft ? wrongAddresses(draft) : {},
    admits() {
      const isFit = Object.keys(wrongAddresses(draft)).length === 0;
      refused.value = isFit ? undefined : draft;
      return isFit;
    },
  };
}

export interface DraftFieldsProps {
  readonly draft: CameraDraft;
  readonly onDraft: (draft: CameraDraft) => void;
  /** True: the box has a login of this camera, which it keeps unless another one is given. */
  readonly hasLogin?: boolean;
}

interface AddressFieldsProps extends DraftFieldsProps {
  readonly wrong: WrongAddresses;
}

/** Where a camera is, and how the box logs in there. */
export function AddressFields({ draft, onDraft, wrong, hasLogin = false }: AddressFieldsProps): JSX.Element {
  const put = (part: Partial<CameraDraft>): void => onDraft({ ...draft, ...part });
  return (
    <>
      <Field
        label={t('url')}
        hint={t('url-hint')}
        wrong={wrong.url}
        required
        autocapitalize="none"
        spellcheck={false}
        placeholder="rtsp://192.0.2.10/stream1"
        value={draft.url}
        onValue={(url) => put({ url: url.trim() })}
      />
      <Field
        label={t('substream')}
        hint={t('substream-hint')}
        wrong={wrong.substream}
        autocapitalize="none"
        spellcheck={false}
        value={draft.substream}
        onValue={(substream) => put({ substream: substream.trim() })}
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
          value={draft.allowBasicLogin}
          onValue={(allowBasicLogin) => put({ allowBasicLogin })}
        />
      </details>
    </>
  );
}
