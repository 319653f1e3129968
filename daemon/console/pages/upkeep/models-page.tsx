import type { Output } from '../../api/request.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/upkeep.json';
import { Badge, Facts, Loaded, PageHead, Section, toSystem } from '../../parts/page.js';
import { Remedy, sentence } from '../../parts/shown-fault.js';
import { Table } from '../../parts/table.js';
import { bytes } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('upkeep');

type Models = Output<'models.list'>;
type Status = Output<'status.show'>;

const tones = { ready: 'ok', absent: 'quiet', damaged: 'bad' } as const;

/** The neural networks of the box. */
export default function ModelsPage() {
  const models = useFetched('models.list', {});
  const status = useFetched('status.show', {});
  return (
    <>
      <PageHead title={t('models-title')} lead={t('models-lead')} back={toSystem()} />
      {status.value !== undefined && (
        <Section title={t('analysis')}>
          <Analysis status={status.value} />
        </Section>
      )}
      <Loaded of={models}>
        {(value) => <ModelTable of={value} inUse={status.value?.recogniser?.name} />}
      </Loaded>
    </>
  );
}

function Analysis({ status: { recogniser, vision } }: { readonly status: Status }) {
  return (
    <Facts
      of={[
        [t('recogniser'), recogniser?.name],
        ...vision.map(
          ({ index, state, provider }) =>
            [
              t('vision-process', { index }),
              provider === undefined ? state : `${state}, ${provider.actual}`,
            ] as const,
        ),
      ]}
    />
  );
}

function ModelTable({ of, inUse }: { readonly of: Models; readonly inUse: string | undefined }) {
  return (
    <Table
      label={t('models-title')}
      items={of}
      keyOf={({ id }) => id}
      columns={[
        {
          head: t('model'),
          cell: ({ title, id }) => (
            <>
              <span lang="en">{title}</span>
              <br />
              <code>{id}</code>
            </>
          ),
        },
        {
          head: t('state'),
          cell: ({ id, state, remedy }) => (
            <>
              <Badge tone={tones[state]}>{t(`model-${state}`)}</Badge>{' '}
              {id === inUse && <Badge tone="info">{t('in-use')}</Badge>}
              {state === 'damaged' && <Remedy>{t('damaged-remedy')}</Remedy>}
              {remedy !== undefined && <Remedy>{sentence(remedy)}</Remedy>}
            </>
          ),
        },
        { head: t('part'), isMinor: true, cell: ({ role }) => role },
        { head: t('licence'), isMinor: true, cell: ({ licence }) => licence },
        { head: t('size'), isFigure: true, cell: ({ sizeBytes }) => bytes(sizeBytes) },
      ]}
    />
  );
}
