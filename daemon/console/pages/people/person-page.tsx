import { useSignal } from '@preact/signals';
import { useRoute } from 'preact-iso';
import type { PersonDetail } from '../../../contract/person.js';
import type { SimilarFaces } from '../../../contract/recognition.js';
import { call } from '../../api/call.js';
import { can } from '../../api/session.js';
import { type Fetched, useAct, useFetched, useList } from '../../api/use-fetched.js';
import type en from '../../messages/en/person.json';
import type formEn from '../../messages/en/person-form.json';
import { useCameras } from '../../parts/camera-choice.js';
import { Dialog } from '../../parts/dialog.js';
import { Form } from '../../parts/form.js';
import { into } from '../../parts/form-fields.js';
import { say } from '../../parts/notes.js';
import { Badge, Empty, Facts, Loaded, Loading, PageHead, Section } from '../../parts/page.js';
import { Fault, sentence } from '../../parts/shown-fault.js';
import { PersonPicture } from '../../parts/shown-picture.js';
import { OutcomeBadge } from '../../parts/term-words.js';
import { useDialog } from '../../parts/use-dialog.js';
import { RestoredDraft, useDraft } from '../../parts/use-draft.js';
import { dayAndTime, number, percent, plainDay } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { customFields } from './custom-fields.js';
import { PersonData } from './person-data.js';
import { PersonPhotographs } from './person-photographs.js';
import { changeOf, draftOf } from './profile-draft.js';
import { ProfileFields } from './profile-fields.js';
import { TakenId } from './refusal.js';
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
  const editing = useDialog();
  return (
    <>
      <PageHead
        title={person.name}
        lead={<StandingBadges of={person} />}
        back={back()}
        actions={[{ text: t('edit'), isOffered: can('persons:write'), onAct: editing.opens(true) }]}
      >
        {can('attendance:read') && (
          <a href={`/attendance/persons/${encodeURIComponent(person.id)}`}>{t('attendance')}</a>
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
      {editing.of && (
        <EditPerson person={person} onChanged={put} onAnew={reload} onClose={editing.closes()} />
      )}
    </>
  );
}

function Profile({ person }: { readonly person: PersonDetail }) {
  const { id, photographId, externalId, groups, enrolledAt, removedAt, watch, notes, threshold } = person;
  const { fields = {}, thresholdInForce: needs } = person;
  return (
    <Section title={t('profile')}>
      <PersonPicture id={id} photographId={photographId} class="face-large" />
      <Facts
        of={[
          [form('external-id'), externalId],
          [form('groups'), groups?.join(', ')],
          ...customFields(fields).map(({ id: field, name }) => [name, fields[field]] as const),
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

interface EditPersonProps {
  readonly person: PersonDetail;
  readonly onChanged: (person: PersonDetail) => void;
  /** Fetches the person again: another user has changed them. */
  readonly onAnew: () => Promise<void>;
  readonly onClose: () => void;
}

/** Changes the profile of a person, unless another user has changed it meanwhile. */
function EditPerson({ person, onChanged, onAnew, onClose }: EditPersonProps) {
  const { id, revision } = person;
  const { draft, restored, clear } = useDraft(`persons.update ${id}`, draftOf(person), { revision });
  const holder = useSignal<string | undefined>(undefined);
  const doing = useAct();
  const save = (): void => {
    holder.value = undefined;
    void doing.run(async () => {
      const change = changeOf(person, draft.value);
      const result = await call('persons.update', { id, ifRevision: revision, ...change });
      if (result.outcome === 'external-id-taken') {
        holder.value = result.personId;
        return;
      }
      clear();
      say(form('saved'));
      onChanged(result.person);
      onClose();
    });
  };
  const anew = async (): Promise<void> => {
    await onAnew();
    onClose();
  };
  return (
    <Dialog title={form('edit')} onClose={onClose}>
      <Form act={form('save')} onAct={save} doing={doing} onAnew={() => void anew()} onCancel={onClose}>
        <RestoredDraft of={restored} />
        <ProfileFields draft={draft.value} fields={person.fields} onChange={into(draft)} />
        {holder.value !== undefined && <TakenId holder={holder.value} />}
      </Form>
    </Dialog>
  );
}

const latest = 5;

/** When and where cameras saw the person last. */
function PersonPassages({ person: { id } }: { readonly person: PersonDetail }) {
  const cameras = useCameras();
  const { items, isLoading, fault, reload } = useList('passages.list', { person: id, limit: latest });
  return (
    <Section title={t('passages')} acts={<a href={`/passages?person=${id}`}>{t('all-passages')}</a>}>
      <Fault error={fault} onRetry={() => void reload()} />
      {items.length === 0 &&
        fault === undefined &&
        (isLoading ? <Loading /> : <Empty>{t('no-passages')}</Empty>)}
      <ul class="rows">
        {items.map((passage) =>
          'unreadable' in passage ? (
            <li key={passage.id}>{t('unreadable-passage')}</li>
          ) : (
            <li key={passage.id}>
              <span class="grows">
                <a href={`/passages/${passage.id}`}>{dayAndTime(passage.startedAt)}</a>{' '}
                {cameras.nameOf(passage.camera)}
                <small>{sentence(passage.sentence)}</small>
              </span>
              <OutcomeBadge outcome={passage.outcome} />
            </li>
          ),
        )}
      </ul>
    </Section>
  );
}

const mostShown = 4;

/** Whom the box may take for this person, with both faces side by side. */
function PersonSimilar({ person }: { readonly person: PersonDetail }) {
  const similar = useFetched('recognition.similar-persons', { id: person.id, limit: mostShown });
  return (
    <Section title={t('similar')}>
      <p class="quiet">{t('similar-lead')}</p>
      <Loaded of={similar}>
        {({ persons, strangers }) =>
          persons.length + strangers.filter(isNear).length === 0 ? (
            <Empty>{t('similar-none')}</Empty>
          ) : (
            <ul class="rows">
              {persons.map((other) => (
                <SimilarPerson key={other.personId} person={person} other={other} />
              ))}
              {strangers.filter(isNear).map(({ strangerId, ...likeness }) => (
                <li key={strangerId}>
                  <a href={`/strangers/${strangerId}`}>{t('stranger', { id: strangerId })}</a>
                  <Likeness of={likeness} />
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Section>
  );
}

/** Of a stranger who is further away nothing can be learnt. */
const isNear = ({
  similarity,
  threshold,
}: {
  readonly similarity: number;
  readonly threshold: number;
}): boolean => similarity > threshold / 2;

type Similar = SimilarFaces['persons'][number];

function SimilarPerson({ person, other }: { readonly person: PersonDetail; readonly other: Similar }) {
  const shown = useFetched('persons.show', { id: other.personId });
  return (
    <li>
      <span class="with-face">
        <PersonPicture id={person.id} photographId={person.photographId} class="face-middle" />
        <PersonPicture id={other.personId} photographId={shown.value?.photographId} class="face-middle" />
        <a href={`/people/${other.personId}`}>{other.name ?? other.personId}</a>
      </span>
      <Likeness of={other} />
    </li>
  );
}

function Likeness({
  of: { similarity, threshold, isToldApart },
}: {
  readonly of: Pick<Similar, 'similarity' | 'threshold' | 'isToldApart'>;
}) {
  return (
    <span>
      <Badge tone={isToldApart ? 'ok' : 'bad'} {...(!isToldApart && { icon: 'warning' })}>
        {isToldApart ? t('told-apart') : t('not-told-apart')}
      </Badge>
      <small>{t('likeness', { similarity: percent(similarity, 1), threshold: percent(threshold, 1) })}</small>
    </span>
  );
}
