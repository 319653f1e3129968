import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { consentBases } from '../../../kernel/persons/consent.js';
import { watchMarks } from '../../../kernel/persons/person-standing.js';
import { useAct } from '../../api/use-fetched.js';
import type en from '../../messages/en/person-import.json';
import { Form } from '../../parts/form.js';
import { wordsOf } from '../../words/words.js';
import type { ImportRow } from './import-rows.js';
import { correctRow } from './import-run.js';
import { emptyDraft, type ProfileDraft, profileOf } from './profile-draft.js';
import { ProfileFields } from './profile-fields.js';

const t = wordsOf<typeof en>('person-import');

interface CorrectRowProps {
  readonly row: ImportRow;
  readonly onSent: () => void;
}

/** Corrects a refused row here, so that the table need not be changed and chosen again. */
export function CorrectRow({ row, onSent }: CorrectRowProps) {
  const id = useId();
  const doing = useAct();
  const draft = useSignal(draftOf(row));
  const photographs = useSignal(row.photographs);
  const submit = async (): Promise<void> => {
    const corrected = { profile: profileOf(draft.value), photographs: photographs.value };
    if (await doing.run(() => correctRow(row.line, corrected))) onSent();
  };
  return (
    <details>
      <summary>{t('correct')}</summary>
      <Form act={t('check-again')} onAct={submit} doing={doing} isReady={photographs.value.length > 0}>
        <ProfileFields
          draft={draft.value}
          onChange={(changed) => {
            draft.value = changed;
          }}
        />
        <div class="field">
          <label for={id}>{t('other-photographs')}</label>
          <input
            id={id}
            type="file"
            multiple
            accept="image/*,.heic,.heif"
            onChange={({ currentTarget: { files } }) => {
              if (files !== null && files.length > 0) photographs.value = [...files];
            }}
          />
          <p class="quiet">
            {t('these-photographs', { names: photographs.value.map(({ name }) => name).join(', ') })}
          </p>
        </div>
      </Form>
    </details>
  );
}

/** The row as a form holds it. What the table says in other words than the form knows is left out. */
function draftOf({ profile }: ImportRow): ProfileDraft {
  const { groups = [], consent, watch, ...texts } = profile;
  const mark = watchMarks.find((known) => known === watch?.mark);
  return {
    ...emptyDraft,
    name: texts.name,
    externalId: texts.externalId ?? '',
    notes: texts.notes ?? '',
    validFrom: texts.validFrom ?? '',
    validUntil: texts.validUntil ?? '',
    groups: groups.join(', '),
    basis: consentBases.find((known) => known === consent?.basis) ?? '',
    consentDay: consent?.dateIso ?? '',
    consentReference: consent?.reference ?? '',
    mark: mark ?? '',
    markReason: watch?.reason ?? '',
  };
}
