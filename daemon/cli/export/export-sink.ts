/** Where an export goes. Disposed of without `finish`, it leaves nothing behind. */
export interface ExportSink extends AsyncDisposable {
  /** One file; `path` has its parts parted by `/`. */
  add(path: string, content: Uint8Array): Promise<void>;
  finish(): Promise<void>;
}
