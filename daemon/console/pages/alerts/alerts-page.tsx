import { useEffect } from 'preact/hooks';
import type { Alert } from '../../../contract/alerts.js';
import { type AlertDeliveryState, alertDeliveryStates } from '../../../kernel/alerts/alert-rule.js';
import { call } from '../../api/call.js';
import { can } from '../../api/session.js';
import { useAct, useFetched, useList } from '../../api/use-fetched.js';
import type en from '../../messages/en/alerts.json';
import { Dialog } from '../../parts/dialog.js';
import { ChoiceFilter, Filters, NewRows } from '../../parts/filters.js';
import { type Column, LongTable } from '../../parts/long-table.js';
import { Badge, Facts, Loaded, PageHead, type Tone } from '../../parts/page.js';
import { sentence } from '../../parts/shown-fault.js';
import { SeverityBadge, severityWord, subjectWord } from '../../parts/term-words.js';
import { useDialog } from '../../parts/use-dialog.js';
import { useQuery } from '../../parts/use-query.js';
import { dayAndTime } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { AlertRules } from './alert-rules.js';

const t = wordsOf<typeof en>('alerts');

type Delivery = Alert['deliveries'][number];
const refreshMs = 10_000;

const stateTones: Readonly<Record<AlertDeliveryState, Tone>> = {
  pending: 'warn',
  delivered: 'ok',
  failed: 'bad',
};

/** The alerts of the box, newest first, with what became of them; below, what causes them and where they go. */
export default function Alerts() {
  const query = useQuery();
  const state = query.oneOf('state', alertDeliveryStates);
  const list = useList('alerts.list', state === undefined ? {} : { state });
  const shown = useDialog<Alert>();
  const named = query.get('alert');
  const newest = useFetched('alerts.list', { limit: 1 }, { everyMs: refreshMs });
  const latest = newest.value?.items[0]?.id;
  const closeNamed = (isSeen: boolean): void => {
    query.set({ alert: '' });
    if (isSeen) void list.reload();
  };
  const hasNew =
    latest !== undefined && list.items.length > 0 && state === undefined && latest !== list.items[0]?.id;
  // In an empty list there is nothing that an alert could push away from under the finger.
  useEffect(() => {
    if (latest !== undefined && list.items.length === 0) void list.reload();
  }, [latest]);
  return (
    <>
      <PageHead title={t('title')} lead={t('lead')} />
      <Filters saved={{ query, page: 'alerts' }}>
        <ChoiceFilter
          {...{ query, name: 'state', label: t('deliveries'), any: t('any'), values: alertDeliveryStates }}
          text={(each) => t(`state-${each}`)}
        />
      </Filters>
      <NewRows text={hasNew && t('show-new')} onShow={() => void list.reload()} />
      <LongTable
        caption={t('title')}
        list={list}
        columns={columns(shown.open, () => void list.reload())}
        keyOf={({ id }) => id}
        empty={t('empty')}
      />
      <AlertRules />
      {shown.of && <OneAlert of={shown.of} onClose={shown.closes(() => list.reload())} />}
      {named !== '' && <NamedAlert key={named} id={named} onClose={closeNamed} />}
    </>
  );
}

const columns = (show: (alert: Alert) => void, onSeen: () => void): readonly Column<Alert>[] => [
  {
    head: t('time'),
    width: 'instant',
    cell: (alert) => (
      <button type="button" class="plain" onClick={() => show(alert)}>
        {dayAndTime(alert.time)}
      </button>
    ),
  },
  {
    head: t('subject'),
    cell: ({ summary }) => (
      <span class="named">
        <span>{summary}</span>
      </span>
    ),
  },
  { head: t('severity'), cell: (alert) => <Severity of={alert} />, isMinor: true },
  { head: t('rule'), cell: ({ rule }) => rule, isMinor: true },
  { head: t('deliveries'), cell: (alert) => <Deliveries of={alert} />, isMinor: true },
  { head: t('seen'), cell: (alert) => <Acknowledge of={alert} onDone={onSeen} />, isMinor: true },
];

function Severity({ of: { severity, phase } }: { readonly of: Alert }) {
  if (phase === 'cleared') return <Badge tone="ok">{t('phase-cleared')}</Badge>;
  return <SeverityBadge severity={severity} />;
}

function Deliveries({ of: { deliveries } }: { readonly of: Alert }) {
  if (deliveries.length === 0) return <>{t('was-muted')}</>;
  return (
    <>
      {alertDeliveryStates.map((state) => {
        const count = deliveries.filter((each) => each.state === state).length;
        if (count === 0) return null;
        return (
          <Badge key={state} tone={stateTones[state]}>
            {count > 1 && `${count} `}
            {t(`state-${state}`)}
          </Badge>
        );
      })}
    </>
  );
}

function Acknowledge({ of: alert, onDone }: { readonly of: Alert; readonly onDone: () => void }) {
  const doing = useAct();
  if (alert.acknowledgement !== undefined) {
    return <span title={alert.acknowledgement.by}>{dayAndTime(alert.acknowledgement.at)}</span>;
  }
  if (!can('alerts:write') || alert.phase !== 'raised') return <>–</>;
  if (doing.fault !== undefined) return <>{sentence(doing.fault.message)}</>;
  const acknowledge = async (): Promise<void> => {
    if (await doing.run(() => call('alerts.acknowledge', { alert: alert.id }))) onDone();
  };
  return (
    <button
      type="button"
      class="small secondary"
      aria-busy={doing.isRunning}
      onClick={() => void acknowledge()}
    >
      {t('acknowledge')}
    </button>
  );
}

/** `isSeen`: the user has acknowledged the alert in the dialog. */
type OnClose = (isSeen: boolean) => void;

/** The alert that the address names, as the notification of a device does. */
function NamedAlert({ id, onClose }: { readonly id: string; readonly onClose: OnClose }) {
  const found = useFetched('alerts.list', { alert: id, limit: 1 });
  const [alert] = found.value?.items ?? [];
  if (alert !== undefined) return <OneAlert of={alert} onClose={onClose} />;
  return (
    <Dialog title={t('title')} onClose={() => onClose(false)}>
      <Loaded of={found}>{() => <p>{t('gone')}</p>}</Loaded>
    </Dialog>
  );
}

/** One alert: what became of it on each channel, and why a delivery failed. */
function OneAlert({ of: alert, onClose }: { readonly of: Alert; readonly onClose: OnClose }) {
  const { time, rule, on, phase, severity, subject, summary, deliveries, acknowledgement } = alert;
  return (
    <Dialog title={summary} onClose={() => onClose(false)} isWide>
      <Facts
        of={[
          [t('time'), dayAndTime(time)],
          [t('rule'), rule],
          [t('on'), subjectWord(on)],
          [t('sent-as'), subject],
          [t('phase'), t(`phase-${phase}`)],
          [t('severity'), severityWord(severity)],
          [
            t('seen'),
            acknowledgement === undefined ? (
              <Acknowledge of={alert} onDone={() => onClose(true)} />
            ) : (
              `${dayAndTime(acknowledgement.at)} · ${acknowledgement.by}`
            ),
          ],
        ]}
      />
      <h3>{t('deliveries')}</h3>
      {deliveries.length === 0 && <p>{t('was-muted')}</p>}
      <ul class="points">
        {deliveries.map((delivery) => (
          <OneDelivery key={delivery.channel} of={delivery} />
        ))}
      </ul>
    </Dialog>
  );
}

function OneDelivery({ of: delivery }: { readonly of: Delivery }) {
  const { channel, state, attempts, lastTryAt, nextTryAt, code, reason } = delivery;
  return (
    <li>
      <span>
        <strong>{channel}</strong> <Badge tone={stateTones[state]}>{t(`state-${state}`)}</Badge>{' '}
        {reason !== undefined && sentence(reason)}{' '}
        {code !== undefined && <span class="quiet">{t('code', { code })}</span>}
      </span>
      <span class="quiet">
        {t('tries', { count: attempts })}
        {lastTryAt !== undefined && ` · ${t('last-try', { time: dayAndTime(lastTryAt) })}`}
        {nextTryAt !== undefined && ` · ${t('next-try', { time: dayAndTime(nextTryAt) })}`}
      </span>
    </li>
  );
}
