/** Where an import takes its table and its photographs from. Paths were checked by `checkArchivePath`. */
export interface ImportSource extends AsyncDisposable {
  /** The CSV file as it lies there. */
  readTable(): Promise<Buffer>;
  /**
   * The files that a path stands for: itself, or the pictures in the folder of that name, sorted; none where there is
   * neither.
   */
  find(path: string): Promise<readonly string[]>;
  /**
   * A file that `find` named.
   * @throws `unreadable-image`, `image-empty`, `image-too-large` or `bad-zip` (input)
   */
  read(path: string): Promise<Buffer>;
}

/** Largest table, bytes: more than 100,000 rows. */
export const largestTableBytes = 16 * 1024 * 1024;

/** Whether a file of that name in a folder is taken for a photograph. */
export function isPictureName(name: string): boolean {
  return /\.(jpe?g|png|webp|tiff?|gif|avif|heic|heif)$/i.test(name) && !/(^|\/)\./.test(name);
}
