// Which messages a source shows, found in its text.

/** Writes `numberOf` of a message into the calls that name it outright: `t('key')`, `t(isSo ? 'key' : 'other')`. */
export function withNumbers(
  code: string,
  numberOf: (file: string, key: string) => string | undefined,
): string {
  let written = code;
  for (const [, show = '', file = ''] of code.matchAll(/const (\w+) = wordsOf<[^(]*>\('([\w-]+)'\)/g)) {
    const call = `(?<![\\w.'])${show}\\(\\s*`;
    const numbered = (key: string): string => numberOf(file, key) ?? `'${key}'`;
    written = written
      .replaceAll(
        new RegExp(`(${call})'([\\w-]+)'`, 'g'),
        (_, head: string, key: string) => head + numbered(key),
      )
      .replaceAll(
        new RegExp(`(${call}(?:[^()]|\\([^()]*\\))*?\\? )'([\\w-]+)'(\\s+: )'([\\w-]+)'`, 'g'),
        (_, head: string, key: string, between: string, other: string) =>
          head + numbered(key) + between + numbered(other),
      );
  }
  return written;
}

/** Texts that are no key although they may look like one: what is compared, the name of a property. */
const noKeys = /[=!]== '[^']*'|\w\??\.?\['[^']*'\]/g;

/** Tells which messages some source could show otherwise than by an outright call: all that is written as their keys are. */
export function shownByName(sources: readonly string[]): (file: string, key: string) => boolean {
  const all = sources.map((code) => withNumbers(code, () => '').replaceAll(noKeys, '')).join('\n');
  const literals = new Set([...all.matchAll(/'([\w.:-]+)'/g)].map(([, literal]) => literal));
  const untyped = new Set(
    [...all.matchAll(/wordsOf<(?!typeof)[^(]*>\('([\w-]+)'\)/g)].map(([, file]) => file),
  );
  const beginnings = (file: string): readonly string[] =>
    sources
      .filter((code) => code.includes(`>('${file}')`))
      .flatMap((code) => [...code.matchAll(/`([\w.:-]+)\$\{/g)].map(([, beginning = '']) => beginning));
  const ofFile = new Map<string, readonly string[]>();
  return (file, key) => {
    const own = ofFile.get(file) ?? beginnings(file);
    ofFile.set(file, own);
    return untyped.has(file) || literals.has(key) || own.some((beginning) => key.startsWith(beginning));
  };
}
