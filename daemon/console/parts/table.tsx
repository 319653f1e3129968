import type { ComponentChildren } from 'preact';
import { Wide } from './page.js';

/** A column of a table. */
export interface TableColumn<Item> {
  readonly head: ComponentChildren;
  readonly cell: (item: Item) => ComponentChildren;
  /** Left out on narrow screens. */
  readonly isMinor?: boolean;
  /** Figures stand at the end of the cell. */
  readonly isFigure?: boolean;
}

interface TableProps<Item> {
  /** What the table shows: its name for those who do not see what stands above it. */
  readonly label: string;
  readonly items: readonly Item[];
  readonly keyOf: (item: Item) => string | number;
  /** The first one names the row. */
  readonly columns: readonly TableColumn<Item>[];
}

/** A table of a few rows. One that can grow is a `LongTable`. */
export function Table<Item>({ label, items, keyOf, columns }: TableProps<Item>) {
  return (
    <Wide label={label}>
      <table aria-label={label}>
        <thead>
          <tr>
            {columns.map((column, index) => (
              <th key={index} scope="col" class={columnClass(column)}>
                {column.head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <tr key={keyOf(item)}>
              {columns.map((column, index) => {
                const attributes = { key: index, class: columnClass(column) };
                const content = column.cell(item);
                return index === 0 ? (
                  <th {...attributes} scope="row">
                    {content}
                  </th>
                ) : (
                  <td {...attributes}>{content}</td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </Wide>
  );
}

/** The class of a cell, by its column. */
export function columnClass({ isMinor, isFigure }: Pick<TableColumn<never>, 'isMinor' | 'isFigure'>): string {
  return [isMinor === true && 'minor', isFigure === true && 'figure'].filter(Boolean).join(' ');
}
