import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import type { AuditEntry, AuditVerdict, ComplianceReport } from '../../../contract/audit.js';
import { auditActions } from '../../../kernel/audit-action.js';
import { present } from '../../../kernel/present.js';
import { call } from '../../api/call.js';
import { isLimited } from '../../api/session.js';
import { useAct, useList } from '../../api/use-fetched.js';
import type en from '../../messages/en/audit.json';
import { ActionBar } from '../../parts/actions.js';
import { Dialog } from '../../parts/dialog.js';
import { beginOf, endOf, Filters, PeriodFilter, textsIn } from '../../parts/filters.js';
import { Form } from '../../parts/form.js';
import { bound, Choice, Field } from '../../parts/form-fields.js';
import { type Column, LongTable } from '../../parts/long-table.js';
import { Badge, Empty, Facts, PageHead, Progress, type Tone } from '../../parts/page.js';
import { saveJson } from '../../parts/save-file.js';
import { sentence } from '../../parts/shown-fault.js';
import { Table } from '../../parts/table.js';
import { SeverityBadge } from '../../parts/term-words.js';
import { useDialog } from '../../parts/use-dialog.js';
import { type Query, useQuery, useSettled } from '../../parts/use-query.js';
import { clockSeconds, dayOf, laterDay, number, siteDay, startOfDay } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { type AuditRow, actionsOf, readingCount, rowsOf, subjectsOf, targetsOf } from './audit-rows.js';
import { Actor, actionWord, type Known, Subject, useKnown } from './audit-words.js';

const t = wordsOf<typeof en>('audit');

/** The audit log: search, one entry, check, report. */
export default function Audit() {
  const query = useQuery();
  const known = useKnown();
  // A part of the log proves nothing, so the box shows it whole or not at all.
  const list = useList('audit.list', useSettled(filtersOf(query)), { isWanted: !isLimited() });
  const rows = rowsOf(list.items);
  const shown = useDialog<AuditRow>();
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
      {isLimited() ? (
        <Empty>{t('limited')}</Empty>
      ) : (
        <>
          <LogFilters query={query} />
          <LongTable
            caption={t('title')}
            list={{ ...list, items: rows }}
            columns={columns(known, shown.open)}
            keyOf={([{ sequence }]) => sequence}
            empty={t('empty')}
          />
        </>
      )}
      {shown.of && <Row of={shown.of} {...{ known, query }} onShow={shown.open} onClose={shown.closes()} />}
      {verifying.of && <AuditVerify onClose={verifying.closes()} />}
      {reporting.of && <AuditReport onClose={reporting.closes()} />}
    </>
  );
}

const searched = ['action', 'actor', 'subject'] as const;

function LogFilters({ query }: { readonly query: Query }) {
  const action = query.get('action');
  const named = auditActions
    .map((each) => [each, actionWord(each)] as const)
    .toSorted(([, one], [, other]) => one.localeCompare(other));
  // A link may name a group of actions.
  const others =
    action === '' || auditActions.some((each) => each === action) ? [] : [[action, action] as const];
  return (
    <Filters saved={{ query, page: 'audit' }}>
      <Choice
        label={t('action')}
        options={[['', t('any-action')], ...others, ...named]}
        {...query.bound('action')}
      />
      <IdField label={t('actor-id')} {...query.bound('actor')} />
      <IdField label={t('subject-id')} {...query.bound('subject')} />
      <PeriodFilter query={query} from={['from', t('from')]} until={['to', t('to')]} />
    </Filters>
  );
}

function IdField(props: { readonly label: string } & ReturnType<Query['bound']>) {
  return <Field {...props} autocapitalize="none" spellcheck={false} />;
}

const filtersOf = (query: Query) => ({
  ...textsIn(query, searched),
  ...present({ from: beginOf(query.get('from')), to: endOf(query.get('to')) }),
});

const columns = (known: Known, show: (row: AuditRow) => void): readonly Column<AuditRow>[] => [
  {
    head: t('at'),
    width: 'instant',
    cell: (row) => (
      <button type="button" class="plain" onClick={() => show(row)}>
        {timeOf(row[0])}
      </button>
    ),
  },
  {
    head: t('action'),
    cell: (row) => (
      <span class="named">
        <span>
          {actionsOf(row)
            .map(([action, count]) => (count === 1 ? actionWord(action) : `${actionWord(action)} (${count})`))
            .join(', ')}
          {row[0].severity !== 'info' && (
            <>
              {' '}
              <SeverityBadge severity={row[0].severity} />
            </>
          )}
        </span>
      </span>
    ),
  },
  { head: t('actor'), cell: ([{ actor }]) => <Actor actor={actor} known={known} />, isMinor: true },
  {
    head: t('subject'),
    cell: (row) => {
      const count = subjectsOf(row).length;
      const [first] = row;
      const entry = row.find((each) => targetsOf(each).length > 0) ?? first;
      return count > 1 ? t('subjects', { count }) : <Subject of={entry} known={known} />;
    },
    isMinor: true,
  },
];

const timeOf = ({ at }: AuditEntry): string => `${dayOf(at)} ${clockSeconds(at)}`;

interface RowProps {
  readonly of: AuditRow;
  readonly known: Known;
  readonly query: Query;
  readonly onShow: (row: AuditRow) => void;
  readonly onClose: () => void;
}

/** What stands behind a row: its entry, or each of the readings that it holds together. */
function Row({ of: row, known, query, onShow, onClose }: RowProps) {
  if (row.length === 1) return <Entry of={row[0]} {...{ known, query, onClose }} />;
  return (
    <Dialog title={t('readings', { count: readingCount(row) })} onClose={onClose} isWide>
      <Table
        label={t('readings', { count: readingCount(row) })}
        items={row}
        keyOf={({ sequence }) => sequence}
        columns={[
          {
            head: t('at'),
            cell: (entry) => (
              <button type="button" class="plain" onClick={() => onShow([entry])}>
                {timeOf(entry)}
              </button>
            ),
          },
          { head: t('action'), cell: ({ action }) => actionWord(action) },
          { head: t('subject'), cell: (entry) => <Subject of={entry} known={known} /> },
        ]}
      />
    </Dialog>
  );
}

interface EntryProps extends Pick<RowProps, 'known' | 'query' | 'onClose'> {
  readonly of: AuditEntry;
}

/** One entry with its details, and ways to what belongs to it. */
function Entry({ of: entry, known, query, onClose }: EntryProps) {
  const { sequence, actor, origin, action, severity, subject, details, hash } = entry;
  const only = (filter: Readonly<Record<string, string>>) => () => {
    query.set({ action: '', actor: '', subject: '', from: '', to: '', ...filter });
    onClose();
  };
  return (
    <Dialog title={t('entry', { sequence })} onClose={onClose} isWide>
      <Facts
        of={[
          [t('at'), timeOf(entry)],
          [t('action'), <InWords words={actionWord(action)} code={action} />],
          [t('severity'), <SeverityBadge severity={severity} />],
          [t('actor'), <InWords words={<Actor actor={actor} known={known} />} code={actor} />],
          [t('origin'), origin],
          [t('subject'), subject && <InWords words={<Subject of={entry} known={known} />} code={subject} />],
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

/** Words of the console, and below them what the log itself holds. */
function InWords({ words, code }: { readonly words: ComponentChildren; readonly code: string }) {
  return (
    <>
      {words}
      <small class="quiet">{code}</small>
    </>
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
