import { addressOf, call } from '../../api/call.js';
import { useAct } from '../../api/use-fetched.js';
import type en from '../../messages/en/enrol.json';
import { Fault } from '../../parts/fault.js';
import { Icon } from '../../parts/icon.js';
import { Empty } from '../../parts/page.js';
import { Picture } from '../../parts/picture.js';
import { percent } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';
import type { Enrolment } from './guidance.js';

const t = wordsOf<typeof en>('enrol');

interface KeptPicturesProps {
  readonly enrolment: Enrolment;
  readonly onState: (enrolment: Enrolment) => void;
}

/** The best pictures of each step. The operator looks whether they show the right person. */
export function KeptPictures({ enrolment: { id, pictures }, onState }: KeptPicturesProps) {
  const doing = useAct();
  if (pictures.length === 0) return <Empty>{t('no-pictures')}</Empty>;
  const drop = async (pictureId: string): Promise<void> =>
    onState(await call('enrolments.drop-picture', { id, pictureId }));
  return (
    <>
      <ul class="kept-pictures">
        {pictures.map(({ id: pictureId, step, qualityScore }) => (
          <li key={pictureId}>
            <Picture
              src={addressOf('enrolments.read-picture', { id, pictureId })}
              alt={t(`picture-${step}`)}
            />
            <span class="quiet">{t('quality', { share: percent(qualityScore) })}</span>
            <button
              type="button"
              class="plain"
              aria-label={t('drop-picture', { picture: t(`picture-${step}`) })}
              onClick={() => void doing.run(() => drop(pictureId))}
            >
              <Icon name="close" />
            </button>
          </li>
        ))}
      </ul>
      <Fault error={doing.fault} />
    </>
  );
}
