import { useSignal } from '@preact/signals';
import { useLocation, useRoute } from 'preact-iso';
import { call } from '../../api/call.js';
import { can } from '../../api/session.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/enrol.json';
import { Confirm } from '../../parts/dialog.js';
import { Loaded, PageHead, Section } from '../../parts/page.js';
import { wordsOf } from '../../words/words.js';
import { BoxCamera } from './box-camera.js';
import { CameraView } from './camera-view.js';
import { Consent } from './consent.js';
import { Finish } from './finish.js';
import { type Enrolment, type Guidance, isLedThrough, mayTakePictures } from './guidance.js';
import { smallPhotograph } from './jpeg.js';
import { KeptPictures } from './kept-pictures.js';
import { PhoneLink } from './phone-link.js';
import { PhotographFiles } from './photograph-files.js';
import { Steps } from './steps.js';

const t = wordsOf<typeof en>('enrol');

/** While a phone takes the pictures, the page sees what it does. */
const everyMs = 1500;

/** One guided enrolment: its state lies at the box, so the page can be left and found again. */
export default function Guide() {
  const { params } = useRoute();
  const { route } = useLocation();
  const id = params['id'] ?? '';
  const isAsked = useSignal(false);
  const isAbandoned = useSignal(false);
  const state = useFetched('enrolments.show', { id }, { everyMs });
  const title = state.value?.name ?? state.value?.personId ?? t('title');
  return (
    <>
      <PageHead title={title} lead={t('guide-lead')} back={{ href: '/people/enrol', text: t('title') }}>
        {state.value?.isFinished === false && (
          <button
            type="button"
            class="secondary"
            onClick={() => {
              isAsked.value = true;
            }}
          >
            {t('abandon')}
          </button>
        )}
      </PageHead>
      <Loaded of={state}>
        {(enrolment) =>
          enrolment.isFinished ? (
            <Done enrolment={enrolment} />
          ) : (
            <Open enrolment={enrolment} onState={state.put} onDone={() => void state.reload()} />
          )
        }
      </Loaded>
      {isAsked.value && (
        <Confirm
          title={t('abandon-title')}
          act={t('abandon')}
          isDestructive
          onAct={async () => {
            ({ isAbandoned: isAbandoned.value } = await call('enrolments.abandon', { id }));
          }}
          onClose={(isDone) => {
            isAsked.value = false;
            if (isDone && isAbandoned.value) route('/people/enrol');
            // The person may have been enrolled meanwhile.
            else void state.reload();
          }}
        >
          <p>{t('abandon-lost')}</p>
        </Confirm>
      )}
    </>
  );
}

function Done({ enrolment: { personId, name } }: { readonly enrolment: Enrolment }) {
  const { route } = useLocation();
  return (
    <Section title={t('done-title')}>
      <p role="status">{t('done-lead', { name: name ?? personId ?? '' })}</p>
      <div class="acts">
        {personId !== undefined && can('persons:read') && (
          <a href={`/people/${personId}`}>{t('to-person')}</a>
        )}
        <button type="button" onClick={() => route('/people/enrol')}>
          {t('next-person')}
        </button>
      </div>
    </Section>
  );
}

interface OpenProps {
  readonly enrolment: Enrolment;
  readonly onState: (enrolment: Enrolment) => void;
  readonly onDone: () => void;
}

function Open({ enrolment, onState, onDone }: OpenProps) {
  const { id, consent } = enrolment;
  const isReady = mayTakePictures(enrolment);
  const accept = async (version: string): Promise<void> =>
    onState(await call('enrolments.accept-consent', { id, version }));
  return (
    <div class="columns">
      <div>
        {consent !== undefined && !isReady && (
          <Section title={t('consent-title')}>
            <p>{t('consent-lead')}</p>
            <Consent consent={consent} onAccept={accept} />
          </Section>
        )}
        <Sources enrolment={enrolment} onState={onState} isReady={isReady} />
      </div>
      <div>
        <Section title={t('steps')}>
          <Steps of={enrolment} />
        </Section>
        <Section title={t('best-pictures')}>
          <KeptPictures enrolment={enrolment} onState={onState} />
        </Section>
        {enrolment.pictures.some(({ step }) => step === 'front') && (
          <Section title={t('finish-title')}>
            {!isLedThrough(enrolment) && <p>{t('steps-open')}</p>}
            <Finish enrolment={enrolment} onDone={onDone} />
          </Section>
        )}
      </div>
    </div>
  );
}

const sources = ['phone', 'browser', 'camera', 'files'] as const;
type Source = (typeof sources)[number];

interface SourcesProps extends Omit<OpenProps, 'onDone'> {
  readonly isReady: boolean;
}

/** Where the pictures come from. The choice can change at any time: all of them fill the same steps. */
function Sources({ enrolment, onState, isReady }: SourcesProps) {
  const { id } = enrolment;
  const source = useSignal<Source | undefined>(undefined);
  const noted = async <Answer extends { readonly enrolment: Enrolment }>(
    answer: Promise<Answer>,
  ): Promise<Answer> => {
    const said = await answer;
    onState(said.enrolment);
    return said;
  };
  const take = (jpeg: Blob): Promise<Guidance> =>
    noted(call('enrolments.take-picture', { id, picture: [jpeg] }));
  const takeClip = async (file: File): Promise<boolean> =>
    (await noted(call('enrolments.take-clip', { id, clip: [file] }))).hasBlinked;
  const offered = sources.filter((each) => each !== 'camera' || can('cameras:read', 'live:watch'));
  return (
    <Section title={t('sources')}>
      <div class="sources">
        {offered.map((each) => (
          <button
            key={each}
            type="button"
            class="small secondary"
            aria-pressed={source.value === each}
            disabled={each !== 'phone' && !isReady}
            onClick={() => {
              source.value = each;
            }}
          >
            {t(`source-${each}`)}
          </button>
        ))}
      </div>
      {source.value === undefined && <p class="quiet">{t('sources-lead')}</p>}
      {source.value === 'phone' && <PhoneLink enrolment={enrolment} onState={onState} />}
      {isReady && source.value === 'browser' && (
        <CameraView onPicture={take} isSending={!isLedThrough(enrolment)} />
      )}
      {isReady && source.value === 'camera' && (
        <BoxCamera onTake={(cameraId) => noted(call('enrolments.take-camera-picture', { id, cameraId }))} />
      )}
      {isReady && source.value === 'files' && (
        <PhotographFiles onPhotograph={async (file) => take(await smallPhotograph(file))} onClip={takeClip} />
      )}
    </Section>
  );
}
