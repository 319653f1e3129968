import { badInput } from '../../base/errors.js';

const lineFeed = 0x0a;

/** A table that cannot be read at all. */
export function badTable(reason: string, remedy: string) {
  return badInput('bad-table', `the table cannot be read: ${reason}`, { remedy });
}

/**
 * The text of a table: UTF-8 with or without a byte order mark, or UTF-16 with one, as spreadsheets write them.
 * @throws `bad-table` with the line where it is neither
 */
export function decodeTable(bytes: Buffer): string {
  const encoding = encodingOf(bytes);
  const text = decode(bytes, encoding);
  if (text === undefined) {
    const where = encoding === 'utf-8' ? `line ${badLineOf(bytes)} is` : 'it is';
    throw badTable(
      `${where} not ${encoding.toUpperCase()}`,
      "save it as 'CSV UTF-8': in another encoding, letters of names would turn into others",
    );
  }
  const nul = text.indexOf('\0');
  if (nul < 0) return text;
  throw badTable(`line ${lineAt(text, nul)} contains a NUL character`, 'give a CSV file, not another format');
}

function encodingOf(bytes: Buffer): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  return 'utf-8';
}

function decode(bytes: Buffer, encoding: string): string | undefined {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** No byte of a character of several bytes is a line feed in UTF-8: lines can be looked at one by one. */
function badLineOf(bytes: Buffer): number {
  let start = 0;
  for (let line = 1; ; line += 1) {
    const end = bytes.indexOf(lineFeed, start);
    if (end < 0 || decode(bytes.subarray(start, end), 'utf-8') === undefined) return line;
    start = end + 1;
  }
}

/** Number of the line, from 1, that the character at `index` stands in. */
function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}
