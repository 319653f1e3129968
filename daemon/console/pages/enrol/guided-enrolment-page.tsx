import { useSignal } from '@preact/signals';
import { useLocation, useRoute } from 'preact-iso';
import { addressOf, call } from '../../api/call.js';
import { can } from '../../api/session.js';
import { useAct, useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/enrol.json';
import { ActionBar } from '../../parts/actions.js';
import { DeviceLink } from '../../parts/device-link.js';
import { Choice, into } from '../../parts/form-fields.js';
import { Icon } from '../../parts/icon.js';
import { Badge, Empty, Facts, Loaded, PageHead, Section } from '../../parts/page.js';
import { Fault } from '../../parts/shown-fault.js';
import { Picture } from '../../parts/shown-picture.js';
import { clockTime, percent } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { CameraView, smallPhotograph } from './camera-view.js';
import { Finish } from './finish-enrolment.js';
import { PhotographFiles } from './guided-files.js';
import {
  Consent,
  type Enrolment,
  type Guidance,
  hintText,
  isLedThrough,
  mayTakePictures,
  patiently,
  Steps,
} from './picture-guidance.js';

const t = wordsOf<typeof en>('enrol');

/** While a phone takes the pictures, the page sees what it does. */
const everyMs = 1500;

/** One guided enrolment: its state lies at the box, so the page can be left and found again. */
export default function Guide() {
  const { params } = useRoute();
  const { route } = useLocation();
  const id = params['id'] ?? '';
  const isAbandoned = useSignal(false);
  const state = useFetched('enrolments.show', { id }, { everyMs });
  const title = state.value?.name ?? state.value?.personId ?? t('title');
  return (
    <>
      <PageHead
        title={title}
        lead={t('guide-lead')}
        back={{ href: '/people/enrol', text: t('title') }}
        actions={[
          {
            text: t('abandon'),
            isOffered: state.value?.isFinished === false,
            ask: { title: t('abandon-title'), text: t('abandon-lost'), isDestructive: true },
            onAct: async () => {
              ({ isAbandoned: isAbandoned.value } = await call('enrolments.abandon', { id }));
            },
            // Not abandoned: the person may have been enrolled meanwhile.
            onDone: () => (isAbandoned.value ? route('/people/enrol') : state.reload()),
          },
        ]}
      />
      <Loaded of={state}>
        {(enrolment) =>
          enrolment.isFinished ? (
            <Done enrolment={enrolment} />
          ) : (
            <Open enrolment={enrolment} onState={state.put} onDone={() => void state.reload()} />
          )
        }
      </Loaded>
    </>
  );
}

function Done({ enrolment: { personId, name } }: { readonly enrolment: Enrolment }) {
  const { route } = useLocation();
  return (
    <Section title={t('done-title')}>
      <p role="status">{t('done-lead', { name: name ?? personId ?? '' })}</p>
      <ActionBar
        before={
          personId !== undefined &&
          can('persons:read') && <a href={`/people/${personId}`}>{t('to-person')}</a>
        }
        of={[{ text: t('next-person'), look: 'primary', onAct: () => route('/people/enrol') }]}
      />
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
      <ActionBar
        isSmall
        place="sources"
        of={offered.map((each) => ({
          text: t(`source-${each}`),
          isPressed: source.value === each,
          isReady: each === 'phone' || isReady,
          onAct: () => into(source)(each),
        }))}
      />
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

interface KeptPicturesProps {
  readonly enrolment: Enrolment;
  readonly onState: (enrolment: Enrolment) => void;
}

/** The best pictures of each step. The operator looks whether they show the right person. */
function KeptPictures({ enrolment: { id, pictures }, onState }: KeptPicturesProps) {
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

interface PhoneLinkProps {
  readonly enrolment: Enrolment;
  readonly onState: (enrolment: Enrolment) => void;
}

const tones = { waiting: 'info', opened: 'ok', ended: 'quiet' } as const;

/** The one-time link for the phone of the person. Its secret is shown here alone, and a reload of the page forgets it. */
function PhoneLink({ enrolment, onState }: PhoneLinkProps) {
  const { id, link } = enrolment;
  const secret = useSignal<string | undefined>(undefined);
  const make = async (): Promise<void> => {
    const made = await call('enrolments.make-link', { id });
    secret.value = made.secret;
    onState(made.enrolment);
  };
  const cut = async (): Promise<void> => {
    onState(await call('enrolments.cut-link', { id }));
    secret.value = undefined;
  };
  const isWaiting = link?.state === 'waiting' && secret.value !== undefined;
  return (
    <>
      <p>{t('link-lead')}</p>
      {isWaiting && <DeviceLink path={`/e#${secret.value}`} label={t('link-code')} />}
      {link !== undefined && (
        <div role="status">
          <Badge tone={tones[link.state]}>{t(`link-${link.state}`)}</Badge>
          <Facts
            of={[
              [t('link-expires'), link.state !== 'ended' && clockTime(link.expiresAt)],
              [t('link-last-seen'), link.lastSeenAt && clockTime(link.lastSeenAt)],
            ]}
          />
          {link.refused > 0 && <p class="warn">{t('link-tried-again', { count: link.refused })}</p>}
        </div>
      )}
      <ActionBar
        of={[
          { text: t('link-cut'), isOffered: link !== undefined && link.state !== 'ended', onAct: cut },
          {
            text: t(link === undefined ? 'link-make' : 'link-make-anew'),
            look: 'primary',
            onAct: make,
          },
        ]}
      />
    </>
  );
}

interface BoxCameraProps {
  /** Has a camera of the box take a picture. @throws ApiError */
  readonly onTake: (cameraId: string) => Promise<Guidance>;
}

/** Pictures from a camera of the box: the light and the view in which it will recognise the person. */
function BoxCamera({ onTake }: BoxCameraProps) {
  const cameras = useFetched('cameras.list', {});
  const chosen = useSignal<string | undefined>(undefined);
  const guidance = useSignal<Guidance | undefined>(undefined);
  return (
    <Loaded of={cameras}>
      {(all) => {
        const streaming = all.filter(({ state }) => state === 'streaming');
        const [first] = streaming;
        if (first === undefined) return <Empty>{t('no-streaming-camera')}</Empty>;
        const camera = chosen.value ?? first.id;
        const take = async (): Promise<void> => {
          guidance.value = await patiently(() => onTake(camera));
        };
        return (
          <>
            <Choice
              label={t('camera')}
              value={camera}
              options={streaming.map(({ id, name }) => [id, name] as const)}
              onValue={into(chosen)}
            />
            <p class="guide-hint" role="status">
              {guidance.value && hintText(guidance.value)}
            </p>
            <ActionBar place="start" of={[{ text: t('take-picture'), look: 'primary', onAct: take }]} />
          </>
        );
      }}
    </Loaded>
  );
}
