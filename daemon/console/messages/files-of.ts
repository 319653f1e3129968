/** Message files by their names: `entry`, `parts`. */
export type Messages = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Names what `import.meta.glob` found. */
export function filesOf(found: Readonly<Record<string, unknown>>): Messages {
  return Object.fromEntries(
    Object.entries(found).map(([path, content]) => [
      path.replace(/^.*\/|\.json$/g, ''),
      // A test reads every file: it maps keys to texts.
      content as Messages[string],
    ]),
  );
}
