import type { Moment, TableCell } from '../../../kernel/attendance/attendance-table.js';
import { zipOf } from '../../parts/zip-file.js';

/** Rows that become one piece of the file. */
const rowsAtOnce = 1000;

const xml = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>';
const office = 'http://schemas.openxmlformats.org';
const workbookType = 'application/vnd.openxmlformats-officedocument.spreadsheetml';

/** What a workbook of one sheet consists of besides the sheet (ECMA-376, part 1). */
const frame: Readonly<Record<string, string>> = {
  '[Content_Types].xml': `${xml}<Types xmlns="${office}/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${workbookType}.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="${workbookType}.styles+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="${workbookType}.worksheet+xml"/></Types>`,
  '_rels/.rels': `${xml}<Relationships xmlns="${office}/package/2006/relationships"><Relationship Id="rId1" Type="${office}/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
  'xl/workbook.xml': `${xml}<workbook xmlns="${office}/spreadsheetml/2006/main" xmlns:r="${office}/officeDocument/2006/relationships"><sheets><sheet name="attendance" sheetId="1" r:id="rId1"/></sheets></workbook>`,
  'xl/_rels/workbook.xml.rels': `${xml}<Relationships xmlns="${office}/package/2006/relationships"><Relationship Id="rId1" Type="${office}/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="${office}/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>`,
  // The formats 14 and 22 are a day, and a day with its time, as the language of the reader writes them.
  'xl/styles.xml': `${xml}<styleSheet xmlns="${office}/spreadsheetml/2006/main"><fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="3">${[0, 14, 22].map((format) => `<xf numFmtId="${format}" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>`).join('')}</cellXfs></styleSheet>`,
};

/** The table stays readable while one scrolls: the first line is fixed. */
const sheetBegin = `${xml}<worksheet xmlns="${office}/spreadsheetml/2006/main"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetFormatPr defaultRowHeight="15" baseColWidth="14"/><sheetData>`;
const sheetEnd = '</sheetData></worksheet>';

/**
 * A workbook of one table, for Excel and its like. Texts are marked as texts, so that none runs as a formula.
 */
export async function spreadsheet(rows: readonly (readonly TableCell[])[]): Promise<Blob> {
  const parts = new Map(Object.entries(frame).map(([name, text]) => [name, new Blob([text])]));
  parts.set('xl/worksheets/sheet1.xml', new Blob([...sheetOf(rows)]));
  return await zipOf(parts, `${workbookType}.sheet`);
}

function* sheetOf(rows: readonly (readonly TableCell[])[]): Generator<string> {
  yield sheetBegin;
  for (let from = 0; from < rows.length; from += rowsAtOnce) {
    yield rows
      .slice(from, from + rowsAtOnce)
      .map((cells) => `<row>${cells.map(cellOf).join('')}</row>`)
      .join('');
  }
  yield sheetEnd;
}

/** Places of the formats of a day and of a time in the styles. */
const styles = { day: 1, time: 2 } as const;
const dayMs = 86_400_000;
/** Excel counts days from here, and takes 1900 for a leap year. */
const dayZeroMs = Date.UTC(1899, 11, 30);

/** The number of a day or time. A workbook knows no zones: it has the clock of the site. */
const numberOf = ({ iso }: Moment): number =>
  (Date.parse(`${iso.slice(0, 19)}${iso.length > 10 ? 'Z' : ''}`) - dayZeroMs) / dayMs;

const cellOf = (cell: TableCell): string =>
  typeof cell === 'object'
    ? `<c s="${styles[cell.kind]}"><v>${numberOf(cell)}</v></c>`
    : typeof cell === 'number'
      ? `<c><v>${cell}</v></c>`
      : `<c t="inlineStr"><is><t xml:space="preserve">${escaped(cell)}</t></is></c>`;

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** XML 1.0 has no place for control characters. */
const escaped = (text: string): string =>
  text
    .replaceAll(/[&<>]/g, (sign) => entities[sign] ?? '')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a name must not bring into the file
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '');
