import type en from '../../messages/en/enrol.json';
import { Icon } from '../../parts/icon.js';
import { wordsOf } from '../../words/words.js';
import type { PhoneEnrolment } from './guidance.js';

const t = wordsOf<typeof en>('enrol');

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
