/** Browsers by the word that only they use, the most special first: all of them call themselves Mozilla. */
const browsers = ['Edg', 'OPR', 'Firefox', 'Chrome', 'Safari'] as const;
const longest = 40;

/** The name and the main version of a program, as one word for the audit log: `Firefox-128`, `curl-8`. */
export function agentWord(agent: string): string {
  const name = browsers.find((each) => agent.includes(`${each}/`)) ?? /^[A-Za-z0-9_-]+/.exec(agent)?.[0];
  if (name === undefined) return 'unknown';
  const version = agent.slice(agent.indexOf(`${name}/`) + name.length + 1);
  const [main] = agent.includes(`${name}/`) ? (/^\d{1,5}/.exec(version) ?? []) : [];
  return (main === undefined ? name : `${name}-${main}`).slice(0, longest);
}
