import { useSignal } from '@preact/signals';
import { call, type Output } from '../../api/call.js';
import { can } from '../../api/session.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/upkeep.json';
import { Confirm } from '../../parts/dialog.js';
import { bound, Tick } from '../../parts/form-fields.js';
import { say } from '../../parts/notes.js';
import { Badge, Facts, Loaded, PageHead, Section, toSystem } from '../../parts/page.js';
import { Told } from '../../parts/shown-fault.js';
import { Table } from '../../parts/table.js';
import { useDialog } from '../../parts/use-dialog.js';
import { ago, dayAndTime, number } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('upkeep');
/** The names of settings: `messages/en/settings.json`. */
const nameOf = wordsOf<Readonly<Record<string, string>>>('settings');

type Retention = Output<'retention.show'>;

const sum = (counts: readonly (number | undefined)[]): number =>
  counts.reduce<number>((all, each) => all + (each ?? 0), 0);

/** How long data is kept, and what is due. */
export default function RetentionPage() {
  const retention = useFetched('retention.show', {}, { everyMs: 10_000 });
  const asking = useDialog();
  const shown = retention.value;
  return (
    <>
      <PageHead
        title={t('retention-title')}
        lead={t('retention-lead')}
        back={toSystem()}
        actions={[
          {
            text: t('run-now'),
            isOffered: can('retention:write') && shown !== undefined,
            isReady: shown?.isRunning === false,
            onAct: asking.opens(true),
          },
        ]}
      >
        {can('config:write') && <a href="/system/configuration#retention">{t('change-rules')}</a>}
      </PageHead>
      <Loaded of={retention}>
        {(value) => (
          <>
            <Section title={t('daily-run')}>
              <Run of={value} />
            </Section>
            <Rules of={value.rules} />
          </>
        )}
      </Loaded>
      {asking.of && shown !== undefined && (
        <RunNow of={shown} onClose={() => asking.closes(retention.reload)()} />
      )}
    </>
  );
}

function Run({ of: { atHour, isRunning, lastRun, clockDoubt } }: { readonly of: Retention }) {
  return (
    <>
      <div role="status">{isRunning && <Badge tone="info">{t('running-now')}</Badge>}</div>
      <Facts
        of={[
          [t('begins-at'), t('at-hour', { hour: atHour })],
          [t('last-run'), lastRun === undefined ? t('never') : ago(lastRun.startedAt)],
          [t('deleted'), lastRun && number(sum(Object.values(lastRun.forgotten)))],
        ]}
      />
      <Told {...clockDoubt} />
      {lastRun?.failures.map((failure) => (
        <Told key={failure.kind} {...failure} />
      ))}
    </>
  );
}

function Rules({ of }: { readonly of: Retention['rules'] }) {
  return (
    <Table
      label={t('retention-title')}
      items={of}
      keyOf={({ kind }) => kind}
      columns={[
        { head: t('kind'), cell: ({ kind }) => nameOf(`set-retention.${kind}`) },
        {
          head: t('keep'),
          isFigure: true,
          cell: ({ keep }) => (keep === 'forever' ? t('forever') : t('days', { count: keep })),
        },
        { head: t('due'), isFigure: true, cell: ({ due }) => number(due) },
      ]}
    />
  );
}

function RunNow({ of, onClose }: { readonly of: Retention; readonly onClose: () => void }) {
  const isClockConfirmed = useSignal(false);
  const needsClock = of.clockDoubt !== undefined;
  return (
    <Confirm
      title={t('run-now')}
      act={t('run-now')}
      isDestructive
      isReady={!needsClock || isClockConfirmed.value}
      onAct={async () => {
        const { forgotten } = await call('retention.run', { isClockConfirmed: isClockConfirmed.value });
        say(t('run-done', { count: sum(Object.values(forgotten)) }));
      }}
      onClose={onClose}
    >
      <p>{t('run-text', { count: sum(of.rules.map(({ due }) => due)) })}</p>
      {needsClock && (
        <Tick label={t('clock-right', { time: dayAndTime(new Date()) })} {...bound(isClockConfirmed)} />
      )}
    </Confirm>
  );
}
