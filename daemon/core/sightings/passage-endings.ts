import { isRollcallError } from '../../kernel/errors.js';
import type { PersonId } from '../../kernel/ids.js';
import type { Passage } from '../../kernel/passages/passage.js';
import { passageWithoutPerson } from '../../kernel/passages/passage-story.js';
import type { FactStore } from './fact-store.js';

/** Passages that ended without a last sighting, until they are written. */
export class PassageEndings {
  readonly #facts: Pick<FactStore, 'write'>;
  readonly #unwritten: Passage[] = [];

  constructor(facts: Pick<FactStore, 'write'>) {
    this.#facts = facts;
  }

  add(ended: Passage): void {
    this.#unwritten.push(ended);
  }

  /** Forgets a person who was removed from the gallery. */
  forgetPerson(removed: PersonId): void {
    for (const [index, passage] of this.#unwritten.entries())
      this.#unwritten[index] = passageWithoutPerson(passage, removed);
  }

  /** Throws if the store fails for now; a passage that can never be written is dropped. */
  write(): void {
    for (let [first] = this.#unwritten; first !== undefined; [first] = this.#unwritten) {
      try {
        this.#facts.write(first);
      } catch (error) {
        if (isRollcallError(error) && error.retryable) throw error;
        this.#unwritten.shift();
        if (isRollcallError(error)) continue;
        throw error;
      }
      this.#unwritten.shift();
    }
  }

  /** What cannot be written now is written before the next sighting; at its next start, the daemon ends what remains. */
  tryToWrite(): void {
    try {
      this.write();
    } catch (error) {
      if (!isRollcallError(error)) throw error;
    }
  }
}
