// Counts what the box says by a code, by file of words and language, and what its sources still say in English:
//   node --import tsx scripts/said-texts.ts
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { table } from '../daemon/kernel/text-table.js';
import { sourcePaths, textsIn } from '../test/support/source-texts.js';

const words = new URL('../daemon/words/', import.meta.url);
const languages = readdirSync(fileURLToPath(words), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort((a, b) => Number(b === 'en') - Number(a === 'en'));
const countIn = (language: string, file: string): number =>
  Object.keys(JSON.parse(readFileSync(new URL(`${language}/${file}`, words), 'utf8')) as object).length;
const files = readdirSync(new URL('en', words));
const counts = files.map((file) => languages.map((language) => countIn(language, file)));
const totals = languages.map((_, index) => counts.reduce((sum, row) => sum + (row[index] ?? 0), 0));
const rows = files.map((file, index) => [file.replace('.json', ''), ...(counts[index] ?? []).map(String)]);
console.log(table(['said by a code', ...languages], [...rows, ['total', ...totals.map(String)]]));

const english = new Map<string, { messages: number; remedies: number }>();
for (const path of sourcePaths()) {
  const [name = ''] = path.split('/');
  const { messages, remedies } = textsIn(path);
  const so = english.get(name) ?? { messages: 0, remedies: 0 };
  english.set(name, {
    messages: so.messages + messages.length,
    remedies: so.remedies + remedies.length,
  });
}
const left = [...english].filter(([, { messages, remedies }]) => messages + remedies > 0);
const leftRows = left.map(([name, { messages, remedies }]) => [name, String(messages), String(remedies)]);
console.log(`\n${table(['still in English', 'messages', 'remedies'], leftRows)}`);
