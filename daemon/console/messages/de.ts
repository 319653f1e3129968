/** Every message file of this language, by its name. */
export const messages = Object.fromEntries(
  Object.entries(
    import.meta.glob<Readonly<Record<string, string>>>('./de/*.json', { eager: true, import: 'default' }),
  ).map(([path, content]) => [path.replace(/^.*\/|\.json$/g, ''), content]),
);
