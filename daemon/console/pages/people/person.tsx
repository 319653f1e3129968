import { useSignal } from '@preact/signals';
import { useRoute } from 'preact-iso';
import type { PersonDetail } from '../../../contract/person.js';
import { can } from '../../api/session.js';
import { type Fetched, useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/person.json';
import type formEn from '../../messages/en/person-form.json';
import { Facts, Loaded, PageHead, Section } from '../../parts/page.js';
import { PersonPicture } from '../../parts/person-picture.js';
import { dayAndTime, number, plainDay } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';
import { EditPerson } from './edit-person.js';
import { PersonData } from './person-data.js';
import { PersonPassages } from './person-passages.js';
import { PersonPhotographs } from './person-photographs.js';
import { PersonSimilar } from './person-similar.js';
import { ConsentBadge, StandingBadges, validityOf } from './standing.js';

const t = wordsOf<typeof en>('person');
const form = wordsOf<typeof formEn>('person-form');

const back = () => ({ href: '/people', text: t('back') });

/** One person: what the box has of them, and what it does with it. */
export default function Person() {
  const { id = '' } = useRoute().params;
  const person = useFetched('persons.show', { id });
  return (
    <>
      {person.value === undefined && <PageHead title={t('title')} back={back()} />}
      <Loaded of={person}>{(shown) => <Shown key={shown.id} person={shown} fetched={person} />}</Loaded>
    </>
  );
}

interface ShownProps {
  readonly person: PersonDetail;
  readonly fetched: Fetched<PersonDetail>;
}

function Shown({ person, fetched: { put, reload } }: ShownProps) {
  const isEditing = useSignal(false);
  const setEditing = (isOn: boolean) => () => {
    isEditing.value = isOn;
  };
  return (
    <>
      <PageHead title={person.name} lead={<StandingBadges of={person} />} back={back()}>
        {can('attendance:read') && <a href={`/attendance?person=${person.id}`}>{t('attendance')}</a>}
        {can('persons:write') && (
          <button type="button" class="secondary" onClick={setEditing(true)}>
            {t('edit')}
          </button>
        )}
      </PageHead>
      <div class="columns">
        <div>
          <PersonPhotographs person={person} onChanged={put} onAnew={reload} />
          {can('passages:read') && <PersonPassages person={person} />}
          {person.templates > 0 && <PersonSimilar person={person} />}
        </div>
        <div>
          <Profile person={person} />
          <PersonData person={person} onChanged={reload} />
        </div>
      </div>
      {isEditing.value && (
        <EditPerson person={person} onChanged={put} onAnew={reload} onClose={setEditing(false)} />
      )}
    </>
  );
}

function Profile({ person }: { readonly person: PersonDetail }) {
  const { id, photographId, externalId, groups, enrolledAt, removedAt, watch, notes, threshold } = person;
  const needs = person.thresholdInForce;
  return (
    <Section title={t('profile')}>
      <PersonPicture id={id} photographId={photographId} class="face-large" />
      <Facts
        of={[
          [form('external-id'), externalId],
          [form('groups'), groups?.join(', ')],
          [t('valid'), validityOf(person)],
          [t('watch-reason'), watch?.reason],
          [t('consent'), <Consent key="consent" person={person} />],
          [t('enrolled-at'), dayAndTime(enrolledAt)],
          [t('removed-at'), removedAt && dayAndTime(removedAt)],
          [t('templates'), number(person.templates)],
          [t('threshold'), threshold && `${number(threshold.similarity)} · ${threshold.reason}`],
          [t('needs'), needs && needs.reason !== 'manual' && <Needs key="needs" {...needs} />],
          [form('notes'), notes && <span class="lines">{notes}</span>],
          [t('id'), <code key="id">{id}</code>],
        ]}
      />
    </Section>
  );
}

/** Why the box is stricter for this person; marks can be taken back where they were made. */
function Needs({
  similarity,
  general,
  reason,
  markedPassages = [],
}: NonNullable<PersonDetail['thresholdInForce']>) {
  const figures = { similarity: number(similarity), general: number(general) };
  return (
    <>
      {t(`needs-${reason as Exclude<typeof reason, 'manual'>}`, { ...figures, count: markedPassages.length })}
      {markedPassages.map((id, index) => (
        <small key={id}>
          <a href={`/passages/${id}`}>{t('needs-passage', { number: index + 1 })}</a>
        </small>
      ))}
    </>
  );
}

function Consent({ person: { consent, consentState } }: { readonly person: PersonDetail }) {
  if (consent === undefined) return <ConsentBadge state={consentState} />;
  return (
    <>
      <ConsentBadge state={consentState} /> {form(`basis-${consent.basis}`)}, {plainDay(consent.dateIso)}
      <small>{consent.reference}</small>
      {consent.withdrawnIso && <small>{t('withdrawn-on', { day: plainDay(consent.withdrawnIso) })}</small>}
    </>
  );
}
