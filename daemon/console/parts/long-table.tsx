import { signal, useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { FetchedList } from '../api/use-fetched.js';
import type en from '../messages/en/parts.json';
import { wordsOf } from '../words/words.js';
import { useKeys } from './keys.js';
import { Empty, Loading } from './page.js';
import { Fault } from './shown-fault.js';
import { columnClass, type TableColumn } from './table.js';

const t = wordsOf<typeof en>('parts');

/** A column of a long table. */
export interface Column<Item> extends TableColumn<Item> {
  /** What the column has room for: a checkbox, a day with a time, or short values such as a time of day. Absent: what is left. */
  readonly width?: 'checkbox' | 'instant' | 'brief';
}

interface LongTableProps<Item> {
  readonly caption: string;
  readonly list: FetchedList<Item>;
  readonly columns: readonly Column<Item>[];
  readonly keyOf: (item: Item) => string | number;
  /** Height of each row; every row of a long table has the same. */
  readonly rowPx?: number;
  readonly empty?: ComponentChildren;
}

/** What the page has as a whole, as a list that needs nothing more from the box. */
export const wholeList = <Item,>(items: readonly Item[]): FetchedList<Item> => ({
  ...{ items, total: items.length, fault: undefined, isLoading: false, hasMore: false },
  more: () => undefined,
  retry: () => Promise.resolve(),
  reload: () => Promise.resolve(),
});

/** True while the page is printed: every row is drawn then. */
const isPrinting = signal(false);

/** Prints the page with all rows of its tables. */
export async function printPage(): Promise<void> {
  isPrinting.value = true;
  // The rows are there after the next frame.
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  globalThis.print();
  isPrinting.value = false;
}

interface RowsOptions {
  readonly rowPx: number;
  /** Rows beyond the view that are drawn, too. */
  readonly beyond: number;
  /** False while there are no rows. */
  readonly isShown: boolean;
}

/** Which rows of an element are in view, from its top, and how wide it is. */
export function useRowsInView(
  host: { readonly current: HTMLElement | null },
  { rowPx, beyond, isShown }: RowsOptions,
): { readonly from: number; readonly to: number; readonly widthPx: number } {
  const { innerHeight, innerWidth } = globalThis;
  const view = useSignal({ from: 0, to: Math.ceil(innerHeight / rowPx) + beyond, widthPx: innerWidth });
  useEffect(() => {
    const element = host.current;
    if (!isShown || element === null) return;
    const look = (): void => {
      const { top, width: widthPx } = element.getBoundingClientRect();
      const from = Math.max(0, Math.floor(-top / rowPx) - beyond);
      const to = Math.ceil((globalThis.innerHeight - top) / rowPx) + beyond;
      const last = view.value;
      if (from !== last.from || to !== last.to || widthPx !== last.widthPx)
        view.value = { from, to, widthPx };
    };
    look();
    const resized = new ResizeObserver(look);
    resized.observe(element);
    // In the phase of capture, a part of the page that scrolls by itself is heard too.
    globalThis.addEventListener('scroll', look, { passive: true, capture: true });
    globalThis.addEventListener('resize', look);
    return () => {
      resized.disconnect();
      globalThis.removeEventListener('scroll', look, { capture: true });
      globalThis.removeEventListener('resize', look);
    };
  }, [isShown, rowPx, beyond]);
  return view.value;
}

/** Offers keys that move the focus from row to row, to the first link or button of each, or else its checkbox. */
function useRowKeys(title: string, body: { readonly current: HTMLTableSectionElement | null }): void {
  const move = (step: 1 | -1): void => {
    const controls = [...(body.current?.rows ?? [])].flatMap(
      (row) => row.querySelector<HTMLElement>('a, button') ?? row.querySelector<HTMLElement>('input') ?? [],
    );
    const row = document.activeElement?.closest('tr');
    const at = controls.findIndex((control) => control.closest('tr') === row);
    // From elsewhere, the focus comes to the first row in view.
    const first = controls.find((control) => control.getBoundingClientRect().top > headPx);
    (at === -1 ? first : controls[at + step])?.focus();
  };
  useKeys(title, [
    { key: 'j', text: t('key-next'), onPress: () => move(1) },
    { key: 'k', text: t('key-previous'), onPress: () => move(-1) },
  ]);
}

/** The head of the table, which stays in view above its rows, is about so high. */
const headPx = 44;
/** Rows beyond the view that are drawn, too. */
const beyond = 12;
/** The next page is fetched this many rows before the end. */
const ahead = 60;

/**
 * A list of any length as a table: only the rows in view are drawn, and the next page is fetched before its first row comes into
 * view. It scrolls with the page, not in a window of its own.
 */
export function LongTable<Item>({ caption, list, columns, keyOf, rowPx = 44, empty }: LongTableProps<Item>) {
  const body = useRef<HTMLTableSectionElement>(null);
  const { items, total, hasMore } = list;
  const view = useRowsInView(body, { rowPx, beyond, isShown: items.length > 0 });
  useRowKeys(caption, body);
  const { from, to } = isPrinting.value ? { from: 0, to: items.length } : view;
  useEffect(() => {
    if (hasMore && to + ahead > items.length) list.more();
  });
  if (items.length === 0) {
    if (list.fault !== undefined) return <Fault error={list.fault} onRetry={() => void list.reload()} />;
    return list.isLoading ? <Loading /> : <Empty>{empty}</Empty>;
  }
  const rows = items.slice(from, to);
  const after = Math.max(0, items.length - to);
  return (
    <>
      <p class="quiet count" role="status">
        {total !== undefined
          ? t('of-total', { shown: items.length, total })
          : hasMore && t('so-far', { shown: items.length })}
      </p>
      <table class="long" aria-rowcount={total ?? (hasMore ? -1 : items.length)}>
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column, index) => (
              <th key={index} scope="col" class={`${columnClass(column)} ${column.width ?? ''}`}>
                {column.head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={body}>
          {from > 0 && <Spacer heightPx={Math.min(from, items.length) * rowPx} />}
          {rows.map((item, place) => (
            <tr key={keyOf(item)} aria-rowindex={from + place + 1} style={{ blockSize: `${rowPx}px` }}>
              {columns.map((column, index) => (
                <td key={index} class={`${columnClass(column)} ${column.width ?? ''}`}>
                  {column.cell(item)}
                </td>
              ))}
            </tr>
          ))}
          {after > 0 && <Spacer heightPx={after * rowPx} />}
        </tbody>
      </table>
      <Fault error={list.fault} onRetry={() => void list.retry()} />
      {list.isLoading && <Loading />}
    </>
  );
}

/** Stands for the rows that are not drawn. One cell: to span columns that are left out would take their place from the others. */
function Spacer({ heightPx }: { readonly heightPx: number }) {
  return (
    <tr aria-hidden="true">
      <td class="spacer" style={{ blockSize: `${heightPx}px` }} />
    </tr>
  );
}
