import type { PersonId } from '../../kernel/ids.js';
import { type Standing, type StandingTerms, standingOn } from '../../kernel/persons/person-standing.js';
import { present } from '../../kernel/present.js';
import type { Gallery } from '../gallery/gallery.js';
import type { GalleryVault } from '../gallery/gallery-vault.js';
import type { PersonStandings } from '../sightings/decider.js';

type PersonSource = Pick<Gallery, 'showPerson' | 'onPersonsChanged'>;

export interface StandingsOptions {
  readonly vault: Pick<GalleryVault, 'onChanged'> & { readonly gallery: () => PersonSource };
  /** The day at the site, `YYYY-MM-DD`, at this time; wall clock, milliseconds since the epoch. */
  readonly dayAt: (wallMs: number) => string;
}

/**
 * The validity and the marks of persons, for decisions. Opens a profile when its person is recognised for the first time, and again
 * after a change of the person: not for each sighting.
 */
export class GalleryStandings implements PersonStandings, Disposable {
  readonly #options: StandingsOptions;
  readonly #terms = new Map<PersonId, StandingTerms>();
  readonly #unsubscribe: () => void;
  /** The gallery that the terms are of. */
  #gallery: PersonSource | undefined;
  #leave: (() => void) | undefined;

  constructor(options: StandingsOptions) {
    this.#options = options;
    this.#unsubscribe = options.vault.onChanged(() => this.#forget());
  }

  standingOf(personId: PersonId, atMs: number): Standing {
    return standingOn(this.#termsOf(personId), this.#options.dayAt(atMs));
  }

  isWatched(personId: PersonId): boolean {
    return this.#termsOf(personId).watch?.mark === 'watch';
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
    this.#forget();
  }

  /** A person whose profile does not open is not recognised either; for one who was erased meanwhile, nothing applies. */
  #termsOf(personId: PersonId): StandingTerms {
    const gallery = this.#options.vault.gallery();
    if (gallery !== this.#gallery) this.#follow(gallery);
    const known = this.#terms.get(personId);
    if (known !== undefined) return known;
    const { validFrom, validUntil, watch } = gallery.showPerson(personId)?.profile ?? {};
    // Without the reason of the mark, which is for people only.
    const terms = present({ validFrom, validUntil, watch: watch && { mark: watch.mark } });
    this.#terms.set(personId, terms);
    return terms;
  }

  #follow(gallery: PersonSource): void {
    this.#forget();
    this.#gallery = gallery;
    this.#leave = gallery.onPersonsChanged((ids) => {
      for (const id of ids) this.#terms.delete(id);
    });
  }

  #forget(): void {
    this.#leave?.();
    this.#leave = undefined;
    this.#gallery = undefined;
    this.#terms.clear();
  }
}
