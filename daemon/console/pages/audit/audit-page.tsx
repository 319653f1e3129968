import { useSignal } from '@preact/signals';
import type { AuditEntry, AuditVerdict, ComplianceReport } from '../../../contract/audit.js';
import { present } from '../../../kernel/present.js';
import { call } from '../../api/call.js';
import { useAct, useList } from '../../api/use-fetched.js';
import type en from '../../messages/en/audit.json';
import { ActionBar } from '../../parts/actions.js';
import { Dialog } from '../../parts/dialog.js';
import { beginOf, endOf, Filters, PeriodFilter, textsIn } from '../../parts/filters.js';
import { Form } from '../../parts/form.js';
import { bound, Field } from '../../parts/form-fields.js';
import { type Column, LongTable } from '../../parts/long-table.js';
import { Badge, Facts, PageHead, Progress, type Tone } from '../../parts/page.js';
import { saveJson } from '../../parts/save-file.js';
import { sentence } from '../../parts/shown-fault.js';
import { SeverityBadge } from '../../parts/term-words.js';
import { useDialog } from '../../parts/use-dialog.js';
import { type Query, useQuery, useSettled } from '../../parts/use-query.js';
import { clockSeconds, dayOf, laterDay, number, siteDay, startOfDay } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('audit');

/** The audit log: search, one entry, check, report. */
export default function Audit() {
  const query = useQuery();
  const list = useList('audit.list', useSettled(filtersOf(query)));
  const shown = useDialog<AuditEntry>();
  const verifying = useDialog();
  const reporting = useDialog();
  return (
    <>
      <PageHead
        title={t('title')}
        lead={t('lead')}
        actions={[
          { text: t('verify'), onAct: verifying.opens(true) },
          { text: t('report'), onAct: reporting.opens(true) },
        ]}
      />
      <Filters>
        {searched.map((name) => (
          <Field
            key={name}
            label={t(name)}
            {...(name === 'action' && { placeholder: 'person.erased' })}
            autocapitalize="none"
            spellcheck={false}
            {...query.bound(name)}
          />
        ))}
        <PeriodFilter query={query} from={['from', t('from')]} until={['to', t('to')]} />
      </Filters>
      <LongTable
        caption={t('title')}
        list={list}
        columns={columns(shown.open)}
        keyOf={({ sequence }) => sequence}
        empty={t('empty')}
      />
      {shown.of && <Entry of={shown.of} query={query} onClose={shown.closes()} />}
      {verifying.of && <AuditVerify onClose={verifying.closes()} />}
      {reporting.of && <AuditReport onClose={reporting.closes()} />}
    </>
  );
}

const searched = ['action', 'actor', 'subject'] as const;

const filtersOf = (query: Query) => ({
  ...textsIn(query, searched),
  ...present({ from: beginOf(query.get('from')), to: endOf(query.get('to')) }),
});

const columns = (show: (entry: AuditEntry) => void): readonly Column<AuditEntry>[] => [
  {
    head: t('at'),
    cell: (entry) => (
      <button type="button" class="plain" onClick={() => show(entry)}>
        {dayOf(entry.at)} {clockSeconds(entry.at)}
      </button>
    ),
  },
  {
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
  { head: t('actor'), cell: ({ actor }) => actor, isMinor: true },
  { head: t('subject'), cell: ({ subject }) => subject, isMinor: true },
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
      <ActionBar
        isSmall
        of={[
          { text: t('same-action'), onAct: only({ action }) },
          { text: t('same-actor'), onAct: only({ actor }) },
          {
            text: t('same-subject'),
            isOffered: subject !== undefined,
            onAct: only({ subject: subject ?? '' }),
          },
        ]}
      />
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
  const verify = (): Promise<boolean> => {
    const noted = {
      ...(sequence.value !== '' && { sequence: Number(sequence.value) }),
      ...(hash.value !== '' && { hash: hash.value.trim() }),
    };
    verdict.value = undefined;
    return doing.run(async () => {
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
        ]}
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
  const make = (): Promise<boolean> => {
    report.value = undefined;
    return doing.run(async () => {
      const period = { from: startOfDay(from.value), to: startOfDay(laterDay(to.value, 1)) };
      report.value = await call('audit.report', period);
    });
  };
  const made = report.value;
  return (
    <Dialog title={t('report')} onClose={onClose} isWide>
      <Form
        act={t('report-act')}
        onAct={make}
        doing={doing}
        others={
          made && (
            <button type="button" onClick={() => save(made)}>
              {t('download')}
            </button>
          )
        }
      >
        <p>{t('report-why')}</p>
        <div class="filters">
          <Field label={t('from')} type="date" required {...bound(from)} />
          <Field label={t('to')} type="date" required {...bound(to)} />
        </div>
        {doing.isRunning && <Progress done={undefined} label={t('reporting')} />}
        {made && <Summary of={made} />}
      </Form>
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

function save(report: ComplianceReport): void {
  const { box, period } = report;
  const days = `${siteDay(period.from)}-${laterDay(siteDay(period.to), -1)}`;
  saveJson(report, `audit-report-${box}-${days}.json`);
}
