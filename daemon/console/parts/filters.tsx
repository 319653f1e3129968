import type { ComponentChildren, ComponentProps } from 'preact';
import { useRef } from 'preact/hooks';
import type en from '../messages/en/parts.json';
import { laterDay, startOfDay } from '../time/site-format.js';
import { wordsOf } from '../words/words.js';
import { Choice, Field } from './form-fields.js';
import { useKeys } from './keys.js';
import { SavedFilters } from './saved-filters.js';
import type { Query } from './use-query.js';

const t = wordsOf<typeof en>('parts');

interface FiltersProps {
  readonly children: ComponentChildren;
  /** Present where the user can keep them under a name. */
  readonly saved?: ComponentProps<typeof SavedFilters>;
}

/** The filters of a list. They are kept in the address. */
export function Filters({ children, saved }: FiltersProps) {
  const fields = useRef<HTMLElement>(null);
  useKeys(t('filters'), [
    {
      key: '/',
      text: t('key-filter'),
      onPress: () => fields.current?.querySelector<HTMLElement>('input, select')?.focus(),
    },
  ]);
  return (
    <search ref={fields} class="filters">
      {children}
      {saved && <SavedFilters {...saved} />}
    </search>
  );
}

interface ChoiceFilterProps<Value extends string> {
  readonly query: Query;
  readonly name: string;
  readonly label: string;
  /** What stands for all. */
  readonly any: string;
  readonly values: readonly Value[];
  readonly text: (value: Value) => string;
}

/** Chooses one of these values, or all. */
export function ChoiceFilter<Value extends string>(props: ChoiceFilterProps<Value>) {
  const { query, name, label, any, values, text } = props;
  return (
    <Choice
      label={label}
      value={query.oneOf(name, values) ?? ''}
      options={[['', any], ...values.map((each) => [each, text(each)] as const)]}
      onValue={(value) => query.set({ [name]: value })}
    />
  );
}

interface NewRowsProps {
  /** What the button says; nothing while the list is up to date. */
  readonly text: string | false;
  readonly onShow: () => void;
}

/** Offers rows that have come meanwhile. They come into the list when the user wants it: nothing jumps. */
export function NewRows({ text, onShow }: NewRowsProps) {
  return (
    <p role="status" class="count">
      {text !== false && (
        <button type="button" class="small" onClick={onShow}>
          {text}
        </button>
      )}
    </p>
  );
}

interface PeriodFilterProps {
  readonly query: Query;
  /** The names of both days in the address, and their labels. */
  readonly from: readonly [name: string, label: string];
  readonly until: readonly [name: string, label: string];
}

/** The first and the last day of a period at the site. */
export function PeriodFilter({ query, from, until }: PeriodFilterProps) {
  return [from, until].map(([name, label]) => (
    <Field key={name} label={label} type="date" {...query.bound(name)} />
  ));
}

/** The texts with these names that the address has, as an operation takes them. */
export function textsIn<Name extends string>(
  { get }: Query,
  names: readonly Name[],
): { readonly [Each in Name]?: string } {
  const given = names.map((name) => [name, get(name).trim()] as const).filter(([, text]) => text !== '');
  // Object.fromEntries forgets the names of the keys.
  return Object.fromEntries(given) as { readonly [Each in Name]?: string };
}

/** When the day in the address begins. */
export const beginOf = (day: string): string | undefined => (day === '' ? undefined : startOfDay(day));

/** When the day in the address is over. */
export const endOf = (day: string): string | undefined =>
  day === '' ? undefined : startOfDay(laterDay(day, 1));
