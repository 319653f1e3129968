import { useSignal } from '@preact/signals';
import type { PersonSummary } from '../../../contract/person.js';
import type { AssignResult, StrangerDetails } from '../../../contract/strangers.js';
import { ApiError } from '../../api/api-error.js';
import { call } from '../../api/call.js';
import type en from '../../messages/en/strangers.json';
import { Confirm } from '../../parts/dialog.js';
import { bound, Field, into, Radios, Tick, toggled } from '../../parts/form-fields.js';
import { say } from '../../parts/notes.js';
import { PersonChoice } from '../../parts/person-choice.js';
import { PersonPicture } from '../../parts/shown-picture.js';
import { dayAndTime, siteDay } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { PassageShot } from './stranger-acts.js';

const t = wordsOf<typeof en>('strangers');

/** Pictures that the API takes at most. */
const mostPictures = 20;

interface AssignProps {
  readonly stranger: StrangerDetails;
  /** With the id of the person, if there is one now. */
  readonly onClose: (person: string | undefined) => void;
}

/**
 * Says that a stranger is an enrolled person, or enrols the stranger. Nothing is learnt from without a look: the user confirms to have
 * compared the pictures.
 */
export function AssignStranger({ stranger, onClose }: AssignProps) {
  const isNew = useSignal(false);
  const person = useSignal<PersonSummary | undefined>(undefined);
  const name = useSignal('');
  const reference = useSignal('');
  const isCompared = useSignal(false);
  // Undefined: the box takes the best ones, and leaves out those that it cannot use.
  const picked = useSignal<ReadonlySet<string> | undefined>(undefined);
  const assigned = useSignal<string | undefined>(undefined);
  const passages = picked.value && { passages: [...picked.value] };
  const chosen = person.value;
  const isNamed = isNew.value
    ? name.value.trim() !== '' && reference.value.trim() !== ''
    : chosen !== undefined;
  const act = async (): Promise<void> => {
    const common = { stranger: stranger.id, ...passages };
    const result = isNew.value
      ? await call('strangers.enrol', {
          ...{ ...common, name: name.value.trim() },
          consent: { basis: 'consent', dateIso: siteDay(), reference: reference.value.trim() },
        })
      : await call('strangers.assign', { ...common, person: chosen?.id ?? '' });
    assigned.value = personOf(result);
    say(t('assigned-done'), { href: `/strangers/${stranger.id}`, text: t('take-back') });
  };
  return (
    <Confirm
      title={t('assign')}
      act={t(isNew.value ? 'enrol-act' : 'assign-act')}
      isReady={isNamed && isCompared.value && picked.value?.size !== 0}
      onAct={act}
      onClose={() => onClose(assigned.value)}
    >
      <Pictures stranger={stranger} picked={picked.value} onPick={into(picked)} />
      <Radios
        legend={t('is-who')}
        value={isNew.value ? 'new' : 'enrolled'}
        options={[
          ['enrolled', t('is-enrolled')],
          ['new', t('is-new')],
        ]}
        onValue={(who) => {
          isNew.value = who === 'new';
          isCompared.value = false;
        }}
      />
      {isNew.value ? (
        <>
          <Field label={t('name')} value={name.value} autocomplete="off" onValue={into(name)} />
          <Field
            label={t('consent')}
            value={reference.value}
            hint={t('consent-hint')}
            maxLength={200}
            onValue={into(reference)}
          />
        </>
      ) : (
        <PersonChoice
          label={t('which-person')}
          chosen={chosen}
          onChoose={(found) => {
            person.value = found;
            isCompared.value = false;
          }}
        />
      )}
      {!isNew.value && chosen !== undefined && (
        <div class="pair">
          <PassageShot passage={stranger.pictured} alt={t('this-one')} class="medium" />
          <PersonPicture id={chosen.id} photographId={chosen.photographId} alt={chosen.name} class="medium" />
        </div>
      )}
      <p>{t('assign-text')}</p>
      <Tick label={t(isNew.value ? 'compared-new' : 'compared-known')} {...bound(isCompared)} />
    </Confirm>
  );
}

/** The pictures that become photographs of the person. */
function Pictures({
  stranger: { history },
  picked,
  onPick,
}: {
  readonly stranger: StrangerDetails;
  readonly picked: ReadonlySet<string> | undefined;
  readonly onPick: (picked: ReadonlySet<string> | undefined) => void;
}) {
  const pictured = history.filter(({ hasPicture }) => hasPicture).toReversed();
  const shown = pictured.slice(0, mostPictures);
  return (
    <fieldset>
      <legend>{t('pictures')}</legend>
      <Tick
        label={t('best-pictures')}
        value={picked === undefined}
        onValue={(isOn) => onPick(isOn ? undefined : new Set(shown.map(({ passage }) => passage)))}
      />
      <ul class="faces">
        {shown.map(({ passage, firstSeenAt }) => (
          <li key={passage}>
            <PassageShot passage={passage} />
            {picked !== undefined && (
              <Tick
                label={dayAndTime(firstSeenAt)}
                value={picked.has(passage)}
                onValue={(isOn) => onPick(new Set(toggled(picked, passage, isOn)))}
              />
            )}
          </li>
        ))}
      </ul>
    </fieldset>
  );
}

/** The person of a result. @throws ApiError with what the box says where it took none of the pictures */
function personOf(result: AssignResult): string {
  switch (result.outcome) {
    case 'assigned':
      return result.person.id;
    case 'similar':
      throw new ApiError(
        { code: 'similar', message: t('similar-other', { who: result.name ?? result.personId }) },
        200,
      );
    case 'external-id-taken':
      throw new ApiError({ code: 'external-id-taken', message: t('id-taken') }, 200);
    default: {
      const refused = result.photographs.find(({ outcome }) => outcome === 'refused');
      throw new ApiError(refused?.outcome === 'refused' ? refused : { code: 'refused' }, 200);
    }
  }
}
