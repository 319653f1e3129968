import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { useAct, useList } from '../../api/use-fetched.js';
import type en from '../../messages/en/change-people.json';
import type peopleEn from '../../messages/en/people.json';
import { Form } from '../../parts/form.js';
import { into } from '../../parts/form-fields.js';
import { wholeList } from '../../parts/long-table.js';
import { PageHead, Progress, Section } from '../../parts/page.js';
import { RowTick, useRowChoice } from '../../parts/row-choice.js';
import { Fault } from '../../parts/shown-fault.js';
import { RestoredDraft, useDraft } from '../../parts/use-draft.js';
import { useQuery, useSettled } from '../../parts/use-query.js';
import { wordsOf } from '../../words/words.js';
import { commonChangeOf, emptyChange } from './change-draft.js';
import { ChangeFields } from './change-fields.js';
import {
  applyPlan,
  type ChangePlan,
  ChangeTable,
  countsOf,
  isPlanOf,
  previewChange,
} from './change-table.js';
import { filtersOf, PeopleFilters, usedFilters } from './people-filters.js';

const t = wordsOf<typeof en>('change-people');
const people = wordsOf<typeof peopleEn>('people');

/** As many as the box changes at once, which is also its longest page. */
const most = 1000;

/** Changes the people whom the filters select, all alike, after a preview. */
export default function ChangePeople() {
  const { search } = useQuery();
  const applied = useSignal<ChangePlan | undefined>(undefined);
  return (
    <>
      <PageHead
        title={t('title')}
        lead={t('lead')}
        back={{ href: `/people${search}`, text: people('title') }}
      />
      {applied.value === undefined ? (
        <Planning onApplied={into(applied)} />
      ) : (
        <Applied
          plan={applied.value}
          onAgain={() => {
            applied.value = undefined;
          }}
        />
      )}
    </>
  );
}

/** The change, the people it is for, and its preview. */
function Planning({ onApplied }: { readonly onApplied: (plan: ChangePlan) => void }) {
  const query = useQuery();
  const list = useList('persons.list', useSettled({ ...filtersOf(query), limit: most }));
  const { draft, restored, clear } = useDraft('persons.change-many', emptyChange);
  const preview = useSignal<ChangePlan | undefined>(undefined);
  const change = commonChangeOf(draft.value);
  const choice = useRowChoice(
    list.items.map(({ id }) => id),
    true,
  );
  const chosen = list.items.filter(({ id }) => choice.has(id));
  const isListed = !list.isLoading && list.fault === undefined;
  const isEmpty = Object.keys(change).length === 0;
  const plan = preview.value && isPlanOf(preview.value, chosen, change) ? preview.value : undefined;
  const total = list.total ?? list.items.length;
  return (
    <>
      <p role="status">{t('selected', { selected: chosen.length, total: list.items.length })}</p>
      {list.hasMore && isListed && <p>{t('more-than-most', { total, most })}</p>}
      <Section title={t('change')}>
        <Form
          act={t('preview')}
          onAct={async () => {
            preview.value = await previewChange(chosen, change);
          }}
          isReady={isListed && chosen.length > 0 && !isEmpty}
        >
          <RestoredDraft of={restored} />
          <ChangeFields draft={draft.value} onChange={into(draft)} />
          {isEmpty && <p class="quiet">{t('nothing-yet')}</p>}
        </Form>
      </Section>
      <Section
        title={people('title')}
        actions={[
          { text: t('select-all'), onAct: () => choice.putAll(true) },
          { text: t('select-none'), onAct: () => choice.putAll(false) },
        ]}
      >
        <details>
          <summary>{t('filters', { count: usedFilters(query) })}</summary>
          <PeopleFilters query={query} />
        </details>
        <Previewed
          preview={preview.value}
          isCurrent={plan !== undefined}
          onApplied={(changed) => {
            clear();
            onApplied(changed);
          }}
        />
        <ChangeTable
          caption={people('title')}
          // What is beyond the first page cannot be changed at the same time.
          list={{ ...list, hasMore: false }}
          plan={plan}
          isApplied={false}
          nameOf={({ id, name, externalId }) => (
            <RowTick choice={choice} id={id} label={<Name name={name} externalId={externalId} />} />
          )}
        />
      </Section>
    </>
  );
}

interface PreviewedProps {
  readonly preview: ChangePlan | undefined;
  /** False: form or people have changed since. */
  readonly isCurrent: boolean;
  readonly onApplied: (plan: ChangePlan) => void;
}

/** What the preview found, and the way to make the change. Gets the focus with each preview, which may be far from its button. */
function Previewed({ preview, isCurrent, onApplied }: PreviewedProps) {
  const applying = useAct();
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    applying.clear();
    if (preview !== undefined) place.current?.focus();
  }, [preview]);
  const counts = preview && countsOf(preview);
  return (
    <>
      <div ref={place} tabIndex={-1} role="status">
        {counts !== undefined && <p>{isCurrent ? t('previewed', counts) : t('outdated')}</p>}
      </div>
      {preview !== undefined && counts !== undefined && isCurrent && counts.changed > 0 && (
        <>
          {applying.isRunning && <Progress done={undefined} label={t('applying')} />}
          <Fault error={applying.fault} />
          <footer class="acts notes-below">
            <button
              type="button"
              aria-busy={applying.isRunning}
              onClick={() => void applying.run(async () => onApplied(await applyPlan(preview)))}
            >
              {t('apply', { count: counts.changed })}
            </button>
          </footer>
        </>
      )}
    </>
  );
}

interface AppliedProps {
  readonly plan: ChangePlan;
  readonly onAgain: () => void;
}

/** What has become of each person. */
function Applied({ plan, onAgain }: AppliedProps) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => place.current?.focus(), []);
  return (
    <Section title={t('results')} actions={[{ text: t('another'), onAct: onAgain }]}>
      <div ref={place} tabIndex={-1} role="status">
        <p>{t('applied', countsOf(plan))}</p>
      </div>
      <ChangeTable
        caption={t('results')}
        list={wholeList(plan.people)}
        plan={plan}
        isApplied
        nameOf={({ id, name, externalId }) => (
          <a href={`/people/${id}`}>
            <Name name={name} externalId={externalId} />
          </a>
        )}
      />
    </Section>
  );
}

export function Name({
  name,
  externalId,
}: {
  readonly name: string;
  readonly externalId: string | undefined;
}) {
  return (
    <span class="named">
      <span>{name}</span>
      {externalId !== undefined && <small>{externalId}</small>}
    </span>
  );
}
