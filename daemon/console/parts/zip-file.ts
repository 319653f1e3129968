// Archives as PKWARE's APPNOTE.TXT says (sections 4.3.7 to 4.3.16), written with what the browser has.

/** What begins each part of an archive. */
const mark = { file: 0x04034b50, entry: 0x02014b50, end: 0x06054b50 };
/** Version 2.0 reads it; names are UTF-8; the method is deflate; of the time it says nothing but 1 January 1980. */
const description = [20, 0x0800, 8, 0, 0x21];

type Bytes = Blob | Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;
// Numbers lie in these as on the machine: lowest byte first, as in archives, on every one that has a browser.
const short = (...numbers: readonly number[]): Bytes => new Uint16Array(numbers);
const long = (...numbers: readonly number[]): Bytes => new Uint32Array(numbers);
const sizeOf = (parts: readonly Bytes[]): number => new Blob([...parts]).size;

/** An archive of these files by their paths, up to 4 GiB. */
export async function zipOf(files: ReadonlyMap<string, Blob>, type = 'application/zip'): Promise<Blob> {
  const archive: Bytes[] = [];
  const directory: Bytes[] = [];
  for (const [path, content] of files) {
    const compressing = content.stream().pipeThrough(new CompressionStream('deflate-raw'));
    const compressed = await new Response(compressing).blob();
    const crc = crcOf(new Uint8Array(await content.arrayBuffer()));
    const name = new TextEncoder().encode(path);
    const head = [short(...description), long(crc, compressed.size, content.size), short(name.length, 0)];
    directory.push(long(mark.entry), short(20), ...head, short(0, 0, 0), long(0, sizeOf(archive)), name);
    archive.push(long(mark.file), ...head, name, compressed);
  }
  const end = [
    ...[long(mark.end), short(0, 0, files.size, files.size)],
    ...[long(sizeOf(directory), sizeOf(archive)), short(0)],
  ];
  return new Blob([...archive, ...directory, ...end], { type });
}

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
