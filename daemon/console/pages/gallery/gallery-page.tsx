import type { Output } from '../../api/request.js';
import { can } from '../../api/session.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/gallery.json';
import { Badge, Facts, Loaded, PageHead, Section } from '../../parts/page.js';
import { Problem } from '../../parts/shown-fault.js';
import { Table } from '../../parts/table.js';
import { bytes, number } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { Verification } from './gallery-verification.js';
import { Move } from './recogniser-move.js';
import { Calibration } from './shown-calibration.js';
import { Keys } from './shown-keys.js';
import { Unlock } from './unlock-form.js';

const t = wordsOf<typeof en>('gallery');

type GalleryState = Output<'gallery.show'>;

/** Work in the background shows its progress at this pace. */
const everyMs = 2000;

/** The state of the gallery, and what is done with the whole of it. */
export default function GalleryPage() {
  const gallery = useFetched('gallery.show', {}, { everyMs });
  const reload = gallery.reload;
  return (
    <>
      <PageHead title={t('title')} lead={t('lead')} />
      <Loaded of={gallery}>
        {(value) => (
          <>
            <State of={value} />
            {value.state === 'sealed' && can('keys:write') && <Unlock keys={value.keys} onOpened={reload} />}
            {value.quarantined.count > 0 && <Damaged of={value.quarantined} />}
            <Keys of={value} onChanged={reload} />
            <Verification of={value} onEnded={reload} />
            {value.state === 'open' && can('gallery:write') && <Calibration />}
            <Move of={value} onChanged={reload} />
          </>
        )}
      </Loaded>
    </>
  );
}

function State({ of: { state, reason, contents } }: { readonly of: GalleryState }) {
  return (
    <Section title={t('state')}>
      {reason && <Problem of={reason} />}
      {state === 'sealed' && <p>{t('sealed-why')}</p>}
      <Facts
        of={[
          [
            t('state'),
            <Badge key="state" tone={state === 'open' ? 'ok' : 'bad'}>
              {t(`state-${state}`)}
            </Badge>,
          ],
          ...(contents === undefined ? [] : contentFacts(contents)),
        ]}
      />
    </Section>
  );
}

function contentFacts({
  persons,
  templates,
  photographs,
  evidence,
  recogniser,
  fileBytes,
}: NonNullable<GalleryState['contents']>) {
  const pictures = Object.values(evidence).reduce((sum, each) => sum + each, 0);
  const { active, removed } = persons;
  return [
    [t('persons'), removed === 0 ? number(active) : t('persons-removed', { active, removed })],
    [t('templates'), templates.map((each) => t('templates-of', each)).join(', ')],
    [t('photographs'), number(photographs)],
    [t('pictures'), number(pictures)],
    [t('recogniser'), recogniser],
    [t('size'), bytes(fileBytes)],
  ] as const;
}

function Damaged({ of: { count, rows } }: { readonly of: GalleryState['quarantined'] }) {
  return (
    <Section title={t('damaged')}>
      <p>
        {t('damaged-count', { count })} {count > rows.length && t('damaged-more')}
      </p>
      <details>
        <summary>{t('row')}</summary>
        <Table
          label={t('row')}
          items={rows}
          keyOf={({ table, rowId }) => `${table} ${rowId}`}
          columns={[
            {
              head: t('row'),
              cell: ({ table, rowId }) => (
                <code>
                  {table} {rowId}
                </code>
              ),
            },
            { head: t('row-reason'), cell: ({ reason }) => t(`reason-${reason}`) },
            { head: t('person'), cell: ({ personId }) => personId && <code>{personId}</code> },
          ]}
        />
      </details>
    </Section>
  );
}
