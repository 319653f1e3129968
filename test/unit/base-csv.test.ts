import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { csvLine, csvSeparators, csvText, unprotectCell } from '../../daemon/kernel/csv.js';

describe('a line of CSV', () => {
  test('joins its cells by a comma, or by the separator that is asked for', () => {
    assert.equal(csvLine(['a', '', 'c']), 'a,,c');
    assert.equal(csvLine(['a', '', 'c'], ';'), 'a;;c');
    assert.equal(csvLine(['a', '', 'c'], '\t'), 'a\t\tc');
    assert.deepEqual([...csvSeparators], [',', ';', '\t']);
  });

  test('quotes a cell that would end, or be trimmed, otherwise', () => {
    for (const cell of ['a,b', 'a;b', 'a\tb', 'a\rb', 'a\nb', ' a', 'a ', '\u00a0a'])
      assert.equal(csvLine([cell]), `"${cell}"`, JSON.stringify(cell));
    assert.equal(csvLine(['say "a" and "b"']), '"say ""a"" and ""b"""');
    assert.equal(csvLine(['a b']), 'a b');
  });

  test('begins no cell as a formula, and gives a cell back as it was', () => {
    for (const cell of ['=1+1', '+1', '-1', '@a', '\tb', '\rb', "'=1", "''-1"]) {
      const line = csvLine([cell]);
      assert.match(line, /^"?'/, JSON.stringify(cell));
      assert.equal(unprotectCell(line.replace(/^"|"$/g, '')), cell);
    }
  });

  test('leaves cells alone that no spreadsheet runs', () => {
    for (const cell of ["'t Hooft", 'a=b', '1-2', "'", 'x@example.org']) {
      assert.equal(csvLine([cell]), cell);
      assert.equal(unprotectCell(cell), cell);
    }
    assert.equal(unprotectCell('=1'), '=1');
  });
});

describe('a table in CSV', () => {
  test('has the mark by which Excel reads UTF-8, and ends each line for Windows', () => {
    assert.equal(csvText([['a', 1], ['ü']]), '\ufeffa,1\r\nü\r\n');
    assert.equal(csvText([['a', 1.5]], ';'), '\ufeffa;1.5\r\n');
    assert.equal(csvText([]), '\ufeff');
  });
});
