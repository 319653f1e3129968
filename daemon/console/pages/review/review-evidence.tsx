import type { ReviewItem } from '../../../contract/review.js';
import { addressOf } from '../../api/call.js';
import { can } from '../../api/session.js';
import type en from '../../messages/en/review.json';
import type { Cameras } from '../../parts/camera-choice.js';
import { Facts } from '../../parts/page.js';
import { Remedy, sentence } from '../../parts/shown-fault.js';
import { PersonPicture, Picture } from '../../parts/shown-picture.js';
import { reasonWord } from '../../parts/term-words.js';
import { dayAndTime, decimals } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { isPassage, type PassageToReview } from './review-answers.js';

const t = wordsOf<typeof en>('review');

/** What one needs to see to answer. */
export function Evidence({ item, cameras }: { readonly item: ReviewItem; readonly cameras: Cameras }) {
  if (isPassage(item)) return <PassageEvidence item={item} cameras={cameras} />;
  switch (item.kind) {
    case 'unknown-person': {
      const { pictured, visits, firstSeenAt, lastSeenAt, cameras: places } = item.stranger;
      return (
        <>
          <ul class="review-faces">
            <li>
              <Picture src={imageOf(pictured)} alt={t('image-of-passage')} absent="stranger" isEager />
            </li>
          </ul>
          <Facts
            of={[
              [t('visits'), visits],
              [t('first-seen'), dayAndTime(firstSeenAt)],
              [t('last-seen'), dayAndTime(lastSeenAt)],
              [t('cameras'), places.map(({ camera }) => cameras.nameOf(camera)).join(', ')],
            ]}
          />
        </>
      );
    }
    case 'look-alikes':
      return (
        <>
          <ul class="review-faces">
            {item.persons.map(({ person, photograph }) => (
              <li key={person.id}>
                <PersonPicture id={person.id} photographId={photograph} class="" isEager />
                <a href={`/people/${person.id}`}>{person.name ?? person.id}</a>
              </li>
            ))}
          </ul>
          <p>
            {t(item.isSeparable ? 'separable' : 'inseparable')}{' '}
            {t('similarity', { value: decimals(item.similarity, 2, 2) })}
          </p>
        </>
      );
    case 'camera':
      return (
        <>
          <p class="what">{sentence(item.message)}</p>
          <Remedy>{sentence(item.remedy)}</Remedy>
          <p class="quiet">{t('since', { time: dayAndTime(item.at) })}</p>
        </>
      );
  }
}

/** The face that passed beside those of the enrolled persons whom it resembles. */
function PassageEvidence({
  item: { kind, at, passage, hasPicture, candidates },
  cameras,
}: {
  readonly item: PassageToReview;
  readonly cameras: Cameras;
}) {
  return (
    <>
      <ul class="review-faces">
        <li>
          <Picture src={imageOf(hasPicture ? passage.id : undefined)} alt={t('image-of-passage')} isEager />
          <strong>{cameras.nameOf(passage.camera)}</strong>
          <span class="quiet">{dayAndTime(at)}</span>
        </li>
        {candidates.map(({ person, photograph, similarity }, index) => (
          <li key={person.id}>
            <PersonPicture id={person.id} photographId={photograph} class="" isEager />
            <strong>
              {kind === 'near-match' && <kbd>{index + 1}</kbd>} {person.name ?? person.id}
            </strong>
            <span class="quiet">{t('similarity', { value: decimals(similarity, 2, 2) })}</span>
          </li>
        ))}
      </ul>
      <p>{t('reason', { reason: reasonWord(passage.reason, passage.outcome) })}</p>
      {!hasPicture && <p class="quiet">{t('no-picture')}</p>}
    </>
  );
}

/** The address of the image of a passage, for those who may see it. */
const imageOf = (passage: string | undefined): string | undefined =>
  passage !== undefined && can('passages:pictures') ? addressOf('passages.picture', { passage }) : undefined;
