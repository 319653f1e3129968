import { useSignal } from '@preact/signals';
import type en from '../../messages/en/attendance.json';
import { bound } from '../../parts/bound.js';
import { Field } from '../../parts/field.js';
import { Icon } from '../../parts/icon.js';
import { Empty, Section } from '../../parts/page.js';
import { plainDay } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('attendance');

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
