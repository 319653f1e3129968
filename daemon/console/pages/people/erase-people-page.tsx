import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { PersonSummary } from '../../../contract/person.js';
import type { ErasedPerson } from '../../../contract/persons.js';
import { ApiError } from '../../api/api-error.js';
import { call } from '../../api/call.js';
import { useList } from '../../api/use-fetched.js';
import type en from '../../messages/en/change-people.json';
import type peopleEn from '../../messages/en/people.json';
import { ActionBar } from '../../parts/actions.js';
import { Dialog } from '../../parts/dialog.js';
import { into } from '../../parts/form-fields.js';
import { type Column, LongTable, wholeList } from '../../parts/long-table.js';
import { Badge, PageHead, Section } from '../../parts/page.js';
import { RowTick, useRowChoice } from '../../parts/row-choice.js';
import { saveJson } from '../../parts/save-file.js';
import { Fault } from '../../parts/shown-fault.js';
import { useDialog } from '../../parts/use-dialog.js';
import { useQuery, useSettled } from '../../parts/use-query.js';
import { number } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { Name } from './change-people-page.js';
import { filtersOf, PeopleFilters, usedFilters } from './people-filters.js';
import { StandingBadges } from './standing.js';

const t = wordsOf<typeof en>('change-people');
const people = wordsOf<typeof peopleEn>('people');

/** As many as the box erases at once. */
const most = 200;
/** On a phone, the button stands below the outcome. */
const rowPx = 72;

/** The people of a preview or of an erasure, and what the box said of each. */
interface ErasurePlan {
  readonly people: readonly PersonSummary[];
  readonly outcomes: ReadonlyMap<string, ErasedPerson>;
}

/** Permanently erases the people whom the user selects, after a preview. */
export default function ErasePeople() {
  const { search } = useQuery();
  const done = useSignal<ErasurePlan | undefined>(undefined);
  return (
    <>
      <PageHead
        title={t('erase-title')}
        lead={t('erase-lead')}
        back={{ href: `/people${search}`, text: people('title') }}
      />
      {done.value === undefined ? <Planning onErased={into(done)} /> : <Erased plan={done.value} />}
    </>
  );
}

/** Whom to erase, and the preview. Nobody is selected until the user says so. */
function Planning({ onErased }: { readonly onErased: (plan: ErasurePlan) => void }) {
  const query = useQuery();
  const list = useList('persons.list', useSettled({ ...filtersOf(query), limit: most }));
  const choice = useRowChoice(
    list.items.map(({ id }) => id),
    false,
  );
  const chosen = list.items.filter(({ id }) => choice.has(id));
  const preview = useSignal<ErasurePlan | undefined>(undefined);
  const isCurrent = preview.value !== undefined && isSame(preview.value.people, chosen);
  const plan = isCurrent ? preview.value : undefined;
  return (
    <Section
      title={people('title')}
      actions={[
        { text: t('select-all'), onAct: () => choice.putAll(true) },
        { text: t('select-none'), onAct: () => choice.putAll(false) },
        {
          text: t('erase-preview'),
          look: 'primary',
          isReady: chosen.length > 0 && !list.isLoading,
          onAct: async () => {
            preview.value = await erase(chosen, true);
          },
        },
      ]}
    >
      <p role="status">{t('selected', { selected: chosen.length, total: list.items.length })}</p>
      {list.hasMore && !list.isLoading && (
        <p>{t('erase-more', { total: list.total ?? list.items.length, most })}</p>
      )}
      <details>
        <summary>{t('filters', { count: usedFilters(query) })}</summary>
        <PeopleFilters query={query} />
      </details>
      <Previewed preview={preview.value} isCurrent={isCurrent} onErased={onErased} />
      <ErasureTable
        // What is beyond the first page cannot be erased at the same time.
        list={{ ...list, hasMore: false }}
        plan={plan}
        nameOf={({ id, name, externalId }) => (
          <RowTick choice={choice} id={id} label={<Name name={name} externalId={externalId} />} />
        )}
        isDone={false}
      />
    </Section>
  );
}

interface PreviewedProps {
  readonly preview: ErasurePlan | undefined;
  /** False: the selection has changed since. */
  readonly isCurrent: boolean;
  readonly onErased: (plan: ErasurePlan) => void;
}

/** What the preview found, and the way to erase. Gets the focus with each preview. */
function Previewed({ preview, isCurrent, onErased }: PreviewedProps) {
  const place = useFocusOn(preview);
  const counts = preview && countsOf(preview);
  const erasable = preview?.people.filter(({ id }) => preview.outcomes.get(id)?.outcome === 'erased') ?? [];
  return (
    <>
      <div ref={place} tabIndex={-1} role="status">
        {counts !== undefined && <p>{isCurrent ? t('erase-previewed', counts) : t('erase-outdated')}</p>}
      </div>
      {preview !== undefined && isCurrent && erasable.length > 0 && (
        <ActionBar
          of={[
            {
              text: t('erase-act', { count: erasable.length }),
              look: 'danger',
              ask: {
                title: t('erase-title'),
                text: t('erase-what', { count: erasable.length }),
                isDestructive: true,
              },
              onAct: async () => {
                const { outcomes } = await erase(erasable, false);
                onErased({ ...preview, outcomes: new Map([...preview.outcomes, ...outcomes]) });
              },
            },
          ]}
        />
      )}
    </>
  );
}

/** What has become of each person, with the certificates as a file. */
function Erased({ plan }: { readonly plan: ErasurePlan }) {
  const place = useFocusOn(plan);
  const counts = countsOf(plan);
  const certificates = [...plan.outcomes.values()].flatMap(({ certificate }) => certificate ?? []);
  return (
    <Section
      title={t('results')}
      actions={[
        {
          text: t('save-certificates'),
          isReady: certificates.length > 0,
          onAct: () => saveJson(certificates, 'erasures.json'),
        },
      ]}
    >
      <div ref={place} tabIndex={-1} role="status">
        <p>{t('erase-applied', counts)}</p>
        {counts.incomplete > 0 && <p>{t('erase-incomplete-note', { count: counts.incomplete })}</p>}
      </div>
      <ErasureTable
        list={wholeList(plan.people)}
        plan={plan}
        nameOf={({ name, externalId }) => <Name name={name} externalId={externalId} />}
        isDone
      />
    </Section>
  );
}

interface ErasureTableProps {
  readonly list: Parameters<typeof LongTable<PersonSummary>>[0]['list'];
  readonly plan: ErasurePlan | undefined;
  readonly nameOf: Column<PersonSummary>['cell'];
  readonly isDone: boolean;
}

function ErasureTable({ list, plan, nameOf, isDone }: ErasureTableProps) {
  const showing = useDialog<PersonSummary>();
  const refusal = showing.of && plan?.outcomes.get(showing.of.id)?.refusal;
  return (
    <>
      <LongTable
        caption={people('title')}
        list={list}
        keyOf={({ id }) => id}
        rowPx={rowPx}
        empty={people('none-found')}
        columns={[
          { head: people('name'), cell: nameOf },
          {
            head: plan === undefined ? people('filter-state') : t('outcome'),
            cell: (person) =>
              plan === undefined ? (
                <StandingBadges of={person} />
              ) : (
                <Outcome
                  of={plan.outcomes.get(person.id)}
                  isDone={isDone}
                  name={person.name}
                  onDetails={showing.opens(person)}
                />
              ),
          },
          {
            head: people('photographs'),
            cell: ({ photographs }) => number(photographs),
            isMinor: true,
            width: 'brief',
            isFigure: true,
          },
        ]}
      />
      {showing.of !== undefined && refusal !== undefined && (
        <Dialog title={showing.of.name} onClose={showing.closes()}>
          <Fault error={new ApiError(refusal, 0)} />
        </Dialog>
      )}
    </>
  );
}

interface OutcomeProps {
  readonly of: ErasedPerson | undefined;
  readonly isDone: boolean;
  readonly name: string;
  readonly onDetails: () => void;
}

function Outcome({ of, isDone, name, onDetails }: OutcomeProps) {
  if (of === undefined) return <Badge tone="quiet">{t('left-out')}</Badge>;
  const { outcome, refusal } = of;
  return (
    <span class="badges">
      {outcome === 'erased' ? (
        <Badge tone={isDone ? 'ok' : 'warn'}>{t(isDone ? 'erased' : 'will-be-erased')}</Badge>
      ) : (
        <Badge tone="bad" icon="warning">
          {t(outcome)}
        </Badge>
      )}
      {refusal !== undefined && (
        <button type="button" class="small plain" onClick={onDetails}>
          {t('details')}
          <span class="unseen"> {name}</span>
        </button>
      )}
    </span>
  );
}

/** Gives the focus to what has just come, which may be far from its button. */
function useFocusOn(what: unknown) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (what !== undefined) place.current?.focus();
  }, [what]);
  return place;
}

const isSame = (one: readonly PersonSummary[], other: readonly PersonSummary[]): boolean =>
  one.length === other.length && one.every(({ id }, index) => id === other[index]?.id);

async function erase(persons: readonly PersonSummary[], isPreview: boolean): Promise<ErasurePlan> {
  const ids = persons.map(({ id }) => id);
  const { persons: outcomes } = await call('persons.erase-many', { ids, isPreview });
  return { people: persons, outcomes: new Map(outcomes.map((each) => [each.id, each] as const)) };
}

function countsOf({ outcomes }: ErasurePlan) {
  const counts = { erased: 0, incomplete: 0, refused: 0, photographs: 0, templates: 0 };
  for (const { outcome, photographs, templates } of outcomes.values()) {
    counts[outcome] += 1;
    counts.photographs += photographs;
    counts.templates += templates;
  }
  return counts;
}
