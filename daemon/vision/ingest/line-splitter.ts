/** Longest line kept, characters; FFmpeg prints some side data as one line of many thousand. */
const longestLine = 2000;

/** Cuts chunks of text into lines; of longer lines the beginning is kept. */
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

  /** Gives out what came after the last line break. */
  end(): void {
    const line = this.#rest;
    this.#rest = '';
    if (line !== '') this.#onLine(line);
  }
}
