/** Longest line that is kept, characters: FFmpeg prints some side data as one line of many thousand characters. */
const longestLine = 2000;

/** Splits chunks of text into lines, and cuts lines that are too long. */
export class LineSplitter {
  readonly #onLine: (line: string) => void;
  readonly #longest: number;
  #rest = '';

  constructor(onLine: (line: string) => void, longest = longestLine) {
    this.#onLine = onLine;
    this.#longest = longest;
  }

  push(chunk: string): void {
    const lines = chunk.split(/[\r\n]+/);
    for (const [index, part] of lines.entries()) {
      if (index > 0) this.end();
      const room = this.#longest - this.#rest.length;
      this.#rest += part.length > room ? part.slice(0, room) : part;
    }
  }

  /** Passes on the text after the last line break. */
  end(): void {
    const line = this.#rest;
    this.#rest = '';
    if (line !== '') this.#onLine(line);
  }
}
