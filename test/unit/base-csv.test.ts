import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CsvError, parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { csvLine, csvSeparators, csvText, readCsv, unprotectCell } from '../../daemon/kernel/csv.js';

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

describe('a text in CSV', () => {
  test('gives its cells with the first line of each row, without blank rows', () => {
    assert.deepEqual(readCsv('a,b\n\n"c\n""d""",\n , \ne,', ','), {
      rows: [
        { line: 1, cells: ['a', 'b'] },
        { line: 3, cells: ['c\n"d"', ''] },
        { line: 6, cells: ['e', ''] },
      ],
    });
    assert.deepEqual(readCsv('', ','), { rows: [] });
    assert.deepEqual(readCsv('a,b;"c;d"', ';').rows, [{ line: 1, cells: ['a,b', 'c;d'] }]);
  });

  test('names the row in which a quote does not end', () => {
    assert.deepEqual(readCsv('a\nb,"c\nd', ','), { rows: [{ line: 1, cells: ['a'] }], openQuoteLine: 2 });
  });

  test('names the first stray quote, and leaves its cell as it stands', () => {
    for (const cell of ['b"c', '"b"c', ' "b"', 'b"'])
      assert.deepEqual(readCsv(`a\n"x\ny",${cell}\n"d"e`, ','), {
        rows: [
          { line: 1, cells: ['a'] },
          { line: 2, cells: ['x\ny', cell] },
          { line: 4, cells: ['"d"e'] },
        ],
        strayQuoteLine: 3,
      });
  });

  test('is read or refused as csv-parse reads or refuses it', () => {
    const pieces = fc.constantFrom('a', ' ', "'", '"', '""', '"a"', ',', ';', '\t', '\n');
    const reads = (text: string, separator: string): unknown => {
      const rows: unknown[] = [];
      try {
        parse(text, {
          ...{ delimiter: separator, record_delimiter: '\n', relax_column_count: true },
          ...{ skip_empty_lines: true, skip_records_with_empty_values: true },
          on_record: (cells: readonly string[]): null => {
            rows.push(cells);
            return null;
          },
        });
      } catch (error) {
        assert.ok(error instanceof CsvError);
        return 'refused';
      }
      return rows;
    };
    fc.assert(
      fc.property(
        fc.array(pieces, { maxLength: 20 }),
        fc.constantFrom(...csvSeparators),
        (given, separator) => {
          const text = given.join('');
          const { rows, openQuoteLine, strayQuoteLine } = readCsv(text, separator);
          const isRefused = openQuoteLine !== undefined || strayQuoteLine !== undefined;
          assert.deepEqual(isRefused ? 'refused' : rows.map(({ cells }) => cells), reads(text, separator));
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
