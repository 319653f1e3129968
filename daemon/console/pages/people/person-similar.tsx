import type { PersonDetail } from '../../../contract/person.js';
import type { SimilarFaces } from '../../../contract/recognition.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/person.json';
import { Badge, Empty, Loaded, Section } from '../../parts/page.js';
import { PersonPicture } from '../../parts/person-picture.js';
import { percent } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('person');

const mostShown = 4;

/** Whom the box may take for this person, with both faces side by side. */
export function PersonSimilar({ person }: { readonly person: PersonDetail }) {
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
