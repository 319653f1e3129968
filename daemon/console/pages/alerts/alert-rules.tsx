import { useSignal } from '@preact/signals';
import { lazy } from 'preact-iso';
import type { AlertMute, AlertSetup, ChannelTest } from '../../../contract/alerts.js';
import { call } from '../../api/call.js';
import { can, isLimited } from '../../api/session.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/alerts.json';
import { ActionBar } from '../../parts/actions.js';
import { Confirm } from '../../parts/dialog.js';
import { bound, Choice } from '../../parts/form-fields.js';
import { say } from '../../parts/notes.js';
import { Badge, Empty, Loaded, Section } from '../../parts/page.js';
import { Fault, Remedy, sentence } from '../../parts/shown-fault.js';
import { useDialog } from '../../parts/use-dialog.js';
import { dayAndTime } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { ruleText } from './rule-draft.js';

const t = wordsOf<typeof en>('alerts');

type Rule = AlertSetup['rules'][number];

/** Loaded when it is wanted: few users change rules. */
const RuleEditor = lazy(() => import('./rule-editor.js'));

const ChannelEditor = lazy(() => import('./channel-editor.js'));

interface Edited {
  readonly ruleId?: string;
  readonly isRemoval?: boolean;
}

/** What causes alerts and where they go: rules that can be muted, channels that can be tested. */
export function AlertRules() {
  const setup = useFetched('alerts.rules', {});
  const mutes = useFetched('alerts.mutes', {});
  const editing = useDialog<Edited>();
  const channelIds = setup.value?.channels.map(({ id }) => id) ?? [];
  const mayConfigure = can('config:write');
  const mayEdit = can('config:read', 'config:write') && channelIds.length > 0;
  const channel = useDialog<{ readonly channelId?: string }>();
  return (
    <>
      <Section
        title={t('rules')}
        actions={[{ text: t('add-rule'), isOffered: mayEdit, onAct: editing.opens({}) }]}
      >
        <Fault error={mutes.fault} onRetry={() => void mutes.reload()} />
        <Loaded of={setup}>
          {({ rules }) =>
            rules.length === 0 ? (
              <Empty>{t('no-rules')}</Empty>
            ) : (
              <ul class="points">
                {rules.map((rule) => (
                  <OneRule
                    key={rule.id}
                    rule={rule}
                    mute={mutes.value?.find((each) => each.rule === rule.id)}
                    onChanged={() => void mutes.reload()}
                    onEdit={mayEdit ? (isRemoval) => editing.open({ ruleId: rule.id, isRemoval }) : undefined}
                  />
                ))}
              </ul>
            )
          }
        </Loaded>
      </Section>
      <Section
        title={t('channels')}
        actions={[{ text: t('add-channel'), isOffered: mayConfigure, onAct: channel.opens({}) }]}
      >
        <Loaded of={setup}>
          {({ channels }) =>
            channels.length === 0 ? (
              <Empty>{t('no-channels')}</Empty>
            ) : (
              <ul class="points">
                {channels.map((each) => (
                  <OneChannel
                    key={each.id}
                    channel={each}
                    onEdit={
                      mayConfigure && each.isOwn ? () => channel.open({ channelId: each.id }) : undefined
                    }
                    onRemoved={() => void setup.reload()}
                  />
                ))}
              </ul>
            )
          }
        </Loaded>
        {setup.value?.channels.some(({ isOwn }) => !isOwn) && <p class="quiet">{t('channels-fixed')}</p>}
      </Section>
      {channel.of && <ChannelEditor {...channel.of} onClose={channel.closes(setup.reload)} />}
      {editing.of && (
        <RuleEditor {...editing.of} channels={channelIds} onClose={editing.closes(setup.reload)} />
      )}
    </>
  );
}

interface OneRuleProps {
  readonly rule: Rule;
  readonly mute: AlertMute | undefined;
  readonly onChanged: () => void;
  /** Absent for callers who may not change the rule. */
  readonly onEdit: ((isRemoval: boolean) => void) | undefined;
}

function OneRule({ rule, mute, onChanged, onEdit }: OneRuleProps) {
  const muting = useDialog();
  // A mute counts for all cameras.
  const mayMute = can('alerts:write') && !isLimited();
  return (
    <li>
      <span>
        <strong>{rule.id}</strong> {ruleText(rule)}
      </span>
      <ActionBar
        isSmall
        before={
          mute && <Badge tone="warn">{t('muted-until', { time: dayAndTime(mute.until), by: mute.by })}</Badge>
        }
        of={[
          {
            text: t('unmute'),
            isOffered: mayMute && mute !== undefined,
            onAct: () => call('alerts.unmute', { rule: rule.id }),
            onDone: onChanged,
          },
          {
            text: t('mute'),
            label: t('mute-rule', { rule: rule.id }),
            isOffered: mayMute && mute === undefined,
            onAct: muting.opens(true),
          },
          {
            text: t('change'),
            label: t('change-rule', { rule: rule.id }),
            isOffered: onEdit !== undefined,
            onAct: () => onEdit?.(false),
          },
          {
            text: t('remove'),
            label: t('remove-rule', { rule: rule.id }),
            isOffered: onEdit !== undefined,
            onAct: () => onEdit?.(true),
          },
        ]}
      />
      {muting.of && <MuteDialog rule={rule.id} onClose={muting.closes(onChanged)} />}
    </li>
  );
}

/** How long a rule may be muted, in minutes. */
const spans = ['60', '240', '720', '1440', '10080'] as const;

function MuteDialog({
  rule,
  onClose,
}: {
  readonly rule: string;
  readonly onClose: (isDone: boolean) => void;
}) {
  const minutes = useSignal<(typeof spans)[number]>('60');
  const mute = async (): Promise<void> => {
    const { until } = await call('alerts.mute', { rule, minutes: Number(minutes.value) });
    say(t('muted', { rule, time: dayAndTime(until) }));
  };
  return (
    <Confirm title={t('mute-rule', { rule })} act={t('mute')} onAct={mute} onClose={onClose}>
      <p>{t('mute-why')}</p>
      <Choice
        label={t('mute-for')}
        {...bound(minutes)}
        options={spans.map((each) => [each, t('hours', { hours: Number(each) / 60 })] as const)}
      />
    </Confirm>
  );
}

interface OneChannelProps {
  readonly channel: AlertSetup['channels'][number];
  /** Absent where the channel cannot be changed here. */
  readonly onEdit: (() => void) | undefined;
  readonly onRemoved: () => void;
}

function OneChannel({ channel, onEdit, onRemoved }: OneChannelProps) {
  const result = useSignal<ChannelTest | undefined>(undefined);
  const test = async (): Promise<void> => {
    result.value = undefined;
    [result.value] = await call('alerts.test', { channel: channel.id });
  };
  return (
    <li>
      <div>
        <strong>{channel.id}</strong> {t(`kind-${channel.kind}`)}
        <div role="status">{result.value && <TestResult of={result.value} />}</div>
      </div>
      <ActionBar
        isSmall
        of={[
          {
            text: t('test'),
            label: t('test-channel', { channel: channel.id }),
            isOffered: can('alerts:write'),
            onAct: test,
          },
          {
            text: t('change'),
            label: t('change-channel', { channel: channel.id }),
            isOffered: onEdit !== undefined,
            onAct: () => onEdit?.(),
          },
          {
            text: t('remove'),
            label: t('remove-channel', { channel: channel.id }),
            isOffered: onEdit !== undefined,
            ask: {
              title: t('remove-channel', { channel: channel.id }),
              text: t('channel-gone'),
              isDestructive: true,
            },
            onAct: () => call('alerts.delete-channel', { id: channel.id }),
            onDone: onRemoved,
          },
        ]}
      />
    </li>
  );
}

function TestResult({ of: result }: { readonly of: ChannelTest }) {
  if (result.outcome === 'delivered') {
    return (
      <p>
        <Badge tone="ok">{t('state-delivered')}</Badge> {result.note && sentence(result.note)}
      </p>
    );
  }
  return (
    <>
      <p>
        <Badge tone="bad">{t('state-failed')}</Badge> {sentence(result.message)}{' '}
        <span class="quiet">{t('code', { code: result.code })}</span>
      </p>
      {result.remedy && <Remedy>{sentence(result.remedy)}</Remedy>}
    </>
  );
}
