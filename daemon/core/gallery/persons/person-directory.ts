import { type ConsentState, consentStateOf } from '../../../kernel/persons/consent.js';
import type { FieldValues } from '../../../kernel/persons/custom-fields.js';
import type { PersonOrder } from '../../../kernel/persons/person-listing.js';
import type { PersonProfile } from '../../../kernel/persons/person-profile.js';
import type { PersonTerms, WatchMark } from '../../../kernel/persons/person-standing.js';
import { present } from '../../../kernel/present.js';
import { NameIndex, type PlaceInNames } from './name-index.js';
import type { PersonRow } from './person-rows.js';
import { SortedBlocks } from './sorted-blocks.js';

/** What a list may ask of a person: no text that a user wrote about them. */
export interface ListedTerms extends Pick<PersonTerms, 'groups' | 'validFrom' | 'validUntil'> {
  readonly mark: WatchMark | undefined;
  readonly consent: ConsentState;
}

/** A person as lists know them. */
export interface ListedPerson extends Pick<PersonRow, 'id' | 'enrolledAtMs'> {
  readonly state: 'active' | 'removed';
  /** Undefined if the profile does not open. */
  readonly terms: ListedTerms | undefined;
}

/** Which persons to find, and in which order. */
export interface PersonsWanted {
  readonly order: PersonOrder;
  readonly states: readonly ListedPerson['state'][];
  /** Part of a name or of the value of a custom field, or a whole external id. */
  readonly text?: string | undefined;
  /** A custom field, and a part of its value. */
  readonly field?: { readonly id: string; readonly text: string } | undefined;
  readonly isMatch?: ((terms: ListedTerms) => boolean) | undefined;
  /** In the order by name: only those behind this place. */
  readonly after?: PlaceInNames | undefined;
  /** In the order by name: at most so many. */
  readonly limit?: number | undefined;
}

export interface FoundPersons {
  readonly persons: readonly ListedPerson[];
  /** How many there are, with those before the place. */
  readonly count: number;
  /** The place of the last one, if `limit` left others out. */
  readonly last?: PlaceInNames | undefined;
}

/** All active and removed persons in the orders of lists, so that a list opens only the profiles that it shows. */
export class PersonDirectory implements Disposable {
  readonly #names = new NameIndex();
  /** The values of custom fields by ID: sealed like names, they are in guarded memory like them. */
  readonly #fields = new Map<string, NameIndex>();
  readonly #persons = new Map<string, ListedPerson>();
  readonly #byEnrolment = new SortedBlocks<ListedPerson>(
    (a, b) => a.enrolledAtMs - b.enrolledAtMs || (a.id < b.id ? -1 : Number(a.id > b.id)),
  );
  readonly #byName = new SortedBlocks<ListedPerson>((a, b) => this.#names.compare(a.id, b.id));

  /** `profile`: undefined if it does not open. Such a person has no name, and comes first. */
  note({ id, enrolledAtMs, state }: Omit<ListedPerson, 'terms'>, profile: PersonProfile | undefined): void {
    this.#leaveOrders(id);
    const person = { id, enrolledAtMs, state, terms: profile && termsOf(profile) };
    this.#names.note(id, profile?.name ?? '');
    this.#noteFields(id, profile?.fields);
    this.#persons.set(id, person);
    this.#byEnrolment.add(person);
    this.#byName.add(person);
  }

  forget(id: PersonRow['id']): void {
    this.#leaveOrders(id);
    this.#persons.delete(id);
    this.#names.forget(id);
    this.#noteFields(id, {});
  }

  /** All of them. `holder`: the person whose external id is the text. */
  find(
    { order, states, text, field, isMatch, after, limit }: PersonsWanted,
    holder?: PersonRow['id'],
  ): FoundPersons {
    const named =
      text === undefined || text.trim() === ''
        ? undefined
        : new Set<string>([this.#names, ...this.#fields.values()].flatMap((texts) => texts.find(text))).add(
            holder ?? '',
          );
    const valued = field && new Set<string>(this.#fields.get(field.id)?.find(field.text));
    const persons: ListedPerson[] = [];
    let count = 0;
    for (const person of (order === 'name' ? this.#byName : this.#byEnrolment).items()) {
      if (!states.includes(person.state) || named?.has(person.id) === false) continue;
      if (valued?.has(person.id) === false) continue;
      if (isMatch !== undefined && (person.terms === undefined || !isMatch(person.terms))) continue;
      count += 1;
      if (after === undefined || this.#names.compareTo(person.id, after) > 0) persons.push(person);
    }
    if (order === 'newest') persons.reverse();
    const last = limit !== undefined && persons.length > limit ? persons[limit - 1] : undefined;
    return {
      persons: persons.slice(0, limit),
      count,
      ...present({ last: last && this.#names.placeOf(last.id) }),
    };
  }

  /** Undefined if the profile does not open. */
  nameOf({ id, terms }: ListedPerson): string | undefined {
    return terms && this.#names.nameOf(id);
  }

  clear(): void {
    this.#byEnrolment.clear();
    this.#byName.clear();
    this.#persons.clear();
    this.#names.clear();
    for (const texts of this.#fields.values()) texts.clear();
    this.#fields.clear();
  }

  [Symbol.dispose](): void {
    this.clear();
  }

  #noteFields(person: PersonRow['id'], values: FieldValues = {}): void {
    const given = new Map(Object.entries(values));
    for (const id of given.keys()) if (!this.#fields.has(id)) this.#fields.set(id, new NameIndex());
    for (const [id, texts] of this.#fields) {
      const value = given.get(id);
      if (value === undefined) texts.forget(person);
      else texts.note(person, value);
    }
  }

  /** Before the name changes, which is how the person is found in the order by name. */
  #leaveOrders(id: PersonRow['id']): void {
    const known = this.#persons.get(id);
    if (known === undefined) return;
    this.#byEnrolment.remove(known);
    this.#byName.remove(known);
  }
}

function termsOf({ groups, validFrom, validUntil, watch, consent }: PersonProfile): ListedTerms {
  return {
    ...(groups && { groups }),
    ...(validFrom && { validFrom }),
    ...(validUntil && { validUntil }),
    mark: watch?.mark,
    consent: consentStateOf(consent),
  };
}
