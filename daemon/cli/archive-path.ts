/** Longest path inside a folder or an archive, characters. */
const longestPath = 500;

/**
 * A path that somebody wrote into a table or an archive, in the one form it is looked up by: relative, parts parted by
 * `/`. Nothing that could lead out of the folder it is relative to: that is a problem, not something to repair.
 */
export function checkArchivePath(text: string): { readonly path: string } | { readonly problem: string } {
  const problem = (reason: string) => ({
    problem: `the path ${JSON.stringify(text.slice(0, 80))} ${reason}`,
  });
  if (text.length > longestPath) return problem(`is longer than ${longestPath} characters`);
  if (/\p{Cc}/u.test(text)) return problem('contains control characters');
  if (text.includes('\\')) return problem("contains '\\': write '/'");
  if (text.startsWith('/') || /^[A-Za-z]:/.test(text)) return problem('is not relative');
  const parts = text.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) return problem("leads out of its folder with '..'");
  if (parts.length === 0) return problem('names nothing');
  return { path: parts.join('/') };
}
