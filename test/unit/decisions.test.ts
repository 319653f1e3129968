import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../docs/decisions/', import.meta.url));
const index = readFileSync(`${folder}README.md`, 'utf8');
const files = readdirSync(folder)
  .filter((name) => /^\d{4}-.*\.md$/.test(name))
  .toSorted();

const statusPattern = /^(?:In force|Replaced by \[(?<number>\d+)\]\((?<file>[^)]+)\))$/;

/** The first lines of a decision: number and title, status, date. */
function headOf(file: string): Readonly<Record<'number' | 'title' | 'status' | 'date', string>> {
  const text = readFileSync(folder + file, 'utf8');
  const head =
    /^# (?<number>\d+)\. (?<title>.+)\n\nStatus: (?<status>.+)\n\nDate: (?<date>\d{4}-\d\d-\d\d)\n\n## /.exec(
      text,
    );
  assert.ok(head !== null, `${file} begins with "# NUMBER. TITLE", "Status: …" and "Date: YYYY-MM-DD"`);
  const { number = '', title = '', status = '', date = '' } = head.groups ?? {};
  return { number, title, status, date };
}

/** Numbers in a sentence such as "2, 5, and 7 to 9". */
function numbersIn(text: string): readonly number[] {
  return [...text.matchAll(/(\d+)(?: to (\d+))?/g)].flatMap(([, first, last = first]) =>
    Array.from({ length: Number(last) - Number(first) + 1 }, (_, step) => Number(first) + step),
  );
}

describe('the index of decisions', () => {
  test('has the number, title, date, and status of each decision, in order', () => {
    const rows = files.map((file) => {
      const { number, title, status, date } = headOf(file);
      return `| ${number} | [${title}](${file}) | ${date} | ${status} |`;
    });
    assert.deepEqual(index.match(/^\| \d.*$/gm), rows);
  });

  test('names each number that no decision has', () => {
    const taken = new Set(files.map((file) => Number(file.slice(0, 4))));
    const unused = Array.from({ length: Math.max(...taken) }, (_, place) => place + 1).filter(
      (number) => !taken.has(number),
    );
    const [, section = ''] = index.split('## Unused numbers\n');
    assert.deepEqual(numbersIn(section), unused);
  });
});

describe('every decision', () => {
  test('has a number of its own, which its file name begins with', () => {
    const numbers = files.map((file) => headOf(file).number);
    assert.deepEqual(
      numbers.map((number) => number.padStart(4, '0')),
      files.map((file) => file.slice(0, 4)),
    );
    assert.equal(new Set(numbers).size, numbers.length);
  });

  test('is in force, or replaced by a later one', () => {
    for (const file of files) {
      const match = statusPattern.exec(headOf(file).status);
      assert.ok(match !== null, `${file}: ${headOf(file).status}`);
      const { number, file: later } = match.groups ?? {};
      if (later === undefined) continue;
      assert.equal(headOf(later).number, number, file);
      assert.ok(later > file, file);
    }
  });

  test('has a title that starts with a capital letter and ends without a full stop', () => {
    const wrong = files.map((file) => headOf(file).title).filter((title) => !/^[A-Z].*[^.]$/.test(title));
    assert.deepEqual(wrong, []);
  });
});
