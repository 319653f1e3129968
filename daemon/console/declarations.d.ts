/** How each operation is called; made by vite.config.mjs. */
declare module 'virtual:operations' {
  const table: Readonly<Record<string, string>>;
  export default table;
}

/** The languages of the console by their codes; made by language-modules.mjs. */
declare module 'virtual:languages' {
  /** Message files by their names, each with its messages by their keys. */
  export type Messages = Readonly<Record<string, Readonly<Record<string, string>>>>;
  type Loader = () => Promise<{ readonly default: Messages }>;
  const languages: Readonly<
    Record<string, { readonly name: string; readonly first: Loader; readonly rest: Loader }>
  >;
  export default languages;
}

/** The version of the program. */
declare const VERSION: string;
