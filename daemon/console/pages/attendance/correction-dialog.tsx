import { useSignal } from '@preact/signals';
import type { CorrectionRequest } from '../../../contract/attendance.js';
import {
  type RequestedCorrection,
  requestedCorrections,
} from '../../../kernel/attendance/attendance-day-correction.js';
import { call } from '../../api/call.js';
import type en from '../../messages/en/attendance.json';
import { Confirm } from '../../parts/dialog.js';
import { Choice, Field } from '../../parts/field.js';
import { say } from '../../parts/notes.js';
import { siteDay } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';
import { nameOf } from './day-status.js';

const t = wordsOf<typeof en>('attendance');

const longestReason = 200;

interface CorrectionProps {
  readonly whom: { readonly person: string; readonly name?: string };
  readonly date?: string;
  readonly kind?: RequestedCorrection;
  readonly time?: string;
  readonly onClose: (isDone: boolean) => void;
}

/** Corrects one fact about a day of a person. What the cameras recorded stays. */
export function CorrectionDialog({
  whom,
  date = siteDay(),
  kind = 'in',
  time = '',
  onClose,
}: CorrectionProps) {
  const form = useSignal({ date, kind, time, reason: '' });
  const put = (changes: Partial<typeof form.value>): void => {
    form.value = { ...form.value, ...changes };
  };
  const hasTime = form.value.kind === 'in' || form.value.kind === 'out';
  const correct = async (): Promise<void> => {
    const { time: at, ...others } = form.value;
    const request: CorrectionRequest = {
      person: whom.person,
      ...others,
      ...(hasTime && { time: at.trim() }),
    };
    await call('attendance.correct', request);
    say(t('correction-made', { name: nameOf(whom) }));
  };
  return (
    <Confirm
      title={t('correct-title', { name: nameOf(whom) })}
      act={t('correct-act')}
      isDestructive={form.value.kind === 'as-recorded'}
      isReady={form.value.reason.trim() !== '' && (!hasTime || form.value.time !== '')}
      onAct={correct}
      onClose={onClose}
    >
      <p class="quiet">{t('correct-why')}</p>
      <Field
        label={t('day')}
        type="date"
        required
        hint={t('day-hint')}
        value={form.value.date}
        onValue={(value) => put({ date: value })}
      />
      <Choice
        label={t('what')}
        value={form.value.kind}
        options={requestedCorrections.map((each) => [each, t(`correction-${each}`)] as const)}
        onValue={(value) => put({ kind: value })}
        {...(form.value.kind === 'as-recorded' && { hint: t('as-recorded-why') })}
      />
      {hasTime && (
        <Field
          label={t('time')}
          required
          hint={t('time-hint')}
          placeholder="08:05"
          value={form.value.time}
          onValue={(value) => put({ time: value })}
        />
      )}
      <Field
        label={t('reason')}
        required
        maxLength={longestReason}
        hint={t('reason-hint')}
        value={form.value.reason}
        onValue={(value) => put({ reason: value })}
      />
    </Confirm>
  );
}
