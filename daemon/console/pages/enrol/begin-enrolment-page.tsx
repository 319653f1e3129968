import { useLocation } from 'preact-iso';
import type { FieldValues } from '../../../kernel/persons/custom-fields.js';
import { call, type Input } from '../../api/call.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/enrol.json';
import { ActionBar } from '../../parts/actions.js';
import { Form } from '../../parts/form.js';
import { Area, Choice, Field } from '../../parts/form-fields.js';
import { Badge, Loaded, PageHead, Section } from '../../parts/page.js';
import { RestoredDraft, useDraft } from '../../parts/use-draft.js';
import { clockTime, siteDay } from '../../time/site-format.js';
import { language, wordsOf } from '../../words/words.js';
import { CustomFieldInputs } from '../people/profile-fields.js';
import type { Enrolment } from './picture-guidance.js';

const t = wordsOf<typeof en>('enrol');

/** Begins a guided enrolment, or goes on with one. `?person=p-…` gives a person more photographs. */
export default function Begin() {
  const { query } = useLocation();
  const open = useFetched('enrolments.list', {});
  const { person } = query;
  return (
    <>
      <PageHead title={t('title')} lead={t('lead')} />
      <Loaded of={open}>{(enrolments) => <OpenOnes of={enrolments} />}</Loaded>
      {person === undefined || person === '' ? <NewPerson /> : <MorePhotographs personId={person} />}
    </>
  );
}

/** What was begun and left. */
function OpenOnes({ of: enrolments }: { readonly of: readonly Enrolment[] }) {
  const unfinished = enrolments.filter(({ isFinished }) => !isFinished);
  if (unfinished.length === 0) return null;
  return (
    <Section title={t('open-ones')}>
      <ul>
        {unfinished.map(({ id, name, personId, endsAt, pictures }) => (
          <li key={id}>
            <a href={`/people/enrol/${id}`}>{name ?? personId}</a>{' '}
            <Badge tone="quiet">{t('pictures-count', { count: pictures.length })}</Badge>{' '}
            <span class="quiet">{t('ends-at', { time: clockTime(endsAt) })}</span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function MorePhotographs({ personId }: { readonly personId: string }) {
  const { route } = useLocation();
  const begin = async (): Promise<void> => {
    const { id } = await call('enrolments.begin', { personId });
    route(`/people/enrol/${id}`);
  };
  return (
    <Section title={t('more-photographs')}>
      <p>{t('more-photographs-lead', { person: personId })}</p>
      <ActionBar place="start" of={[{ text: t('begin'), look: 'primary', onAct: begin }]} />
    </Section>
  );
}

type ConsentKind = 'text' | 'paper' | 'none';

/** The last text of consent of this browser: the same is used for many persons. */
const storedText = 'rollcall.consent';

/** A consent is stored with the version of its text alone, so another proposed text, in any language, needs another version. */
const proposalVersion = 2;

function lastText(): { readonly version: string; readonly text: string } {
  const [version = '', ...text] = (localStorage.getItem(storedText) ?? '').split('\n');
  if (version !== '' && text.length > 0) return { version, text: text.join('\n') };
  return { version: `${proposalVersion} ${language()}`, text: t('consent-proposal') };
}

/** The form of a new person. */
interface EnrolmentDraft {
  readonly name: string;
  readonly externalId: string;
  readonly fields: FieldValues;
  readonly kind: ConsentKind;
  readonly reference: string;
  readonly version: string;
  readonly text: string;
}

const noDraft = (): EnrolmentDraft => ({
  ...{ name: '', externalId: '', fields: {}, kind: 'text', reference: '' },
  ...lastText(),
});

function NewPerson() {
  const { draft, restored, clear } = useDraft('enrolments.begin', noDraft());
  const { name, externalId, fields, kind, reference, version, text } = draft.value;
  const bound = <Name extends keyof EnrolmentDraft>(field: Name) => ({
    value: draft.value[field],
    onValue: (value: EnrolmentDraft[Name]): void => {
      draft.value = { ...draft.value, [field]: value };
    },
  });
  const { route } = useLocation();
  const begin = async (): Promise<void> => {
    const person: NonNullable<Input<'enrolments.begin'>['person']> = {
      name: name.trim(),
      ...(externalId.trim() !== '' && { externalId: externalId.trim() }),
      ...(Object.keys(fields).length > 0 && { fields }),
      ...(kind === 'text' && {
        consentText: { version: version.trim(), text: text.trim() },
      }),
      ...(kind === 'paper' && {
        consent: { basis: 'consent', dateIso: siteDay(), reference: reference.trim() },
      }),
    };
    const { id } = await call('enrolments.begin', { person });
    if (kind === 'text') localStorage.setItem(storedText, `${version.trim()}\n${text.trim()}`);
    clear();
    route(`/people/enrol/${id}`);
  };
  return (
    <Section title={t('new-person')}>
      <Form act={t('begin')} onAct={begin} look="">
        <RestoredDraft of={restored} />
        <Field label={t('name')} required autocomplete="off" maxLength={200} {...bound('name')} />
        <Field
          label={t('external-id')}
          hint={t('external-id-hint')}
          autocomplete="off"
          maxLength={100}
          {...bound('externalId')}
        />
        <CustomFieldInputs typed={fields} onTyped={bound('fields').onValue} />
        <Choice<ConsentKind>
          label={t('consent')}
          {...bound('kind')}
          options={[
            ['text', t('consent-by-text')],
            ['paper', t('consent-on-paper')],
            ['none', t('consent-none')],
          ]}
        />
        {kind === 'paper' && (
          <Field
            label={t('consent-reference')}
            hint={t('consent-reference-hint')}
            required
            {...bound('reference')}
          />
        )}
        {kind === 'text' && (
          <>
            <Area label={t('consent-title')} rows={6} required maxLength={6000} {...bound('text')} />
            <Field
              label={t('consent-version-field')}
              hint={t('consent-version-hint')}
              required
              maxLength={64}
              {...bound('version')}
            />
          </>
        )}
      </Form>
    </Section>
  );
}
