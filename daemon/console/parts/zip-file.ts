import { BlobReader, BlobWriter, ZipWriter } from '@zip.js/zip.js/lib/zip-core-custom.js';

/** The plainest form, which every spreadsheet and unpacker reads: sizes before each file, no fields and rights besides. */
const options = {
  useWebWorkers: false,
  dataDescriptor: false,
  extendedTimestamp: false,
  msDosCompatible: true,
} as const;

/** An archive of these files by their paths. */
export async function zipOf(files: ReadonlyMap<string, Blob>, type = 'application/zip'): Promise<Blob> {
  const archive = new ZipWriter(new BlobWriter(type), options);
  for (const [path, content] of files) await archive.add(path, new BlobReader(content));
  return await archive.close();
}
