const crcTable = Uint32Array.from({ length: 256 }, (_, index) => {
  let crc = index;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

/** CRC-32 of ISO 3309. */
export function crcOf(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (crcTable[(crc ^ byte) & 0xff] ?? 0);
  return (crc ^ 0xffffffff) >>> 0;
}

/** Names are UTF-8. */
const utf8Names = 0x0800;
const version = 20;
/** 1 January 1980: the archive says nothing of when it was made. */
const noDate = 0x21;

interface Entry {
  readonly name: Uint8Array;
  readonly content: Uint8Array;
  readonly crc: number;
}

/** An archive of these files, stored as they are: pictures do not shrink (APPNOTE.TXT of PKWARE, sections 4.3.7 to 4.3.16). */
export function zipOf(files: ReadonlyMap<string, Uint8Array>): Blob {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const directory: Uint8Array<ArrayBuffer>[] = [];
  let offset = 0;
  for (const [path, content] of files) {
    const entry = { name: new TextEncoder().encode(path), content, crc: crcOf(content) };
    const header = record(0x04034b50, [[version, 2], ...common(entry)], entry.name);
    parts.push(header, new Uint8Array(content));
    const noAttributes = [
      [0, 2],
      [0, 2],
      [0, 2],
      [0, 4],
    ] as const;
    directory.push(
      record(
        0x02014b50,
        [[version, 2], [version, 2], ...common(entry), ...noAttributes, [offset, 4]],
        entry.name,
      ),
    );
    offset += header.length + content.length;
  }
  const directoryBytes = directory.reduce((sum, { length }) => sum + length, 0);
  const end = record(0x06054b50, [
    ...([
      [0, 2],
      [0, 2],
      [files.size, 2],
      [files.size, 2],
    ] as const),
    ...([
      [directoryBytes, 4],
      [offset, 4],
      [0, 2],
    ] as const),
  ]);
  return new Blob([...parts, ...directory, end], { type: 'application/zip' });
}

type Field = readonly [value: number, bytes: 2 | 4];

/** What the header of a file and its entry in the directory share. */
const common = ({ name, content, crc }: Entry): readonly Field[] => [
  ...([
    [utf8Names, 2],
    [0, 2],
    [0, 2],
    [noDate, 2],
  ] as const),
  ...([
    [crc, 4],
    [content.length, 4],
    [content.length, 4],
    [name.length, 2],
    [0, 2],
  ] as const),
];

function record(
  signature: number,
  fields: readonly Field[],
  tail = new Uint8Array(),
): Uint8Array<ArrayBuffer> {
  const headBytes = fields.reduce((sum, [, bytes]) => sum + bytes, 4);
  const record = new Uint8Array(headBytes + tail.length);
  const view = new DataView(record.buffer);
  view.setUint32(0, signature, true);
  let at = 4;
  for (const [value, bytes] of fields) {
    if (bytes === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += bytes;
  }
  record.set(tail, headBytes);
  return record;
}
