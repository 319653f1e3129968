/** The rules of retention by their names, as docs/explanation/privacy.md shows them. Two rows with one setting must agree. */
export function privacyRules(page: string): ReadonlyMap<string, number> {
  const rules = new Map<string, number>();
  for (const [, days, name = ''] of page.matchAll(/\| (\d+) \| `retention\.(\w+)` \|$/gm)) {
    const before = rules.get(name);
    if (before !== undefined && before !== Number(days))
      throw new Error(`${name}: ${before} or ${days} days`);
    rules.set(name, Number(days));
  }
  return rules;
}
