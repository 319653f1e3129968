import { useAct } from '../../api/use-fetched.js';
import type en from '../../messages/en/enrol.json';
import { Fault } from '../../parts/fault.js';
import { wordsOf } from '../../words/words.js';
import type { PhoneEnrolment } from './guidance.js';

const t = wordsOf<typeof en>('enrol');

interface ConsentProps {
  readonly consent: NonNullable<PhoneEnrolment['consent']>;
  readonly onAccept: (version: string) => Promise<unknown>;
}

/** The text that the person reads and agrees to, before any picture. */
export function Consent({ consent: { text, version }, onAccept }: ConsentProps) {
  const doing = useAct();
  return (
    <div class="consent">
      <p class="consent-text">{text}</p>
      <p class="quiet">{t('consent-version', { version })}</p>
      <Fault error={doing.fault} />
      <button
        type="button"
        aria-busy={doing.isRunning}
        onClick={() => void doing.run(() => onAccept(version))}
      >
        {t('consent-accept')}
      </button>
    </div>
  );
}
