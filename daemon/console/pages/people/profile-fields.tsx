import { consentBases } from '../../../kernel/persons/consent.js';
import { type FieldValues, longestFieldValue } from '../../../kernel/persons/custom-fields.js';
import type en from '../../messages/en/person-form.json';
import { Area, Choice, Field } from '../../parts/form-fields.js';
import { siteDay } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { customFields } from './custom-fields.js';
import type { ConsentDraft, ProfileDraft } from './profile-draft.js';

const t = wordsOf<typeof en>('person-form');

interface ProfileFieldsProps {
  readonly draft: ProfileDraft;
  /** Values of custom fields that the person has. */
  readonly fields?: FieldValues | undefined;
  readonly onChange: (draft: ProfileDraft) => void;
}

/** The fields of a person's profile. */
export function ProfileFields({ draft, fields: before, onChange }: ProfileFieldsProps) {
  const set = (changed: Partial<ProfileDraft>): void => onChange({ ...draft, ...changed });
  return (
    <>
      <Field
        label={t('name')}
        required
        autocomplete="off"
        autocapitalize="words"
        value={draft.name}
        onValue={(name) => set({ name })}
      />
      <Field
        label={t('external-id')}
        hint={t('external-id-hint')}
        autocomplete="off"
        value={draft.externalId}
        onValue={(externalId) => set({ externalId })}
      />
      <Field
        label={t('groups')}
        hint={t('groups-hint')}
        autocapitalize="none"
        value={draft.groups}
        onValue={(groups) => set({ groups })}
      />
      <CustomFieldInputs before={before} typed={draft.fields} onTyped={(fields) => set({ fields })} />
      <ConsentFields draft={draft} set={set} />
      <StandingFields draft={draft} set={set} />
      <Area label={t('notes')} maxLength={2000} value={draft.notes} onValue={(notes) => set({ notes })} />
    </>
  );
}

interface CustomFieldInputsProps {
  readonly before?: FieldValues | undefined;
  readonly typed: FieldValues;
  readonly onTyped: (typed: FieldValues) => void;
}

/** A field for each custom field of the box. */
export function CustomFieldInputs({ before, typed, onTyped }: CustomFieldInputsProps) {
  const values = { ...before, ...typed };
  return (
    <>
      {customFields(values).map(({ id, name }) => (
        <Field
          key={id}
          label={name}
          autocomplete="off"
          maxLength={longestFieldValue}
          value={values[id] ?? ''}
          onValue={(value) => onTyped({ ...typed, [id]: value })}
        />
      ))}
    </>
  );
}

interface PartProps {
  readonly draft: ProfileDraft;
  readonly set: (changed: Partial<ProfileDraft>) => void;
}

interface ConsentFieldsProps {
  readonly draft: ConsentDraft;
  readonly set: (changed: Partial<ConsentDraft>) => void;
  /** What the choice without a basis says. */
  readonly none?: string;
}

/** Legal basis, day, and proof of a consent. */
export function ConsentFields({ draft, set, none = t('basis-none') }: ConsentFieldsProps) {
  return (
    <fieldset>
      <legend>{t('consent')}</legend>
      <Choice
        label={t('basis')}
        value={draft.basis}
        options={[['', none], ...consentBases.map((basis) => [basis, t(`basis-${basis}`)] as const)]}
        onValue={(basis) => set({ basis, consentDay: draft.consentDay || siteDay() })}
      />
      {draft.basis !== '' && (
        <div class="field-pair">
          <Field
            label={t('consent-day')}
            type="date"
            required
            max={siteDay()}
            value={draft.consentDay}
            onValue={(consentDay) => set({ consentDay })}
          />
          <Field
            label={t('consent-reference')}
            hint={t('consent-reference-hint')}
            required
            value={draft.consentReference}
            onValue={(consentReference) => set({ consentReference })}
          />
        </div>
      )}
    </fieldset>
  );
}

function StandingFields({ draft, set }: PartProps) {
  return (
    <fieldset>
      <legend>{t('treatment')}</legend>
      <div class="field-pair">
        <Field
          label={t('valid-from')}
          type="date"
          value={draft.validFrom}
          onValue={(validFrom) => set({ validFrom })}
        />
        <Field
          label={t('valid-until')}
          type="date"
          value={draft.validUntil}
          onValue={(validUntil) => set({ validUntil })}
        />
      </div>
      <Choice
        label={t('mark')}
        value={draft.mark}
        options={[
          ['', t('mark-none')],
          ['watch', t('mark-watch')],
          ['barred', t('mark-barred')],
        ]}
        onValue={(mark) => set({ mark })}
      />
      {draft.mark !== '' && (
        <Field
          label={t('mark-reason')}
          required
          value={draft.markReason}
          onValue={(markReason) => set({ markReason })}
        />
      )}
    </fieldset>
  );
}
