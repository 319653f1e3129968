import { isApiError, type Output } from '../../api/call.js';
import type en from '../../messages/en/enrol.json';
import { ActionBar } from '../../parts/actions.js';
import { Icon } from '../../parts/icon.js';
import { wordsOf } from '../../words/words.js';

export type Enrolment = Output<'enrolments.show'>;
export type PhoneEnrolment = Output<'enrolments.show-on-phone'>;
/** What the box says of one picture. */
export type Guidance = Pick<Output<'enrolments.take-picture'>, 'hint' | 'seen' | 'kept'>;

const t = wordsOf<typeof en>('enrol');

/** The hint in the language of the console. */
export const hintText = ({ hint }: Guidance): string => t(`hint-${hint.code}`);

/** Whether nothing is left to do before the camera. */
export const isLedThrough = ({ steps }: Pick<PhoneEnrolment, 'steps'>): boolean =>
  steps.every(({ isDone }) => isDone);

/** Whether the box may look at pictures: a text of consent comes first. */
export const mayTakePictures = ({ consent, isFinished }: Pick<PhoneEnrolment, 'consent' | 'isFinished'>) =>
  !isFinished && (consent === undefined || consent.acceptedAt !== undefined);

/** Files wait until the picture before them has been looked at, such as the last one of a camera. */
const busyTries = 10;
const busyMs = 700;

/** Does something again while the box has another picture in work. @throws ApiError */
export async function patiently<Answer>(work: () => Promise<Answer>, tries = busyTries): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    if (tries === 0 || !isApiError(error, 'busy', 'rate-limited')) throw error;
  }
  await new Promise((resolve) => setTimeout(resolve, busyMs));
  return await patiently(work, tries - 1);
}

interface ConsentProps {
  readonly consent: NonNullable<PhoneEnrolment['consent']>;
  readonly onAccept: (version: string) => Promise<unknown>;
}

/** The text that the person reads and agrees to, before any picture. */
export function Consent({ consent: { text, version }, onAccept }: ConsentProps) {
  return (
    <div class="consent">
      <p class="consent-text">{text}</p>
      <p class="quiet">{t('consent-version', { version })}</p>
      <ActionBar
        place="start"
        of={[{ text: t('consent-accept'), look: 'primary', onAct: () => onAccept(version) }]}
      />
    </div>
  );
}

/** What is done and what is open, in the order in which the box asks for it. */
export function Steps({ of: { steps } }: { readonly of: Pick<PhoneEnrolment, 'steps'> }) {
  const next = steps.find(({ isDone }) => !isDone)?.step;
  return (
    <ol class="guide-steps" aria-label={t('steps')}>
      {steps.map(({ step, isDone }) => (
        <li key={step} class={isDone ? 'done' : ''} aria-current={step === next ? 'step' : undefined}>
          <Icon name={isDone ? 'check' : 'forward'} />
          {t(`step-${step}`)}
          <span class="unseen">{isDone ? t('step-is-done') : t('step-is-open')}</span>
        </li>
      ))}
    </ol>
  );
}
