import { useSignal } from '@preact/signals';
import type { AuditVerdict } from '../../../contract/audit.js';
import { call } from '../../api/call.js';
import { useAct } from '../../api/use-fetched.js';
import type en from '../../messages/en/audit.json';
import { bound } from '../../parts/bound.js';
import { Dialog } from '../../parts/dialog.js';
import { sentence } from '../../parts/fault.js';
import { Field } from '../../parts/field.js';
import { Form } from '../../parts/form.js';
import { Badge, Facts, Progress, type Tone } from '../../parts/page.js';
import { number } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('audit');

const tones: Readonly<Record<AuditVerdict['outcome'], Tone>> = {
  whole: 'ok',
  unproven: 'warn',
  broken: 'bad',
};

/** Checks the log, also against an entry that was noted elsewhere. */
export function AuditVerify({ onClose }: { readonly onClose: () => void }) {
  const sequence = useSignal('');
  const hash = useSignal('');
  const verdict = useSignal<AuditVerdict | undefined>(undefined);
  const doing = useAct();
  const verify = async (): Promise<void> => {
    const noted = {
      ...(sequence.value !== '' && { sequence: Number(sequence.value) }),
      ...(hash.value !== '' && { hash: hash.value.trim() }),
    };
    verdict.value = undefined;
    await doing.run(async () => {
      verdict.value = await call('audit.verify', noted);
    });
  };
  return (
    <Dialog title={t('verify')} onClose={onClose} isWide>
      <Form act={t('verify-act')} onAct={verify} doing={doing}>
        <p>{t('verify-why')}</p>
        <Field
          label={t('noted-sequence')}
          hint={t('noted-hint')}
          type="number"
          min={1}
          {...bound(sequence)}
        />
        <Field
          label={t('noted-hash')}
          autocapitalize="none"
          spellcheck={false}
          maxLength={64}
          {...bound(hash)}
        />
        {doing.isRunning && <Progress done={undefined} label={t('verifying')} />}
        {verdict.value && <Verdict of={verdict.value} />}
      </Form>
    </Dialog>
  );
}

/** What a check of the log has found. */
export function Verdict({ of: verdict }: { readonly of: AuditVerdict }) {
  const { outcome, entryCount, segments, breakage, newest } = verdict;
  return (
    <div role="status">
      <p>
        <Badge tone={tones[outcome]}>{t(`outcome-${outcome}`)}</Badge> {t(`outcome-${outcome}-why`)}
      </p>
      {breakage && (
        <p>{t('breakage', { sequence: breakage.sequence, message: sentence(breakage.message) })}</p>
      )}
      <Facts
        of={[
          [t('entries'), number(entryCount)],
          [t('keys'), number(segments.length)],
          [t('unproven-keys'), segments.some(({ isProven }) => !isProven) && unproven(segments)],
          [t('newest'), newest && number(newest.sequence)],
          [t('hash'), newest && <code>{newest.hash}</code>],
        ].map(([name, value]) => [String(name), value === false ? undefined : value] as const)}
      />
      {newest && <p class="quiet">{t('newest-why')}</p>}
    </div>
  );
}

const unproven = (segments: AuditVerdict['segments']): string =>
  segments
    .filter(({ isProven }) => !isProven)
    .map(({ keyId, first, last }) => `${keyId} (${number(first)}–${number(last)})`)
    .join(', ');
