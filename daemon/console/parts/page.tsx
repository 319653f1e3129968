import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import type { ApiError } from '../api/api-error.js';
import type en from '../messages/en/parts.json';
import { wordsOf } from '../words/words.js';
import { type Action, useActions } from './actions.js';
import { Icon, type IconName } from './icon.js';
import { Fault } from './shown-fault.js';
import { goBackTo } from './way-back.js';

const t = wordsOf<typeof en>('parts');

interface PageHeadProps {
  readonly title: string;
  /** One sentence below the title. */
  readonly lead?: ComponentChildren;
  /** Links of the page, and what else stands at its head. */
  readonly children?: ComponentChildren;
  /** Buttons of the page. */
  readonly actions?: readonly Action[];
  /** Where the page belongs to. */
  readonly back?: { readonly href: string; readonly text: string };
}

/** The way back from a page of the system. */
export const toSystem = () => ({ href: '/system', text: t('system') });

/** The head of a page. Gets the focus after a change of the page, so that screen readers say where one is. */
export function PageHead({ title, lead, children, actions = [], back }: PageHeadProps) {
  const { buttons, below } = useActions(actions);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · rollcall`;
  }, [title]);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  return (
    <>
      <header class="page-head">
        <div>
          {back && (
            <a class="back" href={back.href} onClick={(event) => goBackTo(back.href, event)}>
              <Icon name="back" />
              {back.text}
            </a>
          )}
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {lead && <p class="lead">{lead}</p>}
        </div>
        {(children || actions.some(isOffered)) && (
          <div class="acts">
            {children}
            {buttons}
          </div>
        )}
      </header>
      {below}
    </>
  );
}

const isOffered = (action: Action): boolean => action.isOffered !== false;

interface SectionProps {
  readonly title: string;
  /** What stands beside the title, such as a state. */
  readonly acts?: ComponentChildren;
  /** Buttons beside the title. */
  readonly actions?: readonly Action[];
  readonly children: ComponentChildren;
}

/** A part of a page with a heading of its own. */
export function Section({ title, acts, actions = [], children }: SectionProps) {
  const id = useId();
  const { buttons, below } = useActions(actions, true);
  return (
    <section class="card" aria-labelledby={id}>
      <header class="card-head">
        <h2 id={id}>{title}</h2>
        {(acts || actions.some(isOffered)) && (
          <div class="acts">
            {acts}
            {buttons}
          </div>
        )}
      </header>
      {below}
      {children}
    </section>
  );
}

interface LoadedProps<Value> {
  readonly of: {
    readonly value: Value | undefined;
    readonly fault: ApiError | undefined;
    readonly reload: () => Promise<void>;
  };
  /** What is said of a list without items. */
  readonly empty?: ComponentChildren;
  readonly children: (value: Value) => ComponentChildren;
}

/** Shows what was fetched: a note until it is there, and the fault beside what is old. */
export function Loaded<Value>({ of: { value, fault, reload }, empty, children }: LoadedProps<Value>) {
  const isEmpty = empty !== undefined && lengthOf(value) === 0;
  return (
    <>
      <Fault error={fault} onRetry={() => void reload()} />
      {isEmpty && <Empty>{empty}</Empty>}
      {!isEmpty && value !== undefined && children(value)}
      {value === undefined && fault === undefined && <Loading />}
    </>
  );
}

/** How many items a list has, or a page of one. */
function lengthOf(value: unknown): number | undefined {
  const items = typeof value === 'object' && value !== null && 'items' in value ? value.items : value;
  return Array.isArray(items) ? items.length : undefined;
}

/** A table that may be wider than the page: it scrolls separately, also with the keyboard. */
export function Wide({ label, children }: { readonly label: string; readonly children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a section with a name would be a landmark, and a page has many tables.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard.
    <div class="table" tabIndex={0} role="group" aria-label={label}>
      {children}
    </div>
  );
}

/** Says that something is on its way. */
export function Loading() {
  return (
    <p class="loading" role="status">
      {t('loading')}
    </p>
  );
}

/** Says that a list is empty, and what one can do. */
export function Empty({ children }: { readonly children?: ComponentChildren }) {
  return <div class="empty">{children ?? t('empty')}</div>;
}

export type Tone = 'ok' | 'warn' | 'bad' | 'info' | 'quiet';

/** A short state. Its text says all: the colour only repeats it. */
export function Badge({
  tone,
  icon,
  children,
}: {
  readonly tone: Tone;
  readonly icon?: IconName;
  readonly children: ComponentChildren;
}) {
  return (
    <span class={`badge ${tone}`}>
      {icon && <Icon name={icon} />}
      {children}
    </span>
  );
}

/** How far something is; `undefined` for work whose length is not known. */
export function Progress({
  done,
  total,
  label,
}: {
  readonly done: number | undefined;
  readonly total?: number;
  readonly label: string;
}) {
  return (
    <div class="progress">
      <progress aria-label={label} value={done} max={total ?? 1} />
      <p class="quiet">{label}</p>
    </div>
  );
}

/** Names and values. Leaves out what has no value. */
export function Facts({
  of,
}: {
  readonly of: readonly (readonly [name: string, value: ComponentChildren])[];
}) {
  return (
    <dl class="facts">
      {of
        .filter(([, value]) => value !== undefined && value !== null && value !== '' && value !== false)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}
