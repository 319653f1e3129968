import { Zip, type ZipInputFile } from 'fflate';

/** What fits into the fields of an archive without Zip64, with room for what is around the files. */
const mostFiles = 65_535;
const mostBytes = 4_000_000_000;

const deflated = 8;
/** What gzip puts around the packed bytes, in bytes (RFC 1952): a head, and the checksum and size behind them. */
const gzipHeadBytes = 10;
const gzipEndBytes = 8;

/** An archive of these files by their paths, packed by the browser itself. @throws RangeError if they are too large for one */
export async function zipOf(files: ReadonlyMap<string, Blob>, type = 'application/zip'): Promise<Blob> {
  const bytes = [...files.values()].reduce((sum, { size }) => sum + size, 0);
  if (files.size > mostFiles || bytes > mostBytes)
    throw new RangeError(`an archive holds at most ${mostBytes} bytes and ${mostFiles} files`);
  const parts: Blob[] = [];
  const archive = new Zip((error, part) => {
    if (error !== null) throw error;
    // As blobs, the browser can move them out of its memory.
    parts.push(new Blob([new Uint8Array(part)]));
  });
  for (const [filename, content] of files) {
    const gzip = new Response(content.stream().pipeThrough(new CompressionStream('gzip')));
    const packed = await gzip.arrayBuffer();
    const endAt = packed.byteLength - gzipEndBytes;
    const crc = new DataView(packed).getInt32(endAt, true);
    const file: ZipInputFile = { filename, crc, size: content.size, compression: deflated };
    archive.add(file);
    file.ondata?.(null, new Uint8Array(packed, gzipHeadBytes, endAt - gzipHeadBytes), true);
  }
  archive.end();
  return new Blob(parts, { type });
}
