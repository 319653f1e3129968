import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { EnrolmentRefusal, EnrolmentResult } from '../../../contract/enrolment.js';
import { call } from '../../api/call.js';
import { useAct } from '../../api/use-fetched.js';
import type en from '../../messages/en/person-form.json';
import { Form } from '../../parts/form.js';
import { PageHead, Section } from '../../parts/page.js';
import { PersonPicture } from '../../parts/shown-picture.js';
import { RestoredDraft, useDraft } from '../../parts/use-draft.js';
import { percent } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import {
  type PhotographChoice,
  PhotographPicker,
  type PhotographResults,
  resultsOf,
  usePhotographChoice,
} from './photograph-picker.js';
import { emptyDraft, type ProfileDraft, profileOf } from './profile-draft.js';
import { ProfileFields } from './profile-fields.js';
import { Refusal } from './refusal.js';

const t = wordsOf<typeof en>('person-form');

const mostPhotographs = 20;

type Enrolled = Extract<EnrolmentResult, { readonly outcome: 'enrolled' }>;

/** A form without a person. */
const noPerson: ProfileDraft & { readonly photographs: readonly File[] } = { ...emptyDraft, photographs: [] };

/** Enrols one person from photographs that are files. */
export default function AddPerson() {
  const { draft, restored, clear } = useDraft('persons.enrol', noPerson, { unstored: ['photographs'] });
  const choice = usePhotographChoice(mostPhotographs, {
    begun: draft.value.photographs,
    onFiles: (photographs) => {
      draft.value = { ...draft.value, photographs };
    },
  });
  const startAgain = (): void => {
    choice.clear();
    clear();
  };
  const enrolled = useSignal<Enrolled | undefined>(undefined);
  const { doing, refusal, results, enrol } = useEnrolment(choice, (result) => {
    enrolled.value = result;
    startAgain();
  });
  if (enrolled.value !== undefined) {
    return (
      <Done
        of={enrolled.value}
        onNext={() => {
          enrolled.value = undefined;
        }}
      />
    );
  }
  return (
    <>
      <PageHead title={t('add-title')} lead={t('add-lead')} back={{ href: '/people', text: t('back') }}>
        <a href="/people/enrol">{t('to-guided')}</a>
      </PageHead>
      <Form
        act={t('enrol')}
        onAct={() => enrol(draft.value, false)}
        doing={doing}
        isReady={choice.chosen.length > 0}
      >
        <RestoredDraft of={restored && { ...restored, clear: startAgain }} />
        <div class="columns">
          <Section title={t('photographs')}>
            <p class="quiet">{t('photographs-lead')}</p>
            <PhotographPicker choice={choice} results={results} />
          </Section>
          <Section title={t('profile')}>
            <ProfileFields
              draft={draft.value}
              onChange={(profile) => {
                draft.value = { ...draft.value, ...profile };
              }}
            />
          </Section>
        </div>
        {refusal !== undefined && (
          <Refusal of={refusal} picture={choice.chosen[0]?.url} onAnyway={() => enrol(draft.value, true)} />
        )}
      </Form>
    </>
  );
}

/** Sends an enrolment and keeps what the box says against it. */
function useEnrolment(choice: PhotographChoice, onEnrolled: (result: Enrolled) => void) {
  const refusal = useSignal<EnrolmentRefusal | undefined>(undefined);
  const results = useSignal<PhotographResults | undefined>(undefined);
  const doing = useAct();
  // The same request, sent again after a lost answer, must not enrol the person twice.
  const sent = useRef({ content: '', key: '' });
  const enrol = (draft: typeof emptyDraft, isDuplicateAllowed: boolean): void => {
    const { chosen, faceNumber } = choice;
    const given = {
      ...profileOf(draft),
      isDuplicateAllowed,
      ...(faceNumber !== undefined && { faceNumber }),
    };
    const content = JSON.stringify([given, chosen.map(({ key }) => key)]);
    if (sent.current.content !== content) sent.current = { content, key: crypto.randomUUID() };
    refusal.value = undefined;
    results.value = undefined;
    void doing.run(async () => {
      const photographs = chosen.map(({ file }) => file);
      const result = await call('persons.enrol', { ...given, photographs, idempotencyKey: sent.current.key });
      if (result.outcome === 'enrolled') {
        sent.current = { content: '', key: '' };
        onEnrolled(result);
      } else if (result.outcome !== 'enrollable') {
        refusal.value = result;
        results.value = resultsOf(result, chosen);
      }
    });
  };
  return { doing, refusal: refusal.value, results: results.value, enrol };
}

/** Who was enrolled, how good the photographs are, and whom they resemble. */
function Done({
  of: { person, photographs, resembles = [] },
  onNext,
}: {
  readonly of: Enrolled;
  readonly onNext: () => void;
}) {
  const kept = photographs.flatMap((each) => (each.outcome === 'enrolled' ? [each] : []));
  return (
    <>
      <PageHead
        title={t('enrolled-title', { name: person.name })}
        back={{ href: '/people', text: t('back') }}
      />
      <Section title={t('photographs')}>
        <div class="with-face">
          <PersonPicture id={person.id} photographId={person.photographId} class="face-large" />
          <ul>
            {kept.map(({ qualityScore, warnings = [] }, index) => (
              <li key={String(index)}>
                {t('accepted', { quality: percent(qualityScore) })}
                {warnings.map(({ code }) => (
                  <p key={code}>{t(`warn-${code}`)}</p>
                ))}
              </li>
            ))}
          </ul>
        </div>
        {resembles.length > 0 && (
          <>
            <p>{t('also-resembles')}</p>
            <ul>
              {resembles.map(({ personId, name, similarity }) => (
                <li key={personId}>
                  <a href={`/people/${personId}`}>{name ?? personId}</a>{' '}
                  {t('similarity', { similarity: percent(similarity) })}
                </li>
              ))}
            </ul>
          </>
        )}
        <footer class="acts">
          <a href={`/people/${person.id}`}>{t('to-person')}</a>
          <button type="button" onClick={onNext}>
            {t('add-another')}
          </button>
        </footer>
      </Section>
    </>
  );
}
