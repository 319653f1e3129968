import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { formatTable } from '../../daemon/cli/export/export-archive.js';
import { describeImport, notesOn, refusalReasons } from '../../daemon/cli/import/import-report.js';
import { parseTable } from '../../daemon/cli/import/import-table.js';
import { csvSeparators } from '../../daemon/kernel/csv.js';
import { isRollcallError, messageOf } from '../../daemon/kernel/errors.js';
import type { PersonProfile } from '../../daemon/kernel/persons/person-profile.js';

const heading = 'name,external_id,notes';
const read = (text: string) => parseTable(Buffer.from(text));

describe('a table of persons', () => {
  for (const separator of csvSeparators) {
    test(`is read with ${JSON.stringify(separator)} between its cells`, () => {
      const text = ['notes,External ID,name', 'night,17,Ada', ',,"Bea, ""B"""']
        .join('\n')
        .replaceAll(/,(?! )/g, separator);
      assert.deepEqual(read(text), [
        { line: 2, cells: { notes: 'night', external_id: '17', name: 'Ada' } },
        { line: 3, cells: { notes: '', external_id: '', name: 'Bea, "B"' } },
      ]);
    });
  }

  for (const [what, encode] of [
    ['UTF-8', (text: string) => Buffer.from(text)],
    ['UTF-8 with a byte order mark', (text: string) => Buffer.from(`\ufeff${text}`)],
    ['UTF-16 as a spreadsheet writes it', (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['UTF-16 with the high byte first', (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le').swap16()],
  ] as const) {
    test(`is read in ${what}`, () => {
      assert.deepEqual(parseTable(encode('name\nŁódź 山田\n')), [{ line: 2, cells: { name: 'Łódź 山田' } }]);
    });
  }

  for (const [what, end] of [
    ['line feeds', '\n'],
    ['carriage returns with line feeds', '\r\n'],
    ['carriage returns', '\r'],
  ] as const) {
    test(`has the right line numbers with ${what}`, () => {
      const lines = ['', 'name,notes', '', 'Ada,"two', 'lines"', ',', 'Bea,x', 'Cyd,1,2', ''];
      assert.deepEqual(read(lines.join(end)), [
        { line: 4, cells: { name: 'Ada', notes: 'two\nlines' } },
        { line: 7, cells: { name: 'Bea', notes: 'x' } },
        { line: 8, problem: 'the row has 3 cells, the heading 2' },
      ]);
    });
  }

  for (const [what, bytes, message] of [
    ['nothing', Buffer.alloc(0), /it is empty/],
    ['a heading alone', Buffer.from(`${heading}\n`), /no rows/],
    ['an unknown column', Buffer.from('name,salary\nAda,1'), /line 1: unknown columns: "salary"/],
    ['a column twice', Buffer.from('name,Name\nAda,Ada'), /line 1: the column name appears twice/],
    ['no column of names', Buffer.from('notes\nAda'), /line 1: the column name is missing/],
    [
      'a long unknown column',
      Buffer.from(`name,${'y'.repeat(41)}`),
      new RegExp(`unknown columns: "${'y'.repeat(40)}"$`),
    ],
    ['no heading', Buffer.from('Ada,17\nBea,18'), /line 1: unknown columns: "ada", "17"/],
    ['Latin-1', Buffer.from('name\nAda\nZo\xeb\n', 'latin1'), /line 3 is not UTF-8/],
    ['half a character of UTF-16', Buffer.from([0xff, 0xfe, 0x41]), /not UTF-16LE/],
    [
      'a quote that is never closed',
      Buffer.from('name\nAda\n"Bea\nCyd'),
      /opened at line 3 or below has no closing quote/,
    ],
    ['a quote inside a cell', Buffer.from('name\nAda\nB"e"a'), /line 3 has a quote inside a cell/],
    ['something behind a quote', Buffer.from('name\nAda\n"B"ea'), /line 3 has a quote inside a cell/],
    ['a NUL', Buffer.from('name\nA\0da'), /line 2 contains a NUL/],
    ['a NUL at its beginning', Buffer.from('\0name\nAda'), /line 1 contains a NUL/],
    [
      'a row without end',
      Buffer.from(`name\nAda\n"${'x\n'.repeat(60_000)}"`),
      /starts at line 3 .* longer than/,
    ],
    ['too many rows', Buffer.from(`name\n${'x\n'.repeat(20_001)}`), /more than 20000 rows/],
    ['a picture', Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16]), /line 1 is not UTF-8/],
  ] as const) {
    test(`is refused when it is ${what}`, () => {
      assert.throws(
        () => parseTable(bytes),
        (error: unknown) => {
          assert.ok(isRollcallError(error, 'bad-table'), messageOf(error));
          assert.match(error.message, message);
          assert.doesNotMatch(error.message, /Ada|Bea/, 'no name stands in an error');
          assert.notEqual(error.remedy, undefined);
          return true;
        },
      );
    });
  }

  test('of any bytes is read or refused with a reason', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc
        .array(
          fc.constantFrom('name', 'notes', ',', ';', '\t', '"', '\n', '\r', '\ufeff', 'Ada', ' ', "'", '='),
        )
        .map((parts) => Buffer.from(`name,notes\n${parts.join('')}`)),
    );
    fc.assert(
      fc.property(bytes, (given) => {
        try {
          parseTable(Buffer.from(given));
        } catch (error) {
          assert.ok(isRollcallError(error, 'bad-table'), messageOf(error));
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('a table that was written', () => {
  const text = fc
    .string({ unit: fc.constantFrom(...'aé山"\',;=+-@ \t\n'), maxLength: 12 })
    .map((given) => given.trim())
    .filter((given) => given !== '');
  const profile: fc.Arbitrary<PersonProfile> = fc.record(
    { name: text, externalId: text, notes: text },
    { requiredKeys: ['name'] },
  );

  test('is read back as it was', () => {
    fc.assert(
      fc.property(fc.array(profile, { minLength: 1, maxLength: 5 }), (profiles) => {
        const rows = profiles.map((each, index) => ({
          profile: each,
          photographs: [`photographs/${index}/01.jpg`],
        }));
        const found = parseTable(formatTable(rows)).map((row) => ('cells' in row ? row.cells : row));
        assert.deepEqual(
          found.map(
            (cells) => 'name' in cells && [cells.name, cells.external_id, cells.notes, cells.photographs],
          ),
          profiles.map(({ name, externalId = '', notes = '' }, index) => [
            name,
            externalId,
            notes,
            `photographs/${index}/01.jpg`,
          ]),
        );
      }),
    );
  });

  test('contains no cell that a spreadsheet would run', () => {
    const names = ['=1+1', '+1', '-1', '@SUM(A1)', "'=1", '=cmd|"/c calc"!A0', "'t Hooft"];
    const lines = formatTable(names.map((name) => ({ profile: { name }, photographs: [] })))
      .toString('utf8')
      .split('\r\n')
      .slice(1, -1);
    assert.equal(lines.length, names.length);
    for (const line of lines) assert.doesNotMatch(line, /^"?[=+\-@]/);
    assert.ok(
      lines.some((line) => line.startsWith("'t Hooft,")),
      'a name with an apostrophe stays as it is',
    );
  });
});

describe('the report on a row of photographs with several faces', () => {
  const box = { x: 310, y: 95, width: 120, height: 140 };
  const face = { number: 2, place: 'middle', box } as const;

  test('tells which face was taken', () => {
    const photographs = [
      { outcome: 'enrolled', qualityScore: 0.9 },
      { outcome: 'enrolled', qualityScore: 0.8, taken: { face, faceCount: 3 } },
    ] as const;
    const result = { outcome: 'accepted', photographs } as const;
    const notes = notesOn(result, ['ada 1.jpg', 'ada 2.jpg']);
    assert.deepEqual(notes, ['ada 2.jpg: used face 2 (middle, 120 x 140 pixels at 310, 95) of 3']);
    assert.deepEqual(refusalReasons(result, []), []);
    const row = { line: 2, name: 'Ada', outcome: 'accepted', reasons: [], notes, photographs: 2 } as const;
    const report = { outcome: 'imported', accepted: 1, refused: 0, rows: [row], personIds: ['p-1'] } as const;
    assert.match(describeImport(report), /^2 +Ada +accepted +2 +ada 2\.jpg: used face 2 /m);
  });

  test('has no notes on faces for a refused row', () => {
    assert.deepEqual(notesOn({ outcome: 'external-id-taken', personId: 'p-1' }, ['ada.jpg']), []);
  });
});
