import { useSignal } from '@preact/signals';
import { type ChannelKind, channelKinds } from '../../../kernel/alerts/channel-kind.js';
import { call, type Output } from '../../api/call.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/alerts.json';
import { Dialog } from '../../parts/dialog.js';
import { Form } from '../../parts/form.js';
import { Choice, Field } from '../../parts/form-fields.js';
import { say } from '../../parts/notes.js';
import { Loaded } from '../../parts/page.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('alerts');

type Channel = Output<'alerts.channels'>[number];

interface ChannelEditorProps {
  /** Absent: a new channel. */
  readonly channelId?: string | undefined;
  readonly onClose: (isDone: boolean) => void;
}

/** Adds or changes a channel that the box keeps itself. */
export default function ChannelEditor({ channelId, onClose }: ChannelEditorProps) {
  const channels = useFetched('alerts.channels', {});
  return (
    <Dialog
      title={channelId === undefined ? t('add-channel') : t('change-channel', { channel: channelId })}
      onClose={() => onClose(false)}
      isWide
    >
      <Loaded of={channels}>
        {(all) => (
          <ChannelForm
            before={all.find(({ id }) => id === channelId)}
            onAnew={() => void channels.reload()}
            onDone={() => onClose(true)}
          />
        )}
      </Loaded>
    </Dialog>
  );
}

/** What is being typed, by the names of the contract; an empty text for what is absent. */
type Draft = Readonly<
  Record<'url' | 'host' | 'port' | 'tls' | 'from' | 'to' | 'chat' | 'number' | 'contact' | 'hosts', string>
>;

const empty: Draft = {
  ...{ url: '', host: '', port: '', tls: 'starttls', from: '', to: '', chat: '', number: '' },
  ...{ contact: '', hosts: '' },
};

/** The fields of each kind. */
const fieldsOf: Readonly<Record<ChannelKind, readonly (keyof Draft)[]>> = {
  webhook: ['url'],
  email: ['host', 'port', 'tls', 'from', 'to'],
  ntfy: ['url'],
  telegram: ['chat'],
  sms: ['url', 'from', 'number'],
  push: ['contact', 'hosts'],
};
/** Services that others usually run. */
const services: readonly ChannelKind[] = ['ntfy', 'telegram', 'sms'];
const optional: readonly (keyof Draft)[] = ['port', 'hosts'];

function draftOf({ settings = {} }: Partial<Channel>): Draft {
  const { port, to = [], hosts = [], ...others } = settings;
  const lists = { to: to.join(', '), hosts: hosts.join(', ') };
  return { ...empty, ...lists, port: port === undefined ? '' : String(port), ...others };
}

/** What the form has no field for stays as the channel has it, such as the address of a Telegram server of one's own. */
function settingsOf(
  kind: ChannelKind,
  draft: Draft,
  before: Channel | undefined,
): NonNullable<Channel['settings']> {
  const fields = fieldsOf[kind];
  const former = before?.kind === kind ? Object.entries(before.settings ?? {}) : [];
  const given = fields.filter((name) => draft[name] !== '');
  return Object.fromEntries([
    ...former.filter(([name]) => !fields.some((field) => field === name)),
    ...given.map((name) => {
      if (name === 'port') return [name, Number(draft.port)];
      if (name === 'to' || name === 'hosts') return [name, draft[name].split(/[\s,;]+/).filter(Boolean)];
      return [name, draft[name].trim()];
    }),
  ]);
}

function ChannelForm({
  before,
  onAnew,
  onDone,
}: {
  readonly before: Channel | undefined;
  readonly onAnew: () => void;
  readonly onDone: () => void;
}) {
  const id = useSignal(before?.id ?? '');
  const kind = useSignal<ChannelKind>(before?.kind ?? 'webhook');
  const draft = useSignal(draftOf(before ?? {}));
  const secret = useSignal('');
  const save = async (): Promise<void> => {
    const given = {
      ...{ id: id.value.trim(), kind: kind.value, settings: settingsOf(kind.value, draft.value, before) },
      ...(secret.value !== '' && kind.value !== 'push' && { secret: secret.value }),
    };
    if (before === undefined) await call('alerts.create-channel', given);
    else {
      const { revision } = before;
      await call('alerts.change-channel', {
        ...given,
        ...(revision !== undefined && { ifRevision: revision }),
      });
    }
    say(t('channel-saved', { channel: given.id }));
    onDone();
  };
  return (
    <Form act={t('save-channel')} onAct={save} onAnew={onAnew} note={t('channel-note')}>
      <div class="field-pair">
        {before === undefined && (
          <Field
            label={t('channel-name')}
            hint={t('rule-name-hint')}
            autocapitalize="none"
            required
            maxLength={64}
            value={id.value}
            onValue={(text) => {
              id.value = text;
            }}
          />
        )}
        <Choice
          label={t('channel-kind')}
          value={kind.value}
          options={channelKinds.map((each) => [each, t(`kind-${each}`)] as const)}
          onValue={(chosen) => {
            kind.value = chosen;
          }}
        />
      </div>
      {fieldsOf[kind.value].map((name) => (
        <SettingField
          key={name}
          name={name}
          kind={kind.value}
          value={draft.value[name]}
          onValue={(text) => {
            draft.value = { ...draft.value, [name]: text };
          }}
        />
      ))}
      {services.includes(kind.value) && <p class="quiet">{t('service-note')}</p>}
      {kind.value === 'push' ? (
        <p class="quiet">{t('push-note')}</p>
      ) : (
        <Field
          label={t(`secret-${kind.value}`)}
          hint={before?.hasSecret === true ? t('secret-kept') : t('secret-hint')}
          type="password"
          autocomplete="off"
          maxLength={1024}
          value={secret.value}
          onValue={(text) => {
            secret.value = text;
          }}
        />
      )}
    </Form>
  );
}

function SettingField({
  name,
  kind,
  value,
  onValue,
}: {
  readonly name: keyof Draft;
  readonly kind: ChannelKind;
  readonly value: string;
  readonly onValue: (text: string) => void;
}) {
  const isTopicOrGateway = name === 'url' && (kind === 'ntfy' || kind === 'sms');
  const label = isTopicOrGateway ? t(`url-${kind}`) : t(`channel-${name}`);
  if (name === 'tls') {
    const options = [
      ['starttls', 'STARTTLS'],
      ['implicit', t('tls-implicit')],
    ] as const;
    return (
      <Choice
        label={label}
        value={value === 'implicit' ? value : 'starttls'}
        options={options}
        onValue={onValue}
      />
    );
  }
  const isPort = name === 'port';
  return (
    <Field
      label={label}
      {...(name === 'hosts' && { hint: t('channel-hosts-hint') })}
      autocapitalize="none"
      spellcheck={false}
      required={!optional.includes(name)}
      value={value}
      onValue={onValue}
      {...(isPort && { type: 'number' as const, min: 1, max: 65_535 })}
    />
  );
}
