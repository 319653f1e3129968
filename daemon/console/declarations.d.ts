/** How each operation is called; made by vite.config.mjs. */
declare module 'virtual:operations' {
  const table: Readonly<Record<string, string>>;
  export default table;
}

/** The messages of a language; made by building/word-plan.ts. */
declare module 'virtual:words/*' {
  const words: import('./building/word-plan.js').Words;
  export default words;
}

/** The version of the program. */
declare const VERSION: string;
