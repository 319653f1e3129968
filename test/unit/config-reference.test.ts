import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import {
  allSettings,
  configJsonSchema,
  type SchemaNode,
} from '../../daemon/contract/settings/json-schema.js';
import { configReference } from '../../daemon/contract/settings/reference.js';
import { settingWords } from '../../scripts/contract/setting-words.js';

const repositoryFile = (path: string): Promise<string> =>
  readFile(new URL(`../../${path}`, import.meta.url), 'utf8');
const remedy = 'run: node --import tsx scripts/generate-docs.ts';

/** Paths of all values that are not sections. */
function leaves(node: SchemaNode, path: readonly string[] = []): string[] {
  if (node.properties !== undefined) {
    return Object.entries(node.properties).flatMap(([key, child]) => leaves(child, [...path, key]));
  }
  const isLeaf = node.items === undefined || node.reload !== undefined;
  return isLeaf ? [path.join('.')] : leaves(node.items, [...path, '[]']);
}

describe('the configuration reference', () => {
  test('matches the schema', async () => {
    assert.equal(await repositoryFile('docs/reference/configuration.md'), configReference(), remedy);
    assert.equal(
      await repositoryFile('config/generated/config.schema.json'),
      `${JSON.stringify(configJsonSchema(), undefined, 2)}\n`,
      remedy,
    );
    assert.equal(await repositoryFile('daemon/words/en/settings.json'), settingWords(), remedy);
  });

  test('describes every setting and its reload class', () => {
    const settings = allSettings();
    assert.deepEqual(
      settings.map(({ path }) => path.join('.')),
      leaves(configJsonSchema()),
    );
    for (const { path, node } of settings) {
      assert.match(node.description ?? '', /^[A-Z`].*\.$/, `${path.join('.')} needs a sentence`);
    }
    const page = configReference();
    for (const { path } of settings) assert.ok(page.includes(`${path.at(-1)}\``), path.join('.'));
  });
});
