import { useSignal } from '@preact/signals';
import { lazy } from 'preact-iso';
import type { AlertMute, AlertSetup, ChannelTest } from '../../../contract/alerts.js';
import { call } from '../../api/call.js';
import { can } from '../../api/session.js';
import { useAct, useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/alerts.json';
import { Confirm } from '../../parts/dialog.js';
import { Fault, Remedy, sentence } from '../../parts/fault.js';
import { bound, Choice } from '../../parts/field.js';
import { say } from '../../parts/notes.js';
import { Badge, Empty, Loaded, Section } from '../../parts/page.js';
import { dayAndTime } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';
import { ruleText } from './rule-draft.js';

const t = wordsOf<typeof en>('alerts');

type Rule = AlertSetup['rules'][number];

/** Loaded when it is wanted: few users change rules. */
const RuleEditor = lazy(() => import('./rule-editor.js'));

interface Edited {
  readonly ruleId?: string;
  readonly isRemoval?: boolean;
}

/** What causes alerts and where they go: rules that can be muted, channels that can be tested. */
export function AlertRules() {
  const setup = useFetched('alerts.rules', {});
  const mutes = useFetched('alerts.mutes', {});
  const edited = useSignal<Edited | undefined>(undefined);
  const channelIds = setup.value?.channels.map(({ id }) => id) ?? [];
  const mayEdit = can('config:read', 'config:write') && channelIds.length > 0;
  return (
    <>
      <Section
        title={t('rules')}
        acts={
          mayEdit && (
            <button
              type="button"
              class="small secondary"
              onClick={() => {
                edited.value = {};
              }}
            >
              {t('add-rule')}
            </button>
          )
        }
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
                    onEdit={
                      mayEdit
                        ? (isRemoval) => {
                            edited.value = { ruleId: rule.id, isRemoval };
                          }
                        : undefined
                    }
                  />
                ))}
              </ul>
            )
          }
        </Loaded>
      </Section>
      <Section title={t('channels')}>
        <Loaded of={setup}>
          {({ channels }) =>
            channels.length === 0 ? (
              <Empty>{t('no-channels')}</Empty>
            ) : (
              <ul class="points">
                {channels.map((channel) => (
                  <OneChannel key={channel.id} channel={channel} />
                ))}
              </ul>
            )
          }
        </Loaded>
        <p class="quiet">{t('channels-fixed')}</p>
      </Section>
      {edited.value !== undefined && (
        <RuleEditor
          {...edited.value}
          channels={channelIds}
          onClose={(isDone) => {
            edited.value = undefined;
            if (isDone) void setup.reload();
          }}
        />
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
  const isAsking = useSignal(false);
  const doing = useAct();
  const unmute = async (): Promise<void> => {
    if (await doing.run(() => call('alerts.unmute', { rule: rule.id }))) onChanged();
  };
  return (
    <li>
      <span>
        <strong>{rule.id}</strong> {ruleText(rule)}
        <Fault error={doing.fault} />
      </span>
      <span class="acts">
        {mute && <Badge tone="warn">{t('muted-until', { time: dayAndTime(mute.until), by: mute.by })}</Badge>}
        {can('alerts:write') && mute && (
          <button type="button" class="small secondary" onClick={() => void unmute()}>
            {t('unmute')}
          </button>
        )}
        {can('alerts:write') && !mute && (
          <button
            type="button"
            class="small secondary"
            aria-label={t('mute-rule', { rule: rule.id })}
            onClick={() => {
              isAsking.value = true;
            }}
          >
            {t('mute')}
          </button>
        )}
        {onEdit && (
          <>
            <button
              type="button"
              class="small secondary"
              aria-label={t('change-rule', { rule: rule.id })}
              onClick={() => onEdit(false)}
            >
              {t('change')}
            </button>
            <button
              type="button"
              class="small secondary"
              aria-label={t('remove-rule', { rule: rule.id })}
              onClick={() => onEdit(true)}
            >
              {t('remove')}
            </button>
          </>
        )}
      </span>
      {isAsking.value && (
        <MuteDialog
          rule={rule.id}
          onClose={(isDone) => {
            isAsking.value = false;
            if (isDone) onChanged();
          }}
        />
      )}
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

function OneChannel({ channel }: { readonly channel: AlertSetup['channels'][number] }) {
  const doing = useAct();
  const result = useSignal<ChannelTest | undefined>(undefined);
  const test = async (): Promise<void> => {
    result.value = undefined;
    await doing.run(async () => {
      [result.value] = await call('alerts.test', { channel: channel.id });
    });
  };
  return (
    <li>
      <div>
        <strong>{channel.id}</strong> {t(`kind-${channel.kind}`)}
        <div role="status">{result.value && <TestResult of={result.value} />}</div>
        <Fault error={doing.fault} />
      </div>
      {can('alerts:write') && (
        <span class="acts">
          <button
            type="button"
            class="small secondary"
            aria-label={t('test-channel', { channel: channel.id })}
            aria-busy={doing.isRunning}
            onClick={() => void test()}
          >
            {t('test')}
          </button>
        </span>
      )}
    </li>
  );
}

function TestResult({ of: result }: { readonly of: ChannelTest }) {
  if (result.outcome === 'delivered') {
    return (
      <p>
        <Badge tone="ok">{t('test-delivered')}</Badge> {result.note && sentence(result.note)}
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
