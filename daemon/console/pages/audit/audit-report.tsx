import { useSignal } from '@preact/signals';
import type { ComplianceReport } from '../../../contract/audit.js';
import { call } from '../../api/call.js';
import { useAct } from '../../api/use-fetched.js';
import type en from '../../messages/en/audit.json';
import { bound } from '../../parts/bound.js';
import { Dialog } from '../../parts/dialog.js';
import { Fault } from '../../parts/fault.js';
import { Field } from '../../parts/field.js';
import { Facts, Progress } from '../../parts/page.js';
import { saveFile } from '../../parts/save-file.js';
import { laterDay, number, siteDay, startOfDay } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';
import { Verdict } from './audit-verify.js';

const t = wordsOf<typeof en>('audit');
const usualDays = 30;

/** Makes the report for an auditor: figures, opaque ids and hashes, but no personal data. */
export function AuditReport({ onClose }: { readonly onClose: () => void }) {
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
