import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { type ApiError, call, isApiError } from '../../api/call.js';
import type en from '../../messages/en/enrol.json';
import { into } from '../../parts/form-fields.js';
import { Loading } from '../../parts/page.js';
import { Fault } from '../../parts/shown-fault.js';
import { wordsOf } from '../../words/words.js';
import { EntryFrame } from '../entry/entry-frame.js';
import { CameraView, smallPhotograph } from './camera-view.js';
import { PhotographFiles } from './guided-files.js';
import {
  Consent,
  type Guidance,
  isLedThrough,
  mayTakePictures,
  type PhoneEnrolment,
  Steps,
} from './picture-guidance.js';

const t = wordsOf<typeof en>('enrol');

/** The key of this phone, for this tab alone: a reload does not end the enrolment. */
const stored = 'rollcall.phone';
const askEveryMs = 5000;

/** Opens the link of the address, or goes on with the key that this tab has. */
async function openLink(): Promise<{ readonly key: string; readonly enrolment: PhoneEnrolment } | undefined> {
  const secret = location.hash.slice(1);
  // The address stays in histories and on screens; the secret must not.
  history.replaceState(null, '', location.pathname);
  if (secret !== '') {
    const opened = await call('enrolments.open-link', { secret });
    sessionStorage.setItem(stored, opened.key);
    return opened;
  }
  const key = sessionStorage.getItem(stored);
  return key === null ? undefined : { key, enrolment: await call('enrolments.show-on-phone', { key }) };
}

/** The page of a person who takes their own pictures, by the link of an operator. It has no login. */
export default function Phone() {
  const key = useSignal<string | undefined>(undefined);
  const enrolment = useSignal<PhoneEnrolment | undefined>(undefined);
  const fault = useSignal<ApiError | undefined>(undefined);
  const isWithoutLink = useSignal(false);
  const ended = (error: unknown): void => {
    if (!isApiError(error)) throw error;
    if (isApiError(error, 'phone-ended')) {
      sessionStorage.removeItem(stored);
      key.value = undefined;
      enrolment.value = undefined;
    }
    fault.value = error;
  };
  useEffect(() => {
    openLink().then((opened) => {
      isWithoutLink.value = opened === undefined;
      key.value = opened?.key;
      enrolment.value = opened?.enrolment;
    }, ended);
  }, []);
  useEffect(() => {
    const own = key.value;
    if (own === undefined) return;
    const timer = setInterval(() => {
      call('enrolments.show-on-phone', { key: own }).then((shown) => {
        enrolment.value = shown;
      }, ended);
    }, askEveryMs);
    return () => clearInterval(timer);
  }, [key.value]);
  const own = key.value;
  const shown = enrolment.value;
  return (
    <EntryFrame title={t('phone-title')} lead={shown && t('phone-lead')}>
      <Fault error={fault.value} />
      {isWithoutLink.value && <p>{t('phone-without-link')}</p>}
      {own !== undefined && shown !== undefined ? (
        <PhoneSteps phoneKey={own} enrolment={shown} onState={into(enrolment)} />
      ) : (
        fault.value === undefined && !isWithoutLink.value && <Loading />
      )}
    </EntryFrame>
  );
}

interface PhoneStepsProps {
  readonly phoneKey: string;
  readonly enrolment: PhoneEnrolment;
  readonly onState: (enrolment: PhoneEnrolment) => void;
}

function PhoneSteps({ phoneKey: key, enrolment, onState }: PhoneStepsProps) {
  const take = async (jpeg: Blob): Promise<Guidance> => {
    const answer = await call('enrolments.take-picture-on-phone', { key, picture: [jpeg] });
    onState(answer.enrolment);
    return answer;
  };
  if (enrolment.isFinished) return <p role="status">{t('phone-finished')}</p>;
  const { consent } = enrolment;
  if (consent !== undefined && !mayTakePictures(enrolment)) {
    const accept = async (version: string): Promise<void> =>
      onState(await call('enrolments.accept-consent-on-phone', { key, version }));
    return <Consent consent={consent} onAccept={accept} />;
  }
  const isDone = isLedThrough(enrolment);
  return (
    <>
      {isDone && <p role="status">{t('phone-done')}</p>}
      {!isDone && <CameraView onPicture={take} isSending />}
      <Steps of={enrolment} />
      {!isDone && <PhotographFiles onPhotograph={async (file) => take(await smallPhotograph(file))} />}
    </>
  );
}
