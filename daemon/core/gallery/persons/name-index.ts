import { bufferView } from '../../../host/buffer-view.js';
import { secretBytes, wipe } from '../../../host/sodium.js';
import type { PersonId } from '../../../kernel/ids.js';
import { simplifiedName } from '../../../kernel/persons/simplified-name.js';

const smallestBytes = 64 * 1024;

/** Bytes of a name that tell its place in the order. Names that differ only behind them are ordered by id. */
const placeBytes = 144;

/** A place in the order by name. It stays where it is when the person at it goes or has another name. */
export interface PlaceInNames {
  /** The beginning of the name as it is compared, in UTF-8. */
  readonly name: Uint8Array;
  readonly id: string;
}

interface Place {
  readonly id: PersonId;
  readonly start: number;
}

/**
 * The names of all persons, or their values of a custom field, one behind another in guarded memory, which no core dump and no swap holds. A search reads this memory
 * alone and opens no profile. A name that goes is overwritten. Each name is there twice: as it is compared, and as it is shown.
 */
export class NameIndex implements Disposable {
  #bytes = secretBytes(smallestBytes);
  #usedBytes = 0;
  readonly #starts = new Map<PersonId, number>();
  /** In the order of their starts; with those of names that are gone. */
  #places: Place[] = [];

  note(id: PersonId, name: string): void {
    // A zero ends each form.
    const entry = Buffer.from(`${simplifiedName(name)}\0${name}\0`, 'utf8');
    try {
      if (this.#entryOf(id)?.equals(entry) === true) return;
      this.forget(id);
      if (this.#usedBytes + entry.length > this.#bytes.length) this.#renew(entry.length);
      this.#add(id, entry);
    } finally {
      wipe(entry);
    }
  }

  /** The name as it was noted. */
  nameOf(id: PersonId): string | undefined {
    const entry = this.#entryOf(id);
    return entry?.subarray(entry.indexOf(0) + 1, -1).toString('utf8');
  }

  forget(id: PersonId): void {
    const entry = this.#entryOf(id);
    if (entry === undefined) return;
    wipe(entry);
    this.#starts.delete(id);
  }

  /** The persons whose name contains this text, which is not empty. */
  find(text: string): readonly PersonId[] {
    const wanted = Buffer.from(simplifiedName(text), 'utf8');
    const found: PersonId[] = [];
    if (wanted.length === 0 || wanted.includes(0)) return found;
    const names = this.#names();
    for (let at = names.indexOf(wanted); at >= 0; ) {
      const place = this.#placeAt(at);
      const isThere = place !== undefined && this.#starts.get(place.id) === place.start;
      const compared = isThere ? names.indexOf(0, place.start) : -1;
      if (isThere && at < compared) found.push(place.id);
      // On with the next name: what is shown is not compared.
      at = names.indexOf(wanted, names.indexOf(0, Math.max(at, compared + 1)));
    }
    return found;
  }

  /** Orders two persons whose names are noted: by name, in code points whatever the locale of the box, then by id. */
  compare(a: PersonId, b: PersonId): number {
    const [startA, startB] = [this.#starts.get(a) ?? 0, this.#starts.get(b) ?? 0];
    for (let at = 0; at < placeBytes; at += 1) {
      const [byteA = 0, byteB = 0] = [this.#bytes[startA + at], this.#bytes[startB + at]];
      if (byteA !== byteB) return byteA - byteB;
      if (byteA === 0) break;
    }
    return a < b ? -1 : Number(a > b);
  }

  /** The place of a person whose name is noted. */
  placeOf(id: PersonId): PlaceInNames {
    const start = this.#starts.get(id) ?? 0;
    const names = this.#names();
    return {
      name: Buffer.from(names.subarray(start, Math.min(names.indexOf(0, start), start + placeBytes))),
      id,
    };
  }

  /** Orders a person whose name is noted before or after a place in the order. */
  compareTo(id: PersonId, place: PlaceInNames): number {
    const start = this.#starts.get(id) ?? 0;
    // A zero ends the name, and so is the first byte that differs from a longer one.
    const length = Math.min(placeBytes, place.name.length + 1);
    for (let at = 0; at < length; at += 1) {
      const [own = 0, other = 0] = [this.#bytes[start + at], place.name[at]];
      if (own !== other) return own - other;
    }
    return id < place.id ? -1 : Number(id > place.id);
  }

  clear(): void {
    wipe(this.#bytes);
    this.#usedBytes = 0;
    this.#starts.clear();
    this.#places = [];
  }

  [Symbol.dispose](): void {
    this.clear();
  }

  #names(): Buffer {
    return bufferView(this.#bytes).subarray(0, this.#usedBytes);
  }

  /** Both forms of the name with the zeros that end them. */
  #entryOf(id: PersonId): Buffer | undefined {
    const start = this.#starts.get(id);
    if (start === undefined) return undefined;
    const names = this.#names();
    return names.subarray(start, names.indexOf(0, names.indexOf(0, start) + 1) + 1);
  }

  #add(id: PersonId, entry: Buffer): void {
    const start = this.#usedBytes;
    bufferView(this.#bytes).set(entry, start);
    this.#usedBytes += entry.length;
    this.#starts.set(id, start);
    this.#places.push({ id, start });
  }

  /** Moves the names into new memory, without the gaps of those that are gone and with room for more. */
  #renew(neededBytes: number): void {
    const old = this.#bytes;
    const places = this.#places.filter(({ id, start }) => this.#starts.get(id) === start);
    const entries = places.map(({ id }) => [id, this.#entryOf(id)] as const);
    const liveBytes = entries.reduce((sum, [, entry]) => sum + (entry?.length ?? 0), 0);
    this.#bytes = secretBytes(Math.max(smallestBytes, 2 * (liveBytes + neededBytes)));
    this.#usedBytes = 0;
    this.#starts.clear();
    this.#places = [];
    for (const [id, entry] of entries) if (entry !== undefined) this.#add(id, entry);
    wipe(old);
  }

  /** The place that a byte belongs to. */
  #placeAt(at: number): Place | undefined {
    let [low, high] = [0, this.#places.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#places[middle]?.start ?? 0) <= at) low = middle + 1;
      else high = middle;
    }
    return this.#places[low - 1];
  }
}
