import type { AttendancePreview, AttendanceRow, DayTotals } from '../../../contract/attendance.js';
import { call, type Output } from '../../api/call.js';
import { can } from '../../api/session.js';
import { type Fetched, useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/attendance.json';
import { ActionBar } from '../../parts/actions.js';
import { say } from '../../parts/notes.js';
import { Loaded, PageHead, Section } from '../../parts/page.js';
import { Table } from '../../parts/table.js';
import { RestoredDraft, useDraft } from '../../parts/use-draft.js';
import { useSettled } from '../../parts/use-query.js';
import { hours, laterDay, number, plainDay, siteDay } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { nameOf, statuses, statusText } from './day-status.js';
import {
  changedRules,
  HolidayEditor,
  isSame,
  type Rules,
  rulesOf,
  ShiftEditor,
  ShiftList,
} from './shift-editor.js';

const t = wordsOf<typeof en>('attendance');

/** The shifts and holidays of the site: shown to all who read attendance, changed by those who change settings. */
export default function Shifts() {
  const mayChange = can('config:read', 'config:write');
  return (
    <>
      <PageHead
        title={t('to-shifts')}
        lead={t(mayChange ? 'shifts-lead' : 'shifts-fixed')}
        back={{ href: '/attendance', text: t('title') }}
      />
      {mayChange ? <Changeable /> : <Shown />}
    </>
  );
}

function Shown() {
  const rules = useFetched('attendance.shifts', {});
  return (
    <Loaded of={rules}>
      {({ pairing, shifts, holidays }) => <ShiftList rules={{ pairing, shifts, holidays }} />}
    </Loaded>
  );
}

function Changeable() {
  const config = useFetched('config.show', {});
  return (
    <Loaded of={config}>{(value) => <Editor key={value.revision} config={value} fetched={config} />}</Loaded>
  );
}

interface EditorProps {
  readonly config: Output<'config.show'>;
  readonly fetched: Fetched<Output<'config.show'>>;
}

function Editor({ config, fetched }: EditorProps) {
  const inForce = rulesOf(config.settings);
  const { draft, restored, clear } = useDraft<Rules>('attendance.rules', inForce);
  const put = (changes: Partial<Rules>): void => {
    draft.value = { ...draft.value, ...changes };
  };
  const isChanged = !isSame(draft.value, inForce);
  const save = async (): Promise<void> => {
    const settings = changedRules(inForce, draft.value);
    await call('config.apply', { ifRevision: config.revision, settings });
    // What was saved stays in view until it has been fetched again.
    clear(draft.value);
    say(t('shifts-saved'));
    await fetched.reload();
  };
  return (
    <>
      <RestoredDraft of={restored} />
      <ShiftEditor rules={draft.value} onChange={put} />
      <HolidayEditor holidays={draft.value.holidays} onChange={(holidays) => put({ holidays })} />
      {isChanged && <ShiftPreview rules={changedInput(inForce, draft.value)} />}
      <ActionBar
        onAnew={fetched.reload}
        of={[
          { text: t('discard'), isReady: isChanged, onAct: () => clear() },
          { text: t('save'), look: 'primary', isReady: isChanged, onAct: save },
        ]}
      />
    </>
  );
}

/** What the draft would change, as a preview takes it. */
function changedInput(inForce: Rules, draft: Rules): Partial<Rules> {
  return {
    ...(draft.pairing !== inForce.pairing && { pairing: draft.pairing }),
    ...(!isSame(draft.shifts, inForce.shifts) && { shifts: draft.shifts }),
    ...(!isSame(draft.holidays, inForce.holidays) && { holidays: draft.holidays }),
  };
}

/** The last whole week counts, today does not: it is not over. */
const previewedDays = 7;
const mostShown = 30;

/** What the changed rules would have made of the last seven days. */
function ShiftPreview({ rules }: { readonly rules: Partial<Rules> }) {
  const to = laterDay(siteDay(), -1);
  const asked = useSettled({
    ...{ from: laterDay(to, 1 - previewedDays), to, ...(rules.pairing && { pairing: rules.pairing }) },
    ...(rules.shifts && { shifts: rules.shifts.map((shift) => ({ ...shift })) }),
    ...(rules.holidays && { holidays: [...rules.holidays] }),
  });
  const preview = useFetched('attendance.preview', asked);
  return (
    <Section title={t('preview')}>
      <Loaded of={preview}>{(value) => (preview.fault === undefined ? <Preview of={value} /> : null)}</Loaded>
    </Section>
  );
}

function Preview({ of: preview }: { readonly of: AttendancePreview }) {
  const { from, to, before, after, changedDays, changed } = preview;
  const period = { from: plainDay(from), to: plainDay(to) };
  if (changedDays === 0) return <p role="status">{t('preview-nothing', period)}</p>;
  return (
    <>
      <p role="status">{t('preview-changed', { count: changedDays, ...period })}</p>
      <Totals before={before} after={after} />
      <h3>{t('preview-days')}</h3>
      <ul class="points">
        {changed.slice(0, mostShown).map(({ person, name, date, before: was, after: is }) => (
          <li key={`${person} ${date}`}>
            <strong>
              {name ?? nameOf({ person })}, {plainDay(date)}
            </strong>
            <span>
              <del>{daysText(was)}</del> <ins>{daysText(is)}</ins>
            </span>
          </li>
        ))}
      </ul>
      {changedDays > mostShown && (
        <p class="quiet">{t('preview-more', { count: changedDays - mostShown })}</p>
      )}
    </>
  );
}

const daysText = (rows: readonly AttendanceRow[]): string =>
  rows.length === 0
    ? t('no-day')
    : rows
        .map(({ shift, statuses: own, workedMin }) =>
          [shift ?? t('no-shift'), ...own.map(statusText), hours(workedMin)].join(', '),
        )
        .join(' + ');

function Totals({ before, after }: { readonly before: DayTotals; readonly after: DayTotals }) {
  const lines = [
    ...statuses
      .map((each) => [statusText(each), before.statuses[each] ?? 0, after.statuses[each] ?? 0] as const)
      .map(([text, was, is]) => [text, was === is ? undefined : number(was), number(is)] as const),
    ...(['workedMin', 'lateMin', 'overtimeMin'] as const).map(
      (each) =>
        [
          t(`sum-${each}`),
          before[each] === after[each] ? undefined : hours(before[each]),
          hours(after[each]),
        ] as const,
    ),
  ].filter(([, was]) => was !== undefined);
  return (
    <Table
      label={t('sum')}
      items={lines}
      keyOf={([text]) => text}
      columns={[
        { head: t('sum'), cell: ([text]) => text },
        { head: t('now'), isFigure: true, cell: ([, was]) => was },
        { head: t('then'), isFigure: true, cell: ([, , is]) => is },
      ]}
    />
  );
}
