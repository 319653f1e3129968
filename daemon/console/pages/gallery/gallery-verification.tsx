import type { DisagreeingPerson, VerifyFinding } from '../../../contract/gallery.js';
import { type Line, type Output, readLines } from '../../api/call.js';
import { keptLines } from '../../api/kept-lines.js';
import { can } from '../../api/session.js';
import type en from '../../messages/en/gallery.json';
import { Badge, Facts, Progress, Section } from '../../parts/page.js';
import { Fault } from '../../parts/shown-fault.js';
import { dayAndTime } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('gallery');

type State = Output<'gallery.show'>;
type Summary = Extract<Line<'gallery.verify'>, { kind: 'summary' }>;

const verification = keptLines(() => readLines('gallery.verify'));

interface VerificationProps {
  readonly of: State;
  readonly onEnded: () => Promise<void>;
}

/** Checks the gallery. It goes on while the user is elsewhere. */
export function Verification({ of, onEnded }: VerificationProps) {
  const { verification: progress, lastVerification, state } = of;
  const lines = verification.lines.value;
  const isRunning = verification.isRunning.value || progress !== undefined;
  return (
    <Section
      title={t('verify')}
      actions={[
        {
          text: t('verify-act'),
          isOffered: can('gallery:write') && state === 'open' && !isRunning,
          onAct: () => void verification.start().then(onEnded),
        },
      ]}
    >
      <p class="quiet">{t('verify-lead')}</p>
      <Fault error={verification.fault.value} />
      {isRunning && <Running of={progress} />}
      {lines === undefined ? lastVerification && <Last of={lastVerification} /> : <Result of={lines} />}
    </Section>
  );
}

function Running({ of: progress }: { readonly of: State['verification'] }) {
  if (progress === undefined) return <Progress done={undefined} label={t('verify-begins')} />;
  const { step, done, total } = progress;
  if (step === 'pages') return <Progress done={undefined} label={t('verify-pages')} />;
  return <Progress done={done} total={total} label={t(`verify-${step}`, { done, total })} />;
}

function Last({ of }: { readonly of: NonNullable<State['lastVerification']> }) {
  const { at, damaged, disagreeing } = of;
  return (
    <p>
      {t('last-verified')}: {dayAndTime(at)}.{' '}
      {damaged === 0 ? t('verified-whole') : t('verified-damaged', { count: damaged })}{' '}
      {t('verified-disagreeing', { count: disagreeing })}
    </p>
  );
}

function Result({ of: lines }: { readonly of: readonly Line<'gallery.verify'>[] }) {
  const summary = lines.find((line) => line.kind === 'summary');
  const findings = lines.flatMap((line) => (line.kind === 'finding' ? [line.finding] : []));
  const disagreeing = lines.flatMap((line) => (line.kind === 'disagreeing' ? [line.person] : []));
  return (
    <div role="status">
      {summary && <SummaryOf of={summary} />}
      {findings.length > 0 && <Findings of={findings} />}
      {disagreeing.length > 0 && <Disagreeing of={disagreeing} />}
    </div>
  );
}

function SummaryOf({
  of: { isWhole, checked, durationMs, audit, startedAt, pages },
}: {
  readonly of: Summary;
}) {
  const rows = Object.values(checked).reduce((sum, each) => sum + each, 0);
  return (
    <>
      <Facts
        of={[
          [
            t('state'),
            <Badge key="state" tone={isWhole ? 'ok' : 'bad'} icon={isWhole ? 'check' : 'warning'}>
              {t(isWhole ? 'audit-whole' : 'audit-broken')}
            </Badge>,
          ],
          [t('begun'), dayAndTime(startedAt)],
          [t('checked'), t('checked-rows', { count: rows, seconds: Math.ceil(durationMs / 1000) })],
          [t('audit-verdict'), audit && t(`audit-${audit.outcome}`)],
        ]}
      />
      {pages.length > 0 && (
        <>
          <h3>{t('page-messages')}</h3>
          <ul>
            {pages.map((message) => (
              <li key={message}>{message}</li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}

function Findings({ of }: { readonly of: readonly VerifyFinding[] }) {
  return (
    <>
      <h3>{t('findings')}</h3>
      <ul>
        {of.map(({ table, rowId, reason }) => (
          <li key={`${table} ${rowId} ${reason}`}>
            {t('finding', { table, reason: t(`reason-${reason}`) })} <code>{rowId}</code>
          </li>
        ))}
      </ul>
    </>
  );
}

function Disagreeing({ of }: { readonly of: readonly DisagreeingPerson[] }) {
  return (
    <>
      <h3>{t('disagreeing')}</h3>
      <ul>
        {of.map(({ personId }) => (
          <li key={personId}>
            <a href={`/people/${personId}`}>{personId}</a>
          </li>
        ))}
      </ul>
    </>
  );
}
