import { useSignal } from '@preact/signals';
import { brokerNotConfigured } from '../../../kernel/broker.js';
import { type Line, type Output, readLines } from '../../api/call.js';
import { can } from '../../api/session.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/upkeep.json';
import { bound, Tick } from '../../parts/form-fields.js';
import { Badge, Facts, Loaded, PageHead, Section, toSystem } from '../../parts/page.js';
import { Told } from '../../parts/shown-fault.js';
import { brokerWord } from '../../parts/term-words.js';
import { dayOf, number } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { Findings } from './doctor-page.js';

const t = wordsOf<typeof en>('upkeep');

type Status = Output<'status.show'>;
type Step = Line<'host.check-broker'>;

/** The connection to the broker, and a check of it. */
export default function Broker() {
  const status = useFetched('status.show', {}, { everyMs: 5000 });
  return (
    <>
      <PageHead title={t('broker-title')} lead={t('broker-lead')} back={toSystem()} />
      <Section title={t('connection')}>
        <Loaded of={status}>{(value) => <Connection status={value} />}</Loaded>
      </Section>
      {can('config:read') && status.value?.broker.state !== brokerNotConfigured && <Check />}
    </>
  );
}

function Connection({ status: { broker, outbox } }: { readonly status: Status }) {
  const { state, mqttVersion, message, remedy, publishedCount, certificates = [] } = broker;
  if (state === brokerNotConfigured) return <p>{t('no-broker')}</p>;
  const heldBack = outbox.heldBack ?? [];
  return (
    <>
      <Facts
        of={[
          [t('state'), <Badge tone={message === undefined ? 'ok' : 'bad'}>{brokerWord(state)}</Badge>],
          [t('protocol'), mqttVersion && t('mqtt-version', { version: mqttVersion })],
          [t('published'), publishedCount !== undefined && number(publishedCount)],
          [t('waiting'), number(outbox.waiting)],
          ...certificates.map(
            ({ whose, notAfter }) =>
              [t(`certificate-of-${whose}`), t('until-day', { day: dayOf(notAfter) })] as const,
          ),
        ]}
      />
      <Told {...{ message, remedy }} />
      {heldBack.length > 0 && (
        <>
          <h3>{t('held-back', { count: heldBack.length })}</h3>
          <Findings
            of={heldBack.map(({ kind, message: why, remedy: what }) => ({
              ...{ check: kind, outcome: 'failed', message: why, remedy: what },
            }))}
          />
        </>
      )}
    </>
  );
}

function Check() {
  const triesEvents = useSignal(false);
  const steps = useSignal<readonly Step[]>([]);
  const check = async (): Promise<void> => {
    steps.value = [];
    for await (const step of readLines('host.check-broker', { triesEvents: triesEvents.value })) {
      steps.value = [...steps.value, step];
    }
  };
  return (
    <Section title={t('broker-check')} actions={[{ text: t('check-now'), look: 'primary', onAct: check }]}>
      <p class="quiet">{t('broker-check-lead')}</p>
      <Tick label={t('tries-events')} {...bound(triesEvents)} />
      <div role="status">
        <Findings of={steps.value} />
      </div>
    </Section>
  );
}
