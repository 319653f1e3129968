import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import type { MarkOutcome, PassageDetails, PassageItem } from '../../../contract/passages.js';
import type { PersonSummary } from '../../../contract/person.js';
import { type MarkedAs, markedAs } from '../../../kernel/events/notice.js';
import { call } from '../../api/call.js';
import { can } from '../../api/session.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/passages.json';
import type { Cameras } from '../../parts/camera-choice.js';
import { Confirm } from '../../parts/dialog.js';
import { bound, Choice, Field, into, Radios } from '../../parts/form-fields.js';
import { say } from '../../parts/notes.js';
import { PersonChoice } from '../../parts/person-choice.js';
import { decimals, siteDay, siteInstant } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { isReadable } from './passage-item.js';

const t = wordsOf<typeof en>('passages');

/** One that has ended, and that the box can open. */
export const mayMark = (passage: PassageItem): boolean =>
  can('passages:write') && isReadable(passage) && passage.end !== undefined;

/** Says who a passage was. */
export function MarkPassage({
  passage,
  onClose,
}: {
  readonly passage: Pick<PassageDetails, 'id'>;
  readonly onClose: (isDone: boolean) => void;
}) {
  const { said, fields } = useMark();
  return (
    <Confirm
      title={t('mark-title')}
      act={t('mark-act')}
      isReady={said !== undefined}
      onAct={async () => {
        if (said === undefined) return;
        const { corrections } = await call('passages.mark', { passage: passage.id, ...said });
        say(t('marked', { count: corrections }), {
          href: `/passages/${passage.id}`,
          text: t('to-unmark'),
        });
      }}
      onClose={onClose}
    >
      {fields}
      {said !== undefined && <Effect passage={passage.id} {...said} />}
    </Confirm>
  );
}

/** Who it was, as a form asks for it. */
interface MarkForm {
  /** Absent until the form says who. */
  readonly said: { readonly was: MarkedAs; readonly person?: string; readonly note?: string } | undefined;
  readonly fields: ComponentChildren;
}

export function useMark(): MarkForm {
  // Only who may read persons can say which one it was.
  const kinds = can('persons:read') ? markedAs : markedAs.filter((each) => each !== 'person');
  const was = useSignal<MarkedAs>(kinds[0] ?? 'stranger');
  const person = useSignal<PersonSummary | undefined>(undefined);
  const note = useSignal('');
  const isPerson = was.value === 'person';
  const chosen = isPerson ? person.value : undefined;
  const isReady = !isPerson || chosen !== undefined;
  return {
    said: isReady
      ? { was: was.value, ...noteIn(note.value), ...(chosen && { person: chosen.id }) }
      : undefined,
    fields: (
      <>
        <Radios
          legend={t('mark-was')}
          options={kinds.map((each) => [each, t(`was-${each}`)] as const)}
          {...bound(was)}
        />
        {isPerson && <PersonChoice label={t('who-was-it')} chosen={chosen} onChoose={into(person)} />}
        <Note {...bound(note)} />
        <p>{t(can('attendance:write') ? 'mark-follows' : 'mark-follows-less')}</p>
      </>
    ),
  };
}

/** What the mark would do to the thresholds of persons. */
function Effect({
  passage,
  was,
  person,
}: {
  readonly passage: string;
  readonly was: MarkedAs;
  readonly person?: string;
}) {
  const mark = { passage, was, ...(person !== undefined && { person }) };
  const effect = useFetched('passages.mark-effect', mark).value;
  const changes = effect?.thresholds.filter(({ before, after }) => after !== before) ?? [];
  return (
    <div role="note" aria-label={t('mark-effect')}>
      {changes.map(({ person, before, after, comparisons, lost }) => (
        <p key={person.id}>
          {t('mark-threshold', {
            ...{ who: person.name ?? person.id, lost, comparisons },
            ...{ before: decimals(before, 3, 3), after: decimals(after, 3, 3) },
          })}
        </p>
      ))}
      {effect !== undefined && changes.length === 0 && <p>{t('mark-no-threshold')}</p>}
    </div>
  );
}

/** Undoes the correction of a passage. */
export function UnmarkPassage({
  passage,
  onClose,
}: {
  readonly passage: Pick<PassageDetails, 'id'>;
  readonly onClose: (isDone: boolean) => void;
}) {
  return (
    <Confirm
      title={t('unmark-title')}
      act={t('unmark')}
      onAct={async () => sayOutcome(await call('passages.unmark', { passage: passage.id }))}
      onClose={onClose}
    >
      <p>{t('unmark-follows')}</p>
    </Confirm>
  );
}

/** Says that a person was at a camera and the box has nothing of it. */
export function MissedPerson({
  cameras,
  onClose,
}: {
  readonly cameras: Cameras;
  readonly onClose: () => void;
}) {
  const camera = useSignal('');
  const day = useSignal(siteDay());
  const time = useSignal('');
  const person = useSignal<PersonSummary | undefined>(undefined);
  const note = useSignal('');
  const chosen = person.value;
  const place = camera.value === '' ? (cameras.all[0]?.id ?? '') : camera.value;
  return (
    <Confirm
      title={t('missed')}
      act={t('missed-act')}
      isReady={chosen !== undefined && place !== '' && day.value !== '' && time.value !== ''}
      onAct={async () => {
        const at = siteInstant(day.value, time.value);
        const given = { camera: place, at, person: chosen?.id ?? '', ...noteIn(note.value) };
        sayOutcome(await call('passages.missed', given));
      }}
      onClose={onClose}
    >
      <p>{t('missed-lead')}</p>
      <Choice
        label={t('camera')}
        value={place}
        options={cameras.all.map(({ id, name }) => [id, name] as const)}
        onValue={into(camera)}
      />
      <div class="filters">
        <Field label={t('day')} type="date" {...bound(day)} />
        <Field label={t('clock')} type="time" {...bound(time)} hint={t('clock-hint')} />
      </div>
      <PersonChoice label={t('who-was-it')} chosen={chosen} onChoose={into(person)} />
      <Note {...bound(note)} />
    </Confirm>
  );
}

function Note({ value, onValue }: { readonly value: string; readonly onValue: (text: string) => void }) {
  return <Field label={t('note')} value={value} onValue={onValue} hint={t('note-hint')} maxLength={200} />;
}

const noteIn = (note: string) => (note.trim() === '' ? {} : { note: note.trim() });

const sayOutcome = ({ corrections }: MarkOutcome): void => say(t('marked', { count: corrections }));
