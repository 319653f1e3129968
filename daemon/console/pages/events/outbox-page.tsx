import { useSignal } from '@preact/signals';
import type { OutboxStatus, ResendOutcome } from '../../../contract/events.js';
import type { HeldBack } from '../../../contract/held-back.js';
import { call } from '../../api/call.js';
import { can } from '../../api/session.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/events.json';
import { Confirm } from '../../parts/dialog.js';
import { bound, Field } from '../../parts/form-fields.js';
import { Badge, Empty, Facts, Loaded, PageHead, Section } from '../../parts/page.js';
import { Remedy, sentence, Told } from '../../parts/shown-fault.js';
import { Table } from '../../parts/table.js';
import { brokerWord } from '../../parts/term-words.js';
import { useDialog } from '../../parts/use-dialog.js';
import { bytes, dayAndTime, number } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { kindText } from './event-facts.js';

const t = wordsOf<typeof en>('events');
const refreshMs = 5000;

/** The events that wait to leave the box, and why. */
export default function Outbox() {
  const outbox = useFetched('outbox.show', {}, { everyMs: refreshMs });
  const resending = useDialog();
  const resent = useSignal<ResendOutcome | undefined>(undefined);
  return (
    <>
      <PageHead
        title={t('outbox')}
        lead={t('outbox-lead')}
        {...(can('events:read') && { back: { href: '/events', text: t('title') } })}
        actions={[
          {
            text: t('resend'),
            look: 'primary',
            isOffered: can('events:write'),
            onAct: resending.opens(true),
          },
        ]}
      />
      {resent.value && <Resent of={resent.value} />}
      <Loaded of={outbox}>{(value) => <Waiting of={value} />}</Loaded>
      {resending.of && (
        <Resend
          newest={outbox.value?.newestSequence}
          onClose={(outcome) => {
            resending.closes()();
            resent.value = outcome ?? resent.value;
            if (outcome !== undefined) void outbox.reload();
          }}
        />
      )}
    </>
  );
}

function Waiting({ of: outbox }: { readonly of: OutboxStatus }) {
  const { connection, heldBack, kinds } = outbox;
  return (
    <>
      <Section title={t('state')}>
        <Facts
          of={[
            [t('connection'), brokerWord(connection.state)],
            [t('waiting'), t('waiting-of', { count: outbox.count, size: bytes(outbox.sizeBytes) })],
            [t('limit'), bytes(outbox.limitMiB * 1_048_576)],
            [t('in-flight'), number(outbox.inFlight)],
            [t('newest'), number(outbox.newestSequence)],
            [t('who-confirms'), t(`confirms-${outbox.acknowledgement}`)],
            ...(outbox.acknowledgement === 'centre'
              ? ([
                  [t('delivery-kept-for-centre'), number(outbox.keptForCentre)],
                  [t('centre-has'), number(outbox.centreHasUpTo)],
                ] as const)
              : []),
          ]}
        />
        <Told {...connection} />
      </Section>
      {heldBack.length > 0 && (
        <Section title={t('held-back')}>
          {heldBack.map((each) => (
            <Held key={`${each.kind} ${each.sequence}`} of={each} />
          ))}
        </Section>
      )}
      <Section title={t('by-kind')}>
        {kinds.length === 0 ? <Empty>{t('no-events')}</Empty> : <Kinds of={kinds} />}
      </Section>
    </>
  );
}

function Held({ of: held }: { readonly of: HeldBack }) {
  return (
    <article>
      <p>
        <Badge tone="bad">{kindText(held.kind)}</Badge> {sentence(held.message)}
      </p>
      {held.reason && <p class="quiet">{t('broker-says', { reason: held.reason })}</p>}
      <p class="quiet">
        {t('held-since', { sequence: held.sequence, since: dayAndTime(held.since) })}{' '}
        {held.until ? t('next-try', { until: dayAndTime(held.until) }) : t('needs-connection')}
      </p>
      <Remedy>{sentence(held.remedy)}</Remedy>
    </article>
  );
}

function Kinds({ of: kinds }: { readonly of: OutboxStatus['kinds'] }) {
  return (
    <Table
      label={t('kind')}
      items={kinds}
      keyOf={({ kind }) => kind}
      columns={[
        {
          head: t('kind'),
          cell: ({ kind, isHeld }) => (
            <>
              {kindText(kind)} {isHeld && <Badge tone="bad">{t('held')}</Badge>}
            </>
          ),
        },
        { head: t('waiting'), isFigure: true, cell: ({ count }) => number(count) },
        {
          head: t('oldest'),
          isMinor: true,
          cell: ({ oldestSince }) => oldestSince && dayAndTime(oldestSince),
        },
        {
          head: t('limit'),
          isMinor: true,
          cell: ({ limit }) => t('limit-of', { events: limit.events, days: limit.days }),
        },
        { head: t('delivery-given-up'), isFigure: true, cell: ({ givenUp }) => number(givenUp) },
      ]}
    />
  );
}

interface ResendProps {
  readonly newest: number | undefined;
  readonly onClose: (outcome: ResendOutcome | undefined) => void;
}

function Resend({ newest, onClose }: ResendProps) {
  const from = useSignal('');
  const to = useSignal('');
  const outcome = useSignal<ResendOutcome | undefined>(undefined);
  const isReady = Number(from.value) > 0;
  const resend = async (): Promise<void> => {
    const range = { from: Number(from.value), ...(to.value !== '' && { to: Number(to.value) }) };
    outcome.value = await call('events.resend', range);
  };
  return (
    <Confirm
      title={t('resend')}
      act={t('resend-act')}
      isReady={isReady}
      onAct={resend}
      onClose={() => onClose(outcome.value)}
    >
      <p>{t('resend-why')}</p>
      <Field label={t('resend-from')} type="number" min={1} required {...bound(from)} />
      <Field
        label={t('resend-to')}
        type="number"
        min={1}
        {...(newest !== undefined && { hint: t('resend-newest', { newest }) })}
        {...bound(to)}
      />
    </Confirm>
  );
}

function Resent({ of: { first, last, count, missing } }: { readonly of: ResendOutcome }) {
  return (
    <p role="status">
      {t('resent', { first, last, count })}{' '}
      {missing.count > 0 && t('resent-missing', { count: missing.count })}
    </p>
  );
}
