import type { EnrolmentRefusal, Resemblance } from '../../../contract/enrolment.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/person-form.json';
import { Icon } from '../../parts/icon.js';
import { PersonPicture, Picture } from '../../parts/shown-picture.js';
import { percent } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('person-form');

/** Says that another person has the external id. */
export function TakenId({ holder }: { readonly holder: string }) {
  return (
    <div class="fault" role="alert">
      <Icon name="warning" />
      <p>
        {t('taken-id')} <a href={`/people/${holder}`}>{t('taken-id-who')}</a>
      </p>
    </div>
  );
}

interface RefusalProps {
  readonly of: EnrolmentRefusal;
  /** Address of the picture that the user gave. */
  readonly picture: string | undefined;
  /** Stores the photographs although they resemble another person. */
  readonly onAnyway: () => void;
}

/** Why the box stored nothing, and what the user can decide. */
export function Refusal({ of: refusal, picture, onAnyway }: RefusalProps) {
  if (refusal.outcome === 'external-id-taken') return <TakenId holder={refusal.personId} />;
  if (refusal.outcome === 'refused') {
    return (
      <div class="fault" role="alert">
        <Icon name="warning" />
        <p>{t('refused')}</p>
      </div>
    );
  }
  return (
    <div class="fault" role="alert">
      <Icon name="warning" />
      <div>
        <p class="what">{t('resembles')}</p>
        <SideBySide picture={picture} other={refusal} />
        <p>{t('resembles-what')}</p>
        <a href={`/people/${refusal.personId}`}>{t('same-person')}</a>{' '}
        <button type="button" class="small secondary" onClick={onAnyway}>
          {t('another-person')}
        </button>
      </div>
    </div>
  );
}

/** The picture that was given beside the person whom it resembles. */
export function SideBySide({
  picture,
  other,
}: {
  readonly picture: string | undefined;
  readonly other: Resemblance;
}) {
  const shown = useFetched('persons.show', { id: other.personId });
  const name = other.name ?? shown.value?.name ?? other.personId;
  return (
    <div class="side-by-side">
      <figure>
        <Picture src={picture} alt="" class="face-large" />
        <figcaption>{t('given-picture')}</figcaption>
      </figure>
      <figure>
        <PersonPicture id={other.personId} photographId={shown.value?.photographId} class="face-large" />
        <figcaption>
          {name} · {t('similarity', { similarity: percent(other.similarity) })}
        </figcaption>
      </figure>
    </div>
  );
}
