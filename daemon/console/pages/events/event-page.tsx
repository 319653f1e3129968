import { useRoute } from 'preact-iso';
import type { EventDetails } from '../../../contract/events.js';
import { addressOf } from '../../api/call.js';
import { can } from '../../api/session.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/events.json';
import { useCameras } from '../../parts/camera-choice.js';
import { Badge, Facts, Loaded, PageHead, Section, type Tone } from '../../parts/page.js';
import { PersonLink } from '../../parts/person-link.js';
import { Picture } from '../../parts/shown-picture.js';
import { dayAndTime } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { factsOf, isDamaged, kindOf, kindText, toneOf } from './event-facts.js';

const t = wordsOf<typeof en>('events');

/** Kinds with which the configuration can keep a picture. */
const withPicture: readonly string[] = [
  'attendance',
  'recognised-unproven',
  'unknown',
  'attack',
  'loitering',
];

const deliveryTones: Readonly<Record<EventDetails['delivery'], Tone>> = {
  waiting: 'warn',
  'kept-for-centre': 'info',
  'given-up': 'bad',
  delivered: 'ok',
};

/** One event with all that is known about it. */
export default function Event() {
  const { params } = useRoute();
  const event = params['event'] ?? '';
  const details = useFetched('events.show', { event });
  return (
    <>
      <PageHead title={t('event', { event })} back={{ href: '/events', text: t('title') }} />
      <Loaded of={details}>{(value) => <Details of={value} />}</Loaded>
    </>
  );
}

function Details({ of: details }: { readonly of: EventDetails }) {
  const { event, sequence, recordedAt, delivery } = details;
  const kind = kindOf(event);
  const cameras = useCameras();
  const { camera, passage, stranger, persons } = factsOf(event);
  return (
    <div class="columns">
      <Section title={t('facts')}>
        <Facts
          of={[
            [t('kind'), kind && <Badge tone={toneOf(kind)}>{kindText(kind)}</Badge>],
            [t('time'), !isDamaged(event) && dayAndTime(event.time)],
            [t('recorded'), dayAndTime(recordedAt)],
            [t('camera'), camera && cameras.nameOf(camera)],
            ...persons.map((id) => [t('person'), <PersonLink key={id} id={id} />] as const),
            [
              t('stranger'),
              stranger &&
                (can('strangers:read') ? <a href={`/strangers/${stranger}`}>{stranger}</a> : stranger),
            ],
            [
              t('passage'),
              passage &&
                (can('passages:read') ? <a href={`/passages/${passage}`}>{t('show-passage')}</a> : passage),
            ],
            [t('sequence'), String(sequence)],
            [t('id'), details.id],
          ]}
        />
      </Section>
      <Section title={t('delivery')}>
        <p>
          <Badge tone={deliveryTones[delivery]}>{t(`delivery-${delivery}`)}</Badge>
        </p>
        <p class="quiet">{t(`delivery-${delivery}-why`)}</p>
        <p class="quiet">{t('signed-when-sent')}</p>
      </Section>
      {can('passages:pictures') && withPicture.includes(details.kind) && (
        <Section title={t('picture')}>
          <Picture
            class="large"
            src={addressOf('events.picture', { event: String(sequence) })}
            alt={t('picture-of', { sequence })}
          />
        </Section>
      )}
      <Section title={t('content')}>
        {isDamaged(event) ? (
          <p>{t('damaged-why')}</p>
        ) : (
          <pre class="wrapped">{JSON.stringify(event, null, 2)}</pre>
        )}
      </Section>
    </div>
  );
}
