import type { ComponentChildren } from 'preact';
import type { PersonSummary } from '../../../contract/person.js';
import type { ChangedPerson, CommonChange } from '../../../contract/persons.js';
import type { ConsentBasis } from '../../../kernel/persons/consent.js';
import { ApiError } from '../../api/api-error.js';
import { call } from '../../api/call.js';
import type { FetchedList } from '../../api/use-fetched.js';
import type en from '../../messages/en/change-people.json';
import type peopleEn from '../../messages/en/people.json';
import type formEn from '../../messages/en/person-form.json';
import { Dialog } from '../../parts/dialog.js';
import { type Column, LongTable } from '../../parts/long-table.js';
import { Badge, Facts } from '../../parts/page.js';
import { Fault, sentence } from '../../parts/shown-fault.js';
import { useDialog } from '../../parts/use-dialog.js';
import { plainDay } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { customFields } from './custom-fields.js';
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
  const showing = useDialog<PersonSummary>();
  const shown = showing.of;
  const nameColumn: Column<PersonSummary> = { head: people('name'), cell: nameOf };
  const others = plan === undefined ? presentColumns() : outcomeColumns(plan, isApplied, showing.open);
  const outcome = shown && plan?.outcomes.get(shown.id);
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
      {plan !== undefined && shown !== undefined && outcome !== undefined && (
        <OutcomeDialog person={shown} outcome={outcome} plan={plan} onClose={showing.closes()} />
      )}
    </>
  );
}

function refusedFirst(persons: readonly PersonSummary[], { outcomes }: ChangePlan): readonly PersonSummary[] {
  const isRefused = ({ id }: PersonSummary): boolean => outcomes.get(id)?.outcome === 'refused';
  return [...persons.filter(isRefused), ...persons.filter((person) => !isRefused(person))];
}

const presentColumns = (): readonly Column<PersonSummary>[] => [
  { head: people('filter-state'), cell: (person) => <StandingBadges of={person} /> },
  { head: people('groups'), cell: ({ groups = [] }) => groups.join(', '), isMinor: true },
];

const outcomeColumns = (
  plan: ChangePlan,
  isApplied: boolean,
  show: (person: PersonSummary) => void,
): readonly Column<PersonSummary>[] => [
  {
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

const form = wordsOf<typeof formEn>('person-form');
/** What a change does to one field of a person, in words. */
interface ChangeEffect {
  readonly field: string;
  readonly before: string;
  readonly after: string;
}

type Effect = (person: PersonSummary, change: CommonChange) => ChangeEffect;

const effects: Readonly<Record<ChangedPerson['fields'][number], Effect>> = {
  groups: ({ groups = [] }, { addGroups = [], removeGroups = [] }) => ({
    field: form('groups'),
    before: groupsInWords(groups),
    after: groupsInWords([...groups, ...addGroups].filter((group) => !removeGroups.includes(group))),
  }),
  validFrom: ({ validFrom }, change) => ({
    field: t('valid-from'),
    before: dayInWords(validFrom),
    after: dayInWords(change.validFrom),
  }),
  validUntil: ({ validUntil }, change) => ({
    field: t('valid-until'),
    before: dayInWords(validUntil),
    after: dayInWords(change.validUntil),
  }),
  watch: ({ watch }, change) => ({
    field: t('list'),
    before: listInWords(watch),
    after: listInWords(change.watch),
  }),
  fields: ({ fields = {} }, change) => ({
    field: t('fields'),
    before: fieldsInWords(fields),
    after: fieldsInWords({ ...fields, ...change.fields }),
  }),
  consent: ({ consentState }, change) => ({
    field: form('consent'),
    before: people(`consent-${consentState}`),
    after: consentInWords(change.consent),
  }),
};

/** What a change does to a person, as the box listed them before. */
const effectsOf = (
  person: PersonSummary,
  change: CommonChange,
  fields: ChangedPerson['fields'],
): readonly ChangeEffect[] => fields.map((field) => effects[field](person, change));

const groupsInWords = (groups: readonly string[]): string =>
  groups.length === 0 ? t('none') : [...new Set(groups)].sort().join(', ');

const fieldsInWords = (values: Readonly<Record<string, string | null>>): string =>
  customFields(values)
    .flatMap(({ id, name }) => (values[id] ? [`${name}: ${values[id]}`] : []))
    .join('; ') || t('none');

const dayInWords = (day: string | null | undefined): string =>
  day ? plainDay(day, { year: 'numeric', month: 'short', day: 'numeric' }) : t('no-limit');

function listInWords(watch: CommonChange['watch']): string {
  if (!watch) return t('none');
  return `${t(watch.mark === 'barred' ? 'blocklist' : 'watchlist')}, ${watch.reason}`;
}

function consentInWords(consent: CommonChange['consent']): string {
  if (consent === undefined) return '';
  // The form offers no other basis.
  const basis = form(`basis-${consent.basis as ConsentBasis}`);
  return [basis, dayInWords(consent.dateIso), consent.reference].join(', ');
}

/** A change, the people it is for, and what the box said of each. */
export interface ChangePlan {
  readonly change: CommonChange;
  readonly people: readonly PersonSummary[];
  readonly outcomes: ReadonlyMap<string, ChangedPerson>;
}

type ChangeOutcome = ChangedPerson['outcome'];

const idsOf = (people: readonly PersonSummary[]): string[] => people.map(({ id }) => id);
const byId = (persons: readonly ChangedPerson[]) => persons.map((person) => [person.id, person] as const);

/** Asks what the change would do to each. Nothing is changed. */
export async function previewChange(
  people: readonly PersonSummary[],
  change: CommonChange,
): Promise<ChangePlan> {
  const { persons } = await call('persons.change-many', { ...change, ids: idsOf(people), isPreview: true });
  return { change, people, outcomes: new Map(byId(persons)) };
}

/** Changes those whom the preview said to change. The others are not asked for again: nobody changes unseen. */
export async function applyPlan(plan: ChangePlan): Promise<ChangePlan> {
  const changing = plan.people.filter(({ id }) => plan.outcomes.get(id)?.outcome === 'changed');
  const { persons } = await call('persons.change-many', { ...plan.change, ids: idsOf(changing) });
  return { ...plan, outcomes: new Map([...plan.outcomes, ...byId(persons)]) };
}

/** Whether a plan is about exactly this change of exactly these people. */
export function isPlanOf(plan: ChangePlan, people: readonly PersonSummary[], change: CommonChange): boolean {
  const key = (those: readonly PersonSummary[], what: CommonChange): string =>
    JSON.stringify([idsOf(those), what]);
  return key(plan.people, plan.change) === key(people, change);
}

export function countsOf({ outcomes }: ChangePlan): Readonly<Record<ChangeOutcome, number>> {
  const counts = { changed: 0, unchanged: 0, refused: 0 };
  for (const { outcome } of outcomes.values()) counts[outcome] += 1;
  return counts;
}
