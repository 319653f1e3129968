import { useSignal } from '@preact/signals';
import { type Weekday, weekdays } from '../../../kernel/attendance/shift-calendar.js';
import type { Output } from '../../api/call.js';
import type en from '../../messages/en/attendance.json';
import { ActionBar } from '../../parts/actions.js';
import { bound, Choice, Field, Tick } from '../../parts/form-fields.js';
import { Icon } from '../../parts/icon.js';
import { Badge, Empty, Facts, Section } from '../../parts/page.js';
import { laterDay, plainDay } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('attendance');

/** A Monday: its week gives the days their names. */
const someMonday = '2026-01-05';
const dayName = (day: Weekday): string =>
  plainDay(laterDay(someMonday, weekdays.indexOf(day)), { weekday: 'short' });

/** The rules as they are, without a way to change them. */
export function ShiftList({ rules: { pairing, shifts, holidays } }: { readonly rules: Rules }) {
  return (
    <>
      {shifts.length === 0 && <Empty>{t('no-shifts')}</Empty>}
      {shifts.map((shift) => (
        <Section key={shift.id} title={shift.id}>
          <Facts
            of={[
              [t('from-to-time'), `${shift.from}–${shift.to}`],
              [t('days'), shift.days.map(dayName).join(', ')],
              ...figures.map(([name]) => [t(`shift-${name}`), minutesOf(shift[name])] as const),
              [t('valid-from'), shift.validFrom && plainDay(shift.validFrom)],
              [t('valid-until'), shift.validUntil && plainDay(shift.validUntil)],
            ]}
          />
        </Section>
      ))}
      <Section title={t('holidays')}>
        {holidays.length === 0 ? <Empty>{t('no-holidays')}</Empty> : <Holidays days={holidays} />}
      </Section>
      <p class="quiet">{t(`pairing-${pairing}`)}</p>
    </>
  );
}

function Holidays({ days }: { readonly days: readonly string[] }) {
  return (
    <p class="acts start">
      {days.map((day) => (
        <Badge key={day} tone="quiet">
          {plainDay(day)}
        </Badge>
      ))}
    </p>
  );
}

/** The times of a shift that are given in minutes, and the most that the configuration takes. */
const figures = [
  ['lateGraceS', 240],
  ['earlyLeaveGraceS', 240],
  ['overtimeAfterS', 240],
  ['breakS', 240],
  ['breakAfterS', 1440],
] as const;

const minutesOf = (seconds: number): string => t('minutes', { minutes: Math.round(seconds / 60) });

interface EditorProps {
  readonly rules: Rules;
  readonly onChange: (changes: Partial<Rules>) => void;
}

export function ShiftEditor({ rules: { shifts, pairing }, onChange }: EditorProps) {
  const replace = (index: number, shift: Shift | undefined): void =>
    onChange({
      shifts: shifts.flatMap((each, at) => {
        if (at !== index) return [each];
        return shift === undefined ? [] : [shift];
      }),
    });
  const add = (): void => onChange({ shifts: [...shifts, newShift(`shift-${shifts.length + 1}`)] });
  return (
    <>
      {shifts.length === 0 && <Empty>{t('no-shifts')}</Empty>}
      {shifts.map((shift, index) => (
        // A shift has no identity but its place while its name is edited.
        <OneShift key={index} shift={shift} onChange={(changed) => replace(index, changed)} />
      ))}
      <ActionBar isSmall place="start" of={[{ text: t('add-shift'), onAct: add }]} />
      <Choice
        label={t('pairing')}
        value={pairing}
        options={(['first-in-last-out', 'pairs'] as const).map(
          (each) => [each, t(`pairing-${each}`)] as const,
        )}
        onValue={(value) => onChange({ pairing: value })}
      />
    </>
  );
}

interface OneShiftProps {
  readonly shift: Shift;
  /** Undefined takes the shift away. */
  readonly onChange: (shift: Shift | undefined) => void;
}

function OneShift({ shift, onChange }: OneShiftProps) {
  const put = (changes: Partial<Shift>): void => onChange({ ...shift, ...changes });
  const putDay = (name: 'validFrom' | 'validUntil', day: string): void => {
    const { [name]: _, ...others } = shift;
    onChange(day === '' ? others : { ...others, [name]: day });
  };
  return (
    <Section
      title={t('shift-of', { id: shift.id })}
      actions={[
        {
          text: t('remove'),
          label: t('remove-shift', { id: shift.id }),
          onAct: () => onChange(undefined),
        },
      ]}
    >
      <div class="filters">
        <Field label={t('name')} value={shift.id} onValue={(id) => put({ id })} autocapitalize="none" />
        <Field label={t('shift-begins')} type="time" value={shift.from} onValue={(from) => put({ from })} />
        <Field label={t('shift-ends')} type="time" value={shift.to} onValue={(to) => put({ to })} />
        {figures.map(([name, most]) => (
          <Field
            key={name}
            label={t(`shift-${name}`)}
            type="number"
            min={0}
            max={most}
            value={String(Math.round(shift[name] / 60))}
            onValue={(value) => put({ [name]: Number(value) * 60 })}
          />
        ))}
        <Field
          label={t('valid-from')}
          type="date"
          value={shift.validFrom ?? ''}
          onValue={(day) => putDay('validFrom', day)}
        />
        <Field
          label={t('valid-until')}
          type="date"
          value={shift.validUntil ?? ''}
          onValue={(day) => putDay('validUntil', day)}
        />
      </div>
      <fieldset class="weekdays">
        <legend>{t('shift-days')}</legend>
        {weekdays.map((day) => (
          <Tick
            key={day}
            label={dayName(day)}
            value={shift.days.includes(day)}
            onValue={(isOn) =>
              put({ days: weekdays.filter((each) => (each === day ? isOn : shift.days.includes(each))) })
            }
          />
        ))}
      </fieldset>
    </Section>
  );
}

interface HolidayEditorProps {
  readonly holidays: readonly string[];
  readonly onChange: (holidays: readonly string[]) => void;
}

/** The days on which no shift begins. */
export function HolidayEditor({ holidays, onChange }: HolidayEditorProps) {
  const day = useSignal('');
  const add = (event: Event): void => {
    event.preventDefault();
    if (day.value !== '') onChange([...new Set([...holidays, day.value])].sort());
    day.value = '';
  };
  return (
    <Section title={t('holidays')}>
      {holidays.length === 0 && <Empty>{t('no-holidays')}</Empty>}
      <ul class="points">
        {holidays.map((each) => (
          <li key={each}>
            {plainDay(each)}
            <button
              type="button"
              class="plain"
              aria-label={t('remove-holiday', { day: plainDay(each) })}
              onClick={() => onChange(holidays.filter((other) => other !== each))}
            >
              <Icon name="close" />
            </button>
          </li>
        ))}
      </ul>
      <form class="filters" onSubmit={add}>
        <Field label={t('new-holiday')} type="date" {...bound(day)} />
        <button type="submit" class="secondary small">
          {t('add')}
        </button>
      </form>
    </Section>
  );
}

type Shown = Output<'attendance.shifts'>;
type Shift = Shown['shifts'][number];
export type Rules = Pick<Shown, 'pairing' | 'shifts' | 'holidays'>;

/** A shift as the configuration has it without further words. */
const newShift = (id: string): Shift => ({
  ...{ id, days: weekdays.slice(0, 5), from: '08:00', to: '17:00' },
  ...{ lateGraceS: 300, earlyLeaveGraceS: 300, overtimeAfterS: 900, breakS: 0, breakAfterS: 21_600 },
});

const none: Rules = { pairing: 'first-in-last-out', shifts: [], holidays: [] };

/** The rules among the settings of the box. */
export function rulesOf(settings: Output<'config.show'>['settings']): Rules {
  const beginning = 'attendance.';
  const own = settings
    .filter(({ path }) => path.startsWith(beginning))
    .map(({ path, value }) => [path.slice(beginning.length), value] as const);
  // Each of these settings has the form that the operation on shifts shows.
  const { pairing, shifts, holidays } = { ...none, ...(Object.fromEntries(own) as Partial<Rules>) };
  return { pairing, shifts, holidays };
}

export const isSame = (one: unknown, other: unknown): boolean =>
  JSON.stringify(one) === JSON.stringify(other);

/** The settings that the draft changes, by their names. */
export function changedRules(inForce: Rules, draft: Rules): Readonly<Record<string, unknown>> {
  const names = (Object.keys(none) as (keyof Rules)[]).filter((name) => !isSame(inForce[name], draft[name]));
  return Object.fromEntries(names.map((name) => [`attendance.${name}`, draft[name]]));
}
