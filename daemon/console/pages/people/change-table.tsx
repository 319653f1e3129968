import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import type { PersonSummary } from '../../../contract/person.js';
import type { ChangedPerson } from '../../../contract/persons.js';
import { ApiError } from '../../api/api-error.js';
import type { FetchedList } from '../../api/use-fetched.js';
import type en from '../../messages/en/change-people.json';
import type peopleEn from '../../messages/en/people.json';
import { Dialog } from '../../parts/dialog.js';
import { Fault, sentence } from '../../parts/fault.js';
import { type Column, LongTable } from '../../parts/long-table.js';
import { Badge, Facts } from '../../parts/page.js';
import { wordsOf } from '../../words/words.js';
import { effectsOf } from './change-effects.js';
import type { ChangePlan } from './change-plan.js';
import { StandingBadges } from './standing.js';

const t = wordsOf<typeof en>('change-people');
const people = wordsOf<typeof peopleEn>('people');

/** On a phone, the button stands below the outcome. */
const rowPx = 72;

interface ChangeTableProps {
  readonly caption: string;
  readonly list: FetchedList<PersonSummary>;
  /** What would become of the people, or has become of them. Absent before a preview. */
  readonly plan: ChangePlan | undefined;
  /** True: the change was made. */
  readonly isApplied: boolean;
  /** How a person is named in their row, such as with a checkbox. */
  readonly nameOf: (person: PersonSummary) => ComponentChildren;
}

/** A row for each person: how they are now, or what the change does to them, the refused ones first. */
export function ChangeTable({ caption, list, plan, isApplied, nameOf }: ChangeTableProps) {
  const shown = useSignal<PersonSummary | undefined>(undefined);
  const close = (): void => {
    shown.value = undefined;
  };
  const nameColumn: Column<PersonSummary> = { key: 'name', head: people('name'), cell: nameOf };
  const others =
    plan === undefined
      ? presentColumns()
      : outcomeColumns(plan, isApplied, (person) => {
          shown.value = person;
        });
  const outcome = shown.value && plan?.outcomes.get(shown.value.id);
  return (
    <>
      <LongTable
        caption={caption}
        list={plan === undefined ? list : { ...list, items: refusedFirst(list.items, plan) }}
        columns={[nameColumn, ...others]}
        keyOf={({ id }) => id}
        rowPx={rowPx}
        empty={people('none-found')}
      />
      {plan !== undefined && shown.value !== undefined && outcome !== undefined && (
        <OutcomeDialog person={shown.value} outcome={outcome} plan={plan} onClose={close} />
      )}
    </>
  );
}

function refusedFirst(persons: readonly PersonSummary[], { outcomes }: ChangePlan): readonly PersonSummary[] {
  const isRefused = ({ id }: PersonSummary): boolean => outcomes.get(id)?.outcome === 'refused';
  return [...persons.filter(isRefused), ...persons.filter((person) => !isRefused(person))];
}

const presentColumns = (): readonly Column<PersonSummary>[] => [
  { key: 'standing', head: people('standing'), cell: (person) => <StandingBadges of={person} /> },
  { key: 'groups', head: people('groups'), cell: ({ groups = [] }) => groups.join(', '), isMinor: true },
];

const outcomeColumns = (
  plan: ChangePlan,
  isApplied: boolean,
  show: (person: PersonSummary) => void,
): readonly Column<PersonSummary>[] => [
  {
    key: 'outcome',
    head: t('outcome'),
    cell: (person) => {
      const outcome = plan.outcomes.get(person.id);
      return (
        <span class="badges">
          <OutcomeBadge of={outcome} isApplied={isApplied} />
          {outcome !== undefined && outcome.outcome !== 'unchanged' && (
            <button type="button" class="small plain" onClick={() => show(person)}>
              {t('details')}
              <span class="unseen"> {person.name}</span>
            </button>
          )}
        </span>
      );
    },
  },
  {
    key: 'what',
    head: t('what'),
    cell: (person) => inBrief(person, plan),
    isMinor: true,
  },
];

function OutcomeBadge({
  of,
  isApplied,
}: {
  readonly of: ChangedPerson | undefined;
  readonly isApplied: boolean;
}) {
  if (of === undefined) return <Badge tone="quiet">{t('left-out')}</Badge>;
  if (of.outcome === 'refused')
    return (
      <Badge tone="bad" icon="warning">
        {t('refused')}
      </Badge>
    );
  if (of.outcome === 'unchanged') return <Badge tone="quiet">{t('unchanged')}</Badge>;
  return isApplied ? (
    <Badge tone="ok" icon="check">
      {t('changed')}
    </Badge>
  ) : (
    <Badge tone="info">{t('will-change')}</Badge>
  );
}

/** What changes for a person, or why nothing does, in one line. */
function inBrief(person: PersonSummary, { change, outcomes }: ChangePlan): string {
  const { fields = [], refusal } = outcomes.get(person.id) ?? {};
  if (refusal !== undefined) return sentence(refusal.message);
  return effectsOf(person, change, fields)
    .map(({ field, after }) => `${field}: ${after}`)
    .join(' · ');
}

interface OutcomeDialogProps {
  readonly person: PersonSummary;
  readonly outcome: ChangedPerson;
  readonly plan: ChangePlan;
  readonly onClose: () => void;
}

/** What changes for a person, with what it was before, or why the box refuses it. */
function OutcomeDialog({ person, outcome: { fields, refusal }, plan, onClose }: OutcomeDialogProps) {
  return (
    <Dialog title={person.name} onClose={onClose}>
      {refusal !== undefined && <Fault error={new ApiError(refusal, 0)} />}
      <Facts
        of={effectsOf(person, plan.change, fields).map(
          ({ field, before, after }) => [field, t('after-before', { before, after })] as const,
        )}
      />
    </Dialog>
  );
}
