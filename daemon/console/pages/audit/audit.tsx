import { useSignal } from '@preact/signals';
import type { AuditEntry } from '../../../contract/audit.js';
import { useList } from '../../api/use-fetched.js';
import type en from '../../messages/en/audit.json';
import { Dialog } from '../../parts/dialog.js';
import { Field } from '../../parts/field.js';
import { type Column, LongTable } from '../../parts/long-table.js';
import { Facts, PageHead } from '../../parts/page.js';
import { SeverityBadge } from '../../parts/terms.js';
import { type Query, useQuery } from '../../parts/use-query.js';
import { useSettled } from '../../parts/use-settled.js';
import { clockSeconds, dayOf, laterDay, startOfDay } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';
import { AuditReport } from './audit-report.js';
import { AuditVerify } from './audit-verify.js';

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
