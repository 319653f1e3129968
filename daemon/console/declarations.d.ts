/** How each operation is called; made by vite.config.mjs. */
declare module 'virtual:operations' {
  const table: Readonly<Record<string, string>>;
  export default table;
}

/** The version of the program. */
declare const VERSION: string;
