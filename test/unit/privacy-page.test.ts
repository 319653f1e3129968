import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { builtInRoles, isScope, type Scope } from '../../daemon/contract/scopes.js';
import { allSettings } from '../../daemon/contract/settings/json-schema.js';
import { retentionSchema } from '../../daemon/contract/settings/retention-schema.js';
import { privacyRules } from '../support/privacy-page.js';

const page = await readFile(new URL('../../docs/explanation/privacy.md', import.meta.url), 'utf8');

/** The cells of the rows below a heading of a table. */
function rowsBelow(heading: string): readonly (readonly string[])[] {
  const [, rest = ''] = page.split(`${heading}\n`);
  const [table = ''] = rest.split('\n\n');
  const [, ...rows] = table.split('\n');
  return rows.map((row) =>
    row
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}

const plain = (cell: string | undefined): string => (cell ?? '').replaceAll('`', '');

describe('the privacy page', () => {
  test('has every rule of retention with its default', () => {
    const defaults = Object.entries(retentionSchema.parse({})).filter(([name]) => name !== 'atHour');
    assert.deepEqual(new Map([...privacyRules(page)].sort()), new Map(defaults.sort()));
  });

  test('agrees with the page for people who are filmed', async () => {
    const short = new URL('../../docs/explanation/if-a-camera-films-you.md', import.meta.url);
    const rules = privacyRules(await readFile(short, 'utf8'));
    assert.ok(rules.size > 3);
    const all = privacyRules(page);
    for (const [name, days] of rules) assert.equal(days, all.get(name), name);
  });

  test('names settings that exist, with their defaults', () => {
    const settings = new Map(allSettings().map(({ path, node }) => [path.join('.'), node.default]));
    const sections = new Set([...settings.keys()].flatMap((path) => path.split('.').slice(0, -1).join('.')));
    const rows = rowsBelow('| setting | default | what it does |').slice(1);
    assert.ok(rows.length > 8);
    for (const [setting, otherwise] of rows) {
      const path = plain(setting);
      assert.ok(settings.has(path) || sections.has(path), `${path} is no setting`);
      const shown = settings.get(path) === undefined ? 'absent' : JSON.stringify(settings.get(path));
      assert.equal(plain(otherwise), shown, path);
    }
    const named = page.matchAll(/`((?:retention|evidence|rules|mqtt|gate)\.[\w.]+)(?:: [^`]*)?`/g);
    for (const [, path = ''] of named) {
      assert.ok(settings.has(path) || sections.has(path), `${path} is no setting`);
    }
  });

  test('says which roles see what', () => {
    const rows = rowsBelow('| what | scope | roles that have it |').slice(1);
    assert.ok(rows.length > 6);
    for (const [, cell, roles] of rows) {
      const scope = plain(cell);
      assert.ok(isScope(scope), scope);
      const having = Object.entries(builtInRoles).filter(([, scopes]: readonly [string, readonly Scope[]]) =>
        scopes.includes(scope),
      );
      assert.equal(roles, having.map(([role]) => role).join(', '), scope);
    }
  });
});
