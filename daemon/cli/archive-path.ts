/** Longest path inside a folder or an archive, characters. */
const longestPath = 500;

/**
 * Checks a path from a table or an archive and returns it normalised: relative, separated by `/`. A path that could leave
 * its folder is refused, never repaired.
 */
export function checkArchivePath(text: string): { readonly path: string } | { readonly problem: string } {
  const problem = (reason: string) => ({
    problem: `the path ${JSON.stringify(text.slice(0, 80))} ${reason}`,
  });
  if (text.length > longestPath) return problem(`is longer than ${longestPath} characters`);
  if (/\p{Cc}/u.test(text)) return problem('contains control characters');
  if (text.includes('\\')) return problem("contains '\\'; use '/' instead");
  if (text.startsWith('/') || /^[A-Za-z]:/.test(text)) return problem('is not relative');
  const parts = text.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) return problem("leads out of its folder with '..'");
  if (parts.length === 0) return problem('is empty');
  return { path: parts.join('/') };
}
