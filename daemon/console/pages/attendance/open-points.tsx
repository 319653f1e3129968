import type { ComponentChildren } from 'preact';
import type { AttendanceHead, CorrectionRequest } from '../../../contract/attendance.js';
import {
  type RequestedCorrection,
  requestedCorrections,
} from '../../../kernel/attendance/attendance-day-correction.js';
import type { Direction } from '../../../kernel/events/event.js';
import { call } from '../../api/call.js';
import { can } from '../../api/session.js';
import type en from '../../messages/en/attendance.json';
import { useCameras } from '../../parts/camera-choice.js';
import { Confirm } from '../../parts/dialog.js';
import { Choice, Field } from '../../parts/form-fields.js';
import { say } from '../../parts/notes.js';
import { Badge, Section } from '../../parts/page.js';
import { directionWord } from '../../parts/term-words.js';
import { useDialog } from '../../parts/use-dialog.js';
import { RestoredDraft, useDraft } from '../../parts/use-draft.js';
import { clockTime, plainDay, siteDay } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { nameOf } from './day-status.js';

const t = wordsOf<typeof en>('attendance');

interface OpenPointsProps {
  readonly head: AttendanceHead;
  readonly onCorrected: () => Promise<void>;
}

interface Candidate {
  readonly person: string;
  readonly name?: string;
}

/** A passage that counts for nobody until a person decides. */
interface Point {
  readonly date: string;
  readonly at: string;
  readonly camera: string;
  readonly direction: Direction;
  readonly event: number;
  readonly isCorrected: boolean;
}

/** Passages that count for nobody yet: either of two persons, or without proof of life. */
export function OpenPoints({ head, onCorrected }: OpenPointsProps) {
  const asked = useDialog<{ readonly whom: Candidate; readonly point: Point }>();
  const { ambiguous = [], seenNotProven = [] } = head;
  const buttons = (persons: readonly Candidate[], point: Point): ComponentChildren =>
    can('attendance:write') &&
    !point.isCorrected &&
    persons.map((whom) => (
      <button key={whom.person} type="button" class="small secondary" onClick={asked.opens({ whom, point })}>
        {t('correct-for', { name: nameOf(whom) })}
      </button>
    ));
  return (
    <>
      {ambiguous.length > 0 && (
        <Section title={t('ambiguous', { count: ambiguous.length })}>
          <p class="quiet">{t('ambiguous-why')}</p>
          <Points
            points={ambiguous}
            who={({ candidates }) => candidates.map(nameOf).join(` ${t('or')} `)}
            acts={(point) => buttons(point.candidates, point)}
          />
        </Section>
      )}
      {seenNotProven.length > 0 && (
        <Section title={t('not-proven', { count: seenNotProven.length })}>
          <p class="quiet">{t('not-proven-why')}</p>
          <Points
            points={seenNotProven}
            who={(point) => nameOf(point)}
            acts={(point) => buttons([point], point)}
          />
        </Section>
      )}
      {asked.of && (
        <CorrectionDialog
          whom={asked.of.whom}
          date={asked.of.point.date}
          kind={asked.of.point.direction === 'out' ? 'out' : 'in'}
          time={asked.of.point.at.slice(11, 16)}
          onClose={asked.closes(onCorrected)}
        />
      )}
    </>
  );
}

interface PointsProps<Of extends Point> {
  readonly points: readonly Of[];
  readonly who: (point: Of) => string;
  readonly acts: (point: Of) => ComponentChildren;
}

function Points<Of extends Point>({ points, who, acts }: PointsProps<Of>) {
  const { nameOf: cameraName } = useCameras();
  return (
    <ul class="points">
      {points.map((point) => (
        <li key={point.event}>
          <span>
            <strong>{who(point)}</strong>{' '}
            <span class="quiet">
              {plainDay(point.date)} {clockTime(point.at)} · {cameraName(point.camera)} ·{' '}
              {directionWord(point.direction)}
            </span>
          </span>
          <span class="acts">
            {point.isCorrected && <Badge tone="info">{t('corrected')}</Badge>}
            {can('events:read') && <a href={`/events/${point.event}`}>{t('to-event')}</a>}
            {acts(point)}
          </span>
        </li>
      ))}
    </ul>
  );
}

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
  const {
    draft: form,
    restored,
    clear,
  } = useDraft(`attendance.correct ${[whom.person, date, kind, time].join(' ')}`, {
    date,
    kind,
    time,
    reason: '',
  });
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
    clear();
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
      <RestoredDraft of={restored} />
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
