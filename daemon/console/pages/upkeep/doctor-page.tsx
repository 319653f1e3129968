import type { CheckOutcome } from '../../../kernel/check-outcome.js';
import type { Output } from '../../api/request.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/upkeep.json';
import { Badge, PageHead, Progress, Section, type Tone, toSystem } from '../../parts/page.js';
import { Fault, Told } from '../../parts/shown-fault.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('upkeep');

/** What `rollcall doctor` says, checked by the box itself. */
export default function Doctor() {
  const { value, fault, isLoading, reload } = useFetched('host.doctor', {});
  return (
    <>
      <PageHead
        title={t('doctor-title')}
        lead={t('doctor-lead')}
        back={toSystem()}
        actions={[{ text: t('check-again'), isReady: !isLoading, onAct: () => void reload() }]}
      />
      <Fault error={fault} onRetry={() => void reload()} />
      <div role="status">{isLoading && <Progress done={undefined} label={t('checking')} />}</div>
      {value !== undefined && <Outcome findings={value.findings} />}
    </>
  );
}

/** What needs a person first; what is in order can be opened. */
function Outcome({ findings }: { readonly findings: Output<'host.doctor'>['findings'] }) {
  const having = (outcome: CheckOutcome) => findings.filter((each) => each.outcome === outcome);
  const failed = having('failed');
  const ok = having('ok');
  const troubles = [...failed, ...having('warning')];
  return (
    <>
      {troubles.length === 0 ? (
        <p>
          <Badge tone="ok" icon="check">
            {t('all-well')}
          </Badge>
        </p>
      ) : (
        <Section title={t(failed.length === 0 ? 'outcome-warning' : 'outcome-failed')}>
          <Findings of={troubles} />
        </Section>
      )}
      <details class="card" open={troubles.length === 0}>
        <summary>{t('in-order', { count: ok.length })}</summary>
        <Findings of={ok} />
      </details>
    </>
  );
}

type Finding = Omit<Output<'host.doctor'>['findings'][number], 'says'>;

const tones = { ok: 'ok', warning: 'warn', failed: 'bad' } as const satisfies Record<
  Finding['outcome'],
  Tone
>;

/** What checks have found, each with what to do. */
export function Findings({ of }: { readonly of: readonly Finding[] }) {
  return (
    <ul class="findings">
      {of.map(({ check, title = check, outcome, message, remedy }, index) => (
        <li key={`${index} ${check}`}>
          <p>
            <Badge tone={tones[outcome]}>{t(`outcome-${outcome}`)}</Badge> <strong>{title}</strong>
          </p>
          <Told {...{ message, remedy }} />
        </li>
      ))}
    </ul>
  );
}
