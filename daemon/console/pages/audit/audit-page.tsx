import { useSignal } from '@preact/signals';
import type { AuditEntry, AuditVerdict, ComplianceReport } from '../../../contract/audit.js';
import { call } from '../../api/call.js';
import { useAct, useList } from '../../api/use-fetched.js';
import type en from '../../messages/en/audit.json';
import { Dialog } from '../../parts/dialog.js';
import { Fault, sentence } from '../../parts/fault.js';
import { bound, Field } from '../../parts/field.js';
import { Form } from '../../parts/form.js';
import { type Column, LongTable } from '../../parts/long-table.js';
import { Badge, Facts, PageHead, Progress, type Tone } from '../../parts/page.js';
import { saveFile } from '../../parts/save-file.js';
import { SeverityBadge } from '../../parts/terms.js';
import { type Query, useQuery, useSettled } from '../../parts/use-query.js';
import { clockSeconds, dayOf, laterDay, number, siteDay, startOfDay } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('audit');

/** The audit log: search, one entry, check, report. */
export default function Audit() {
  const query = useQuery();
  const list = useList('audit.list', useSettled(filtersOf(query)));
  const shown = useSignal<AuditEntry | undefined>(undefined);
  const open = useSignal<'verify' | 'report' | undefined>(undefined);
  const close = (): void => {
    open.value = undefined;
  };
  const show = (entry: AuditEntry | undefined): void => {
    shown.value = entry;
  };
  return (
    <>
      <PageHead title={t('title')} lead={t('lead')}>
        {(['verify', 'report'] as const).map((each) => (
          <button
            key={each}
            type="button"
            class="secondary"
            onClick={() => {
              open.value = each;
            }}
          >
            {t(each)}
          </button>
        ))}
      </PageHead>
      <Filters query={query} />
      <LongTable
        caption={t('title')}
        list={list}
        columns={columns(show)}
        keyOf={({ sequence }) => sequence}
        empty={t('empty')}
      />
      {shown.value && <Entry of={shown.value} query={query} onClose={() => show(undefined)} />}
      {open.value === 'verify' && <AuditVerify onClose={close} />}
      {open.value === 'report' && <AuditReport onClose={close} />}
    </>
  );
}

const searched = ['action', 'actor', 'subject'] as const;

function filtersOf({ get }: Query) {
  const [from, to] = [get('from'), get('to')];
  return {
    ...Object.fromEntries(
      searched.flatMap((name) => (get(name) === '' ? [] : [[name, get(name).trim()] as const])),
    ),
    ...(from !== '' && { from: startOfDay(from) }),
    ...(to !== '' && { to: startOfDay(laterDay(to, 1)) }),
  };
}

function Filters({ query: { get, set } }: { readonly query: Query }) {
  return (
    <search class="filters">
      {searched.map((name) => (
        <Field
          key={name}
          label={t(name)}
          value={get(name)}
          {...(name === 'action' && { placeholder: 'person.erased' })}
          autocapitalize="none"
          spellcheck={false}
          onValue={(value) => set({ [name]: value })}
        />
      ))}
      <Field label={t('from')} type="date" value={get('from')} onValue={(from) => set({ from })} />
      <Field label={t('to')} type="date" value={get('to')} onValue={(to) => set({ to })} />
    </search>
  );
}

const columns = (show: (entry: AuditEntry) => void): readonly Column<AuditEntry>[] => [
  {
    key: 'at',
    head: t('at'),
    cell: (entry) => (
      <button type="button" class="plain" onClick={() => show(entry)}>
        {dayOf(entry.at)} {clockSeconds(entry.at)}
      </button>
    ),
  },
  {
    key: 'action',
    head: t('action'),
    cell: ({ action, severity }) =>
      severity === 'info' ? (
        action
      ) : (
        <>
          {action} <SeverityBadge severity={severity} />
        </>
      ),
  },
  { key: 'actor', head: t('actor'), cell: ({ actor }) => actor, isMinor: true },
  { key: 'subject', head: t('subject'), cell: ({ subject }) => subject, isMinor: true },
];

interface EntryProps {
  readonly of: AuditEntry;
  readonly query: Query;
  readonly onClose: () => void;
}

/** One entry with its details, and ways to what belongs to it. */
function Entry({ of: entry, query, onClose }: EntryProps) {
  const { sequence, at, actor, origin, action, severity, subject, details, hash } = entry;
  const only = (filter: Readonly<Record<string, string>>) => () => {
    query.set({ action: '', actor: '', subject: '', from: '', to: '', ...filter });
    onClose();
  };
  return (
    <Dialog title={t('entry', { sequence })} onClose={onClose} isWide>
      <Facts
        of={[
          [t('at'), `${dayOf(at)} ${clockSeconds(at)}`],
          [t('action'), action],
          [t('severity'), <SeverityBadge severity={severity} />],
          [t('actor'), actor],
          [t('origin'), origin],
          [t('subject'), subject],
          ...Object.entries(details).map(([name, value]) => [name, String(value)] as const),
          [t('hash'), <code key="hash">{hash}</code>],
        ]}
      />
      <footer class="acts">
        <button type="button" class="secondary small" onClick={only({ action })}>
          {t('same-action')}
        </button>
        <button type="button" class="secondary small" onClick={only({ actor })}>
          {t('same-actor')}
        </button>
        {subject !== undefined && (
          <button type="button" class="secondary small" onClick={only({ subject })}>
            {t('same-subject')}
          </button>
        )}
      </footer>
    </Dialog>
  );
}

const tones: Readonly<Record<AuditVerdict['outcome'], Tone>> = {
  whole: 'ok',
  unproven: 'warn',
  broken: 'bad',
};

/** Checks the log, also against an entry that was noted elsewhere. */
function AuditVerify({ onClose }: { readonly onClose: () => void }) {
  const sequence = useSignal('');
  const hash = useSignal('');
  const verdict = useSignal<AuditVerdict | undefined>(undefined);
  const doing = useAct();
  const verify = async (): Promise<void> => {
    const noted = {
      ...(sequence.value !== '' && { sequence: Number(sequence.value) }),
      ...(hash.value !== '' && { hash: hash.value.trim() }),
    };
    verdict.value = undefined;
    await doing.run(async () => {
      verdict.value = await call('audit.verify', noted);
    });
  };
  return (
    <Dialog title={t('verify')} onClose={onClose} isWide>
      <Form act={t('verify-act')} onAct={verify} doing={doing}>
        <p>{t('verify-why')}</p>
        <Field
          label={t('noted-sequence')}
          hint={t('noted-hint')}
          type="number"
          min={1}
          {...bound(sequence)}
        />
        <Field
          label={t('noted-hash')}
          autocapitalize="none"
          spellcheck={false}
          maxLength={64}
          {...bound(hash)}
        />
        {doing.isRunning && <Progress done={undefined} label={t('verifying')} />}
        {verdict.value && <Verdict of={verdict.value} />}
      </Form>
    </Dialog>
  );
}

/** What a check of the log has found. */
function Verdict({ of: verdict }: { readonly of: AuditVerdict }) {
  const { outcome, entryCount, segments, breakage, newest } = verdict;
  return (
    <div role="status">
      <p>
        <Badge tone={tones[outcome]}>{t(`outcome-${outcome}`)}</Badge> {t(`outcome-${outcome}-why`)}
      </p>
      {breakage && (
        <p>{t('breakage', { sequence: breakage.sequence, message: sentence(breakage.message) })}</p>
      )}
      <Facts
        of={[
          [t('entries'), number(entryCount)],
          [t('keys'), number(segments.length)],
          [t('unproven-keys'), segments.some(({ isProven }) => !isProven) && unproven(segments)],
          [t('newest'), newest && number(newest.sequence)],
          [t('hash'), newest && <code>{newest.hash}</code>],
        ].map(([name, value]) => [String(name), value === false ? undefined : value] as const)}
      />
      {newest && <p class="quiet">{t('newest-why')}</p>}
    </div>
  );
}

const unproven = (segments: AuditVerdict['segments']): string =>
  segments
    .filter(({ isProven }) => !isProven)
    .map(({ keyId, first, last }) => `${keyId} (${number(first)}–${number(last)})`)
    .join(', ');

const usualDays = 30;

/** Makes the report for an auditor: figures, opaque ids and hashes, but no personal data. */
function AuditReport({ onClose }: { readonly onClose: () => void }) {
  const from = useSignal(laterDay(siteDay(), -usualDays));
  const to = useSignal(siteDay());
  const report = useSignal<ComplianceReport | undefined>(undefined);
  const doing = useAct();
  const make = async (event: Event): Promise<void> => {
    event.preventDefault();
    report.value = undefined;
    await doing.run(async () => {
      const period = { from: startOfDay(from.value), to: startOfDay(laterDay(to.value, 1)) };
      report.value = await call('audit.report', period);
    });
  };
  return (
    <Dialog title={t('report')} onClose={onClose} isWide>
      <form onSubmit={make}>
        <p>{t('report-why')}</p>
        <div class="filters">
          <Field label={t('from')} type="date" required {...bound(from)} />
          <Field label={t('to')} type="date" required {...bound(to)} />
        </div>
        <Fault error={doing.fault} />
        {doing.isRunning && <Progress done={undefined} label={t('reporting')} />}
        {report.value && <Summary of={report.value} />}
        <footer class="acts">
          {report.value && (
            <button type="button" onClick={() => save(report.value)}>
              {t('download')}
            </button>
          )}
          <button type="submit" class={report.value ? 'secondary' : ''} aria-busy={doing.isRunning}>
            {t('report-act')}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

function Summary({ of: report }: { readonly of: ComplianceReport }) {
  const { entryCount, persons, accesses, refusals, keys, integrity } = report;
  const sum = (counts: ComplianceReport['accesses']): number =>
    counts.reduce((total, { count }) => total + count, 0);
  return (
    <>
      <Facts
        of={[
          [t('entries'), number(entryCount)],
          [t('enrolled'), number(persons.enrolled)],
          [t('changed'), number(persons.changed)],
          [t('removed'), number(persons.removed)],
          [t('erased'), number(persons.erased)],
          [t('withdrawn'), number(persons.consentWithdrawn)],
          [t('accesses'), number(sum(accesses))],
          [t('refusals'), number(sum(refusals))],
          [t('gallery-keys'), number(keys.length)],
        ]}
      />
      <Verdict of={integrity} />
    </>
  );
}

function save(report: ComplianceReport | undefined): void {
  if (report === undefined) return;
  const { box, period } = report;
  const text = `${JSON.stringify(report, null, 2)}\n`;
  const days = `${siteDay(period.from)}-${laterDay(siteDay(period.to), -1)}`;
  saveFile(new Blob([text], { type: 'application/json' }), `audit-report-${box}-${days}.json`);
}
