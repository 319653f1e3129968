/** A file of an archive, in pieces, so that a large one is never one text. */
interface Packed {
  readonly name: string;
  readonly pieces: Iterable<string>;
}

type Bytes = Blob | Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/** What begins each part of an archive. */
const mark = { file: 0x04034b50, entry: 0x02014b50, end: 0x06054b50 };
/** Version 2.0 reads it; names are in UTF-8; the method is deflate; the time is the first that can be written. */
const description = [20, 0x0800, 8, 0, 0x21];

const short = (...numbers: readonly number[]): Uint16Array<ArrayBuffer> => new Uint16Array(numbers);
const long = (...numbers: readonly number[]): Uint32Array<ArrayBuffer> => new Uint32Array(numbers);

/** A zip archive of up to 4 GiB, compressed by the browser. Numbers are little-endian, as on every machine with a browser. */
export async function zipOf(files: readonly Packed[], type: string): Promise<Blob> {
  const archive: Bytes[] = [];
  const directory: Bytes[] = [];
  const sizeOf = (parts: readonly Bytes[]): number => new Blob([...parts]).size;
  for (const { name, pieces } of files) {
    const plain = Array.from(pieces, (piece) => new TextEncoder().encode(piece));
    const content = new Blob(plain);
    const compressed = await new Response(
      content.stream().pipeThrough(new CompressionStream('deflate-raw')),
    ).blob();
    const named = new TextEncoder().encode(name);
    const head = [
      ...[short(...description), long(checksum(plain), compressed.size, content.size)],
      short(named.length, 0),
    ];
    directory.push(long(mark.entry), short(20), ...head, short(0, 0, 0), long(0, sizeOf(archive)), named);
    archive.push(long(mark.file), ...head, named, compressed);
  }
  const end = [
    ...[long(mark.end), short(0, 0, files.length, files.length)],
    ...[long(sizeOf(directory), sizeOf(archive)), short(0)],
  ];
  return new Blob([...archive, ...directory, ...end], { type });
}

const remainders = Array.from({ length: 256 }, (_, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit += 1) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  return sum;
});

/** CRC-32, which readers of archives check. */
function checksum(pieces: readonly Uint8Array[]): number {
  let sum = -1;
  for (const piece of pieces)
    for (const byte of piece) sum = (sum >>> 8) ^ (remainders[(sum ^ byte) & 255] ?? 0);
  return ~sum >>> 0;
}
