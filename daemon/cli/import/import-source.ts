/** The table and the photographs of an import. Paths must have passed `checkArchivePath`. */
export interface ImportSource extends AsyncDisposable {
  /** The bytes of the CSV file. */
  readTable(): Promise<Buffer>;
  /** The file with this path, or the photographs in the folder with this path, sorted. Empty if neither exists. */
  find(path: string): Promise<readonly string[]>;
  /**
   * Reads a file that `find` returned.
   * @throws `unreadable-image`, `image-empty`, `image-too-large` or `bad-zip` (input)
   */
  read(path: string): Promise<Buffer>;
}

/** Largest table, bytes. It has room for more than 100,000 rows. */
export const largestTableBytes = 16 * 1024 * 1024;

/** Whether a file name is that of a photograph. */
export function isPictureName(name: string): boolean {
  return /\.(jpe?g|png|webp|tiff?|gif|avif|heic|heif)$/i.test(name) && !/(^|\/)\./.test(name);
}
