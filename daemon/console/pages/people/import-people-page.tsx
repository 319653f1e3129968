import { useSignal } from '@preact/signals';
import { fieldColumn, importColumns } from '../../../kernel/persons/import-columns.js';
import type en from '../../messages/en/person-import.json';
import { ActionBar } from '../../parts/actions.js';
import { bound, Files, Tick } from '../../parts/form-fields.js';
import { Icon } from '../../parts/icon.js';
import { PageHead, Progress, Section } from '../../parts/page.js';
import { Fault } from '../../parts/shown-fault.js';
import { useLeaveWarning } from '../../parts/use-leave-warning.js';
import { wordsOf } from '../../words/words.js';
import { customFields } from './custom-fields.js';
import { ImportPreview } from './import-preview.js';
import { beginImport, endImport, type ImportState, importState, storeImport } from './staged-import.js';

const t = wordsOf<typeof en>('person-import');

/** Enrols many persons from a table with photographs, all or none. */
export default function ImportPeople() {
  const state = importState.value;
  // A closed tab ends the import.
  useLeaveWarning(['checking', 'ready', 'storing'].includes(state.phase));
  return (
    <>
      <PageHead
        title={t('title')}
        lead={t('lead')}
        back={{ href: '/people', text: t('back') }}
        actions={[
          {
            text: state.phase === 'done' ? t('another') : t('abandon'),
            isOffered: !['choosing', 'storing'].includes(state.phase),
            onAct: endImport,
          },
        ]}
      />
      {state.phase === 'choosing' && <Choosing state={state} />}
      {state.phase === 'unpacking' && <Progress done={undefined} label={t('unpacking')} />}
      <div role="status">
        {state.phase === 'done' && (
          <p class="said">
            <Icon name="check" />
            {t('done', { count: state.enrolled ?? 0 })} <a href="/people">{t('to-people')}</a>
          </p>
        )}
        {state.phase === 'lost' && <p class="said">{t('lost')}</p>}
      </div>
      <Fault error={state.fault} />
      {state.rows.length > 0 && state.phase !== 'done' && <Checked state={state} />}
    </>
  );
}

function Choosing({ state: { problem } }: { readonly state: ImportState }) {
  return (
    <Section title={t('choose-title')}>
      <ol>
        <li>{t('how-table')}</li>
        <li>{t('how-photographs')}</li>
        <li>{t('how-check')}</li>
      </ol>
      <p class="quiet">{t('columns')}</p>
      <pre class="wrapped">
        <code>{[...importColumns, ...customFields().map(({ id }) => fieldColumn(id))].join(',')}</code>
      </pre>
      <div class="field-pair">
        <Files label={t('choose-folder')} isFolder multiple onFiles={begin} />
        <Files label={t('choose-files')} multiple onFiles={begin} />
      </div>
      {problem !== undefined && (
        <div class="fault" role="alert">
          <Icon name="warning" />
          <p>{t(`table-${problem.problem}`, { what: problem.what })}</p>
        </div>
      )}
    </Section>
  );
}

function begin(files: readonly File[]): void {
  if (files.length > 0) void beginImport(files);
}

/** How far the check is, every row, and the way to store what was accepted. */
function Checked({ state }: { readonly state: ImportState }) {
  const { rows, phase, isWaitingForLimit = false } = state;
  const isSkipping = useSignal(false);
  const counts = { accepted: 0, refused: 0, waiting: 0 };
  for (const row of rows) counts[row.state] += 1;
  const mayStore =
    phase === 'ready' &&
    counts.waiting === 0 &&
    counts.accepted > 0 &&
    (counts.refused === 0 || isSkipping.value);
  return (
    <Section title={t('preview')}>
      {phase === 'checking' && (
        <Progress
          done={rows.length - counts.waiting}
          total={rows.length}
          label={
            isWaitingForLimit
              ? t('waiting')
              : t('checking', { done: rows.length - counts.waiting, total: rows.length })
          }
        />
      )}
      {phase === 'storing' && <Progress done={undefined} label={t('storing')} />}
      <p>{t('counts', { accepted: counts.accepted, refused: counts.refused })}</p>
      <p class="quiet">{t('nothing-stored')}</p>
      {counts.refused > 0 && <Tick label={t('skip', { refused: counts.refused })} {...bound(isSkipping)} />}
      <ActionBar
        of={[
          {
            text: t('store', { count: counts.accepted }),
            look: 'primary',
            isReady: mayStore,
            ask: {
              title: t('store-title'),
              text: t('store-what', { accepted: counts.accepted, refused: counts.refused }),
            },
            onAct: storeImport,
          },
        ]}
      />
      <ImportPreview rows={rows} canDecide={phase === 'ready'} />
    </Section>
  );
}
