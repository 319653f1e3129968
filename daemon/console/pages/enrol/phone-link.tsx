import { useSignal } from '@preact/signals';
import { call } from '../../api/call.js';
import { useAct } from '../../api/use-fetched.js';
import type en from '../../messages/en/enrol.json';
import { Fault } from '../../parts/fault.js';
import { Badge, Facts } from '../../parts/page.js';
import { QrCode } from '../../parts/qr-code.js';
import { clockTime } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';
import type { Enrolment } from './guidance.js';

const t = wordsOf<typeof en>('enrol');

interface PhoneLinkProps {
  readonly enrolment: Enrolment;
  readonly onState: (enrolment: Enrolment) => void;
}

const tones = { waiting: 'info', opened: 'ok', ended: 'quiet' } as const;

/** The one-time link for the phone of the person. Its secret is shown here alone, and a reload of the page forgets it. */
export function PhoneLink({ enrolment, onState }: PhoneLinkProps) {
  const { id, link } = enrolment;
  const secret = useSignal<string | undefined>(undefined);
  const doing = useAct();
  const make = async (): Promise<void> => {
    const made = await call('enrolments.make-link', { id });
    secret.value = made.secret;
    onState(made.enrolment);
  };
  const cut = async (): Promise<void> => {
    onState(await call('enrolments.cut-link', { id }));
    secret.value = undefined;
  };
  const address = `${location.origin}/e#${secret.value ?? ''}`;
  const isWaiting = link?.state === 'waiting' && secret.value !== undefined;
  return (
    <>
      <p>{t('link-lead')}</p>
      {isWaiting && (
        <>
          <QrCode text={address} label={t('link-code')} />
          <p class="link-address">
            <code>{address}</code>
          </p>
        </>
      )}
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
      <Fault error={doing.fault} />
      <div class="acts">
        {link !== undefined && link.state !== 'ended' && (
          <button type="button" class="secondary" onClick={() => void doing.run(cut)}>
            {t('link-cut')}
          </button>
        )}
        <button type="button" aria-busy={doing.isRunning} onClick={() => void doing.run(make)}>
          {t(link === undefined ? 'link-make' : 'link-make-anew')}
        </button>
      </div>
    </>
  );
}
