import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import type { AttendanceHead } from '../../../contract/attendance.js';
import type { Direction } from '../../../kernel/events/event.js';
import { can } from '../../api/session.js';
import type en from '../../messages/en/attendance.json';
import { Badge, Section } from '../../parts/page.js';
import { directionWord } from '../../parts/terms.js';
import { useCameras } from '../../parts/use-cameras.js';
import { clockTime, plainDay } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';
import { CorrectionDialog } from './correction-dialog.js';
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
  const asked = useSignal<{ readonly whom: Candidate; readonly point: Point } | undefined>(undefined);
  const correct = (whom: Candidate, point: Point) => () => {
    asked.value = { whom, point };
  };
  const { ambiguous = [], seenNotProven = [] } = head;
  const buttons = (persons: readonly Candidate[], point: Point): ComponentChildren =>
    can('attendance:write') &&
    !point.isCorrected &&
    persons.map((whom) => (
      <button key={whom.person} type="button" class="small secondary" onClick={correct(whom, point)}>
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
      {asked.value && (
        <CorrectionDialog
          whom={asked.value.whom}
          date={asked.value.point.date}
          kind={asked.value.point.direction === 'out' ? 'out' : 'in'}
          time={asked.value.point.at.slice(11, 16)}
          onClose={(isDone) => {
            asked.value = undefined;
            if (isDone) void onCorrected();
          }}
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
