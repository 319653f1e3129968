import type { AttendanceHead } from '../../../contract/attendance.js';
import { can } from '../../api/session.js';
import type en from '../../messages/en/attendance.json';
import { dayAndTime, plainDay } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('attendance');

/** When a report was made, and what it cannot say. */
export function ReportNotes({ head }: { readonly head: AttendanceHead }) {
  const { madeAt, timeZone, keptFrom, areNamesKnown, areAbsencesKnown } = head;
  return (
    <ul class="quiet notes-below">
      <li>{t('made-at', { time: dayAndTime(madeAt), zone: timeZone })}</li>
      {keptFrom !== undefined && <li>{t('kept-from', { day: plainDay(keptFrom) })}</li>}
      {!areNamesKnown && areAbsencesKnown && can('names:read') && <li>{t('names-unknown')}</li>}
      {!areAbsencesKnown && <li>{t('absences-unknown')}</li>}
    </ul>
  );
}
