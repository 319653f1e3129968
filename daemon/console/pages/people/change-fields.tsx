import type en from '../../messages/en/change-people.json';
import { Choice, Field } from '../../parts/form-fields.js';
import { siteDay } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { type ChangeDraft, type LimitChange, limitChanges, listChanges } from './change-draft.js';
import { ConsentFields, CustomFieldInputs } from './profile-fields.js';

const t = wordsOf<typeof en>('change-people');

interface ChangeFieldsProps {
  readonly draft: ChangeDraft;
  readonly onChange: (draft: ChangeDraft) => void;
}

/** The fields of a change of many people. Each leaves the people as they are until it is filled in. */
export function ChangeFields({ draft, onChange }: ChangeFieldsProps) {
  const set = (changed: Partial<ChangeDraft>): void => onChange({ ...draft, ...changed });
  return (
    <>
      <div class="field-pair">
        <Field
          label={t('add-groups')}
          hint={t('groups-hint')}
          autocapitalize="none"
          spellcheck={false}
          value={draft.addGroups}
          onValue={(addGroups) => set({ addGroups })}
        />
        <Field
          label={t('remove-groups')}
          hint={t('groups-hint')}
          autocapitalize="none"
          spellcheck={false}
          value={draft.removeGroups}
          onValue={(removeGroups) => set({ removeGroups })}
        />
      </div>
      <LimitFields
        label={t('valid-from')}
        limit={draft.from}
        onLimit={(from) => set({ from, firstDay: draft.firstDay || siteDay() })}
        dayLabel={t('first-day')}
        day={draft.firstDay}
        onDay={(firstDay) => set({ firstDay })}
      />
      <LimitFields
        label={t('valid-until')}
        limit={draft.until}
        onLimit={(until) => set({ until })}
        dayLabel={t('last-day')}
        day={draft.lastDay}
        onDay={(lastDay) => set({ lastDay })}
      />
      <ListFields draft={draft} set={set} />
      <CustomFieldInputs typed={draft.fields} onTyped={(fields) => set({ fields })} />
      <ConsentFields draft={draft} set={set} none={t('keep')} />
    </>
  );
}

interface LimitFieldsProps {
  readonly label: string;
  readonly limit: LimitChange;
  readonly onLimit: (limit: LimitChange) => void;
  readonly dayLabel: string;
  readonly day: string;
  readonly onDay: (day: string) => void;
}

/** What becomes of one end of the validity, and the day where there is one. */
function LimitFields({ label, limit, onLimit, dayLabel, day, onDay }: LimitFieldsProps) {
  const texts = { keep: t('keep'), day: t('limit-day'), none: t('limit-none') };
  return (
    <div class="field-pair">
      <Choice
        label={label}
        value={limit}
        options={limitChanges.map((each) => [each, texts[each]] as const)}
        onValue={onLimit}
      />
      {limit === 'day' && <Field label={dayLabel} type="date" required value={day} onValue={onDay} />}
    </div>
  );
}

interface ListFieldsProps {
  readonly draft: ChangeDraft;
  readonly set: (changed: Partial<ChangeDraft>) => void;
}

function ListFields({ draft: { list, reason }, set }: ListFieldsProps) {
  const texts = {
    ...{ keep: t('keep'), none: t('list-none') },
    ...{ watch: t('list-watch'), barred: t('list-barred') },
  };
  return (
    <div class="field-pair">
      <Choice
        label={t('list')}
        value={list}
        options={listChanges.map((each) => [each, texts[each]] as const)}
        onValue={(changed) => set({ list: changed })}
      />
      {(list === 'watch' || list === 'barred') && (
        <Field
          label={t('reason')}
          required
          maxLength={500}
          value={reason}
          onValue={(given) => set({ reason: given })}
        />
      )}
    </div>
  );
}
