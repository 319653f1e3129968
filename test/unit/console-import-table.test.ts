import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseTable } from '../../daemon/cli/import/import-table.js';
import { readTable, type Table } from '../../daemon/console/pages/people/persons-table.js';

const bytesOf = (text: string, encoding: 'utf8' | 'utf16le' = 'utf8'): ArrayBuffer =>
  new Uint8Array(Buffer.from(text, encoding)).buffer;
const read = (text: string): Table => readTable(bytesOf(text), ['badge']);

const table = [
  'notes,External ID,name',
  'night,17,Ada',
  '',
  ',,"Bea, ""B"""',
  '"two\nlines",,\'=Cem',
  'x,19',
];

describe('a table of persons in the browser', () => {
  for (const separator of [',', ';', '\t']) {
    test(`is read with ${JSON.stringify(separator)} between its cells`, () => {
      for (const end of ['', '\n', '\r\n']) {
        const text = table.join(end === '\r\n' ? end : '\n').replaceAll(/,(?! )/g, separator) + end;
        assert.deepEqual(read(text), {
          rows: [
            { line: 2, cells: { notes: 'night', external_id: '17', name: 'Ada' } },
            { line: 4, cells: { notes: '', external_id: '', name: 'Bea, "B"' } },
            { line: 5, cells: { notes: 'two\nlines', external_id: '', name: '=Cem' } },
            { line: 7 },
          ],
        });
      }
    });
  }

  test('may end with an empty cell, with or without the end of its line', () => {
    for (const end of ['', '\n'])
      assert.deepEqual(read(`name,notes\nAda,${end}`), {
        rows: [{ line: 2, cells: { name: 'Ada', notes: '' } }],
      });
  });

  for (const [what, text, problem, named] of [
    ['is empty', '', 'no-rows', ''],
    ['has a heading alone', 'name,notes\n', 'no-rows', ''],
    [
      'has columns that nobody knows',
      'name,shoe size,notes,hat\nAda,38,,M',
      'unknown-column',
      'shoe_size, hat',
    ],
    ['has a column twice', 'name,notes,Notes\nAda,night,day', 'unknown-column', 'notes'],
    [
      'has a custom field that the box does not have',
      'name,field_team\nAda,A',
      'unknown-column',
      'field_team',
    ],
    ['has no column of names', 'notes,groups\nnight,guards', 'no-name-column', ''],
    ['has a quote that does not end', 'name\nAda\n"Bea\nCem', 'open-quote', '3'],
  ] as const) {
    test(`is refused if it ${what}`, () => assert.deepEqual(read(text), { problem, what: named }));
  }

  test('is read in UTF-8 and UTF-16, and refused in an encoding that would change names', () => {
    const rows = [{ line: 2, cells: { name: 'Zoë' } }];
    assert.deepEqual(read('\ufeffname\nZoë'), { rows });
    assert.deepEqual(readTable(bytesOf('\ufeffname\nZoë', 'utf16le'), []), { rows });
    const latin1 = new Uint8Array(Buffer.from('name\nZoë', 'latin1')).buffer;
    assert.deepEqual(readTable(latin1, []), { problem: 'not-text', what: '' });
  });

  test('gives what the command line reads in it', () => {
    for (const whole of [table.slice(0, -1).join('\n'), 'name,Field Badge\nAda,17\nBea,']) {
      assert.deepEqual(read(whole), { rows: parseTable(Buffer.from(whole)) });
    }
  });
});
