export type Value = string | number | Uint8Array | null;

/** A table whose rows are sealed. */
export interface TableForm<Row> {
  readonly name: string;
  /** The field of the primary key. */
  readonly key: keyof Row & string;
  /** The names of all columns by the fields of a row. */
  readonly columns: { readonly [Field in keyof Row & string]: string };
  /** Fields that change with every use. They are sealed, but the audit log does not state them. */
  readonly passing?: readonly (keyof Row & string)[];
  /** Rows that prove nothing and are not sealed. */
  readonly isIdle?: (row: Row) => boolean;
}

/** The text of a primary key. */
export function keyText(key: Value): string {
  return key instanceof Uint8Array ? Buffer.from(key).toString('hex') : String(key);
}

/** The columns of a table, each under the name of its field. */
export function selectedOf<Row>({ columns }: TableForm<Row>): string {
  return Object.entries<string>(columns)
    .map(([field, column]) => `${column} AS ${field}`)
    .join(', ');
}
