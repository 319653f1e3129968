import { zipOf } from '../../parts/zip-file.js';

type Cell = string | number;

/** Rows that become one piece of the file. */
const rowsAtOnce = 1000;

const xml = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>';
const office = 'http://schemas.openxmlformats.org';
const workbookType = 'application/vnd.openxmlformats-officedocument.spreadsheetml';

/** What a workbook of one sheet consists of besides the sheet (ECMA-376, part 1). */
const frame: Readonly<Record<string, string>> = {
  '[Content_Types].xml': `${xml}<Types xmlns="${office}/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${workbookType}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="${workbookType}.worksheet+xml"/></Types>`,
  '_rels/.rels': `${xml}<Relationships xmlns="${office}/package/2006/relationships"><Relationship Id="rId1" Type="${office}/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
  'xl/workbook.xml': `${xml}<workbook xmlns="${office}/spreadsheetml/2006/main" xmlns:r="${office}/officeDocument/2006/relationships"><sheets><sheet name="attendance" sheetId="1" r:id="rId1"/></sheets></workbook>`,
  'xl/_rels/workbook.xml.rels': `${xml}<Relationships xmlns="${office}/package/2006/relationships"><Relationship Id="rId1" Type="${office}/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
};

/** The table stays readable while one scrolls: the first line is fixed. */
const sheetBegin = `${xml}<worksheet xmlns="${office}/spreadsheetml/2006/main"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetFormatPr defaultRowHeight="15" baseColWidth="14"/><sheetData>`;
const sheetEnd = '</sheetData></worksheet>';

/**
 * A workbook of one table, for Excel and its like. Texts are marked as texts, so that none runs as a formula.
 */
export async function spreadsheet(rows: readonly (readonly Cell[])[]): Promise<Blob> {
  const parts = new Map(Object.entries(frame).map(([name, text]) => [name, new Blob([text])]));
  parts.set('xl/worksheets/sheet1.xml', new Blob([...sheetOf(rows)]));
  return await zipOf(parts, `${workbookType}.sheet`);
}

function* sheetOf(rows: readonly (readonly Cell[])[]): Generator<string> {
  yield sheetBegin;
  for (let from = 0; from < rows.length; from += rowsAtOnce) {
    yield rows
      .slice(from, from + rowsAtOnce)
      .map((cells) => `<row>${cells.map(cellOf).join('')}</row>`)
      .join('');
  }
  yield sheetEnd;
}

const cellOf = (cell: Cell): string =>
  typeof cell === 'number'
    ? `<c><v>${cell}</v></c>`
    : `<c t="inlineStr"><is><t xml:space="preserve">${escaped(cell)}</t></is></c>`;

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** XML 1.0 has no place for control characters. */
const escaped = (text: string): string =>
  text
    .replaceAll(/[&<>]/g, (sign) => entities[sign] ?? '')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a name must not bring into the file
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '');
