import { setImmediate as nextTurn } from 'node:timers/promises';
import { wipe } from '../../host/sodium.js';
import { personId } from '../../kernel/ids.js';
import type { Gallery } from '../gallery/gallery.js';
import type { PersonEntry } from '../gallery/persons/person-entry.js';
import type { BoxDecryption } from '../identity/identity-keys.js';
import type { PhotographHashes } from '../persons/photograph-hashes.js';
import type { CommandHandlers } from './command-handlers.js';
import {
  bucketDigest,
  contentsOfBuckets,
  type DigestEntry,
  digestEntry,
  type GalleryDigest,
  wholeDigest,
} from './gallery-digest.js';
import { openDigestKey, sealJson } from './sealed-content.js';

export interface SyncCommandOptions {
  /** @throws `gallery-sealed` */
  readonly gallery: () => Pick<Gallery, 'listPersons' | 'showPerson'>;
  readonly decryption: BoxDecryption;
  readonly photographs: PhotographHashes;
}

/** Persons digested in one turn of the event loop: about 3 ms of work (scripts/bench sync). */
const personsPerTurn = 100;
/** Buckets digested in one turn. */
const bucketsPerTurn = 32;
/** Persons checked in one turn for whether they are still enrolled. */
const idsPerTurn = 2_000;

/** Commands with which a centre compares a gallery with its own list and proves that both are the same. */
export function syncCommands(
  options: SyncCommandOptions,
): Pick<CommandHandlers, 'gallery-digest' | 'list-persons'> {
  return {
    async 'gallery-digest'({ digestKey }) {
      const key = openDigestKey(digestKey, options.decryption);
      try {
        const { entries, withoutExternalId } = await entriesOf(options, key);
        const { digest, buckets } = await digestInTurns(entries, key);
        const result = { digest, buckets: [...buckets], persons: entries.length, withoutExternalId };
        return { outcome: 'done', result };
      } finally {
        wipe(key);
      }
    },

    async 'list-persons'({ digestKey, buckets, sealTo }) {
      const key = openDigestKey(digestKey, options.decryption);
      try {
        const wanted = new Set(buckets);
        const { entries } = await entriesOf(options, key);
        const listed = entries
          .filter(({ bucket }) => wanted.has(bucket))
          .map(({ externalId, personId, digest }) => ({ externalId, person: personId, digest }));
        const result = { persons: listed.length, sealed: sealJson(sealTo, listed) };
        // Half a megabyte for 10,000 persons: storing the answer takes a turn of its own.
        await nextTurn();
        return { outcome: 'done', result };
      } finally {
        wipe(key);
      }
    },
  };
}

async function entriesOf(
  { gallery, photographs }: SyncCommandOptions,
  key: Uint8Array,
): Promise<{ readonly entries: readonly DigestEntry[]; readonly withoutExternalId: number }> {
  const persons = await gallery().listPersons();
  await forgetAbsent({ gallery, photographs }, persons);
  const active = persons.filter(({ state }) => state === 'active');
  const entries: DigestEntry[] = [];
  let withoutExternalId = 0;
  for (let first = 0; first < active.length; first += personsPerTurn) {
    await nextTurn();
    const some = active.slice(first, first + personsPerTurn);
    const hashes = photographs.of(some.map(({ id }) => id));
    for (const person of some) {
      const entry = entryOf(person, hashes.get(person.id), key);
      if (entry !== undefined) entries.push(entry);
      else withoutExternalId += 1;
    }
  }
  await nextTurn();
  return { entries, withoutExternalId };
}

/** Like `galleryDigest`, with turns of the event loop in between. */
async function digestInTurns(entries: readonly DigestEntry[], key: Uint8Array): Promise<GalleryDigest> {
  const buckets: string[] = [];
  for (const digests of contentsOfBuckets(entries)) {
    if (buckets.length % bucketsPerTurn === 0) await nextTurn();
    buckets.push(bucketDigest(digests, key));
  }
  return wholeDigest(buckets, key);
}

/** Forgets the photograph hashes of persons who were erased in other ways than by a command. */
async function forgetAbsent(
  { gallery, photographs }: Pick<SyncCommandOptions, 'gallery' | 'photographs'>,
  persons: readonly PersonEntry[],
): Promise<void> {
  const present = new Set<string>(persons.map(({ id }) => id));
  let previousId = '';
  for (;;) {
    const ids = photographs.personIdsAfter(previousId, idsPerTurn);
    // A person enrolled after the listing is not in `present`.
    const isGone = (id: string): boolean =>
      !present.has(id) && gallery().showPerson(personId(id)) === undefined;
    photographs.forget(ids.filter(isGone));
    const last = ids.at(-1);
    if (last === undefined) return;
    previousId = last;
    await nextTurn();
  }
}

/** Undefined for a person without an external id: no centre knows this person. */
function entryOf(
  { id, profile, templateCount }: PersonEntry,
  hashes: readonly string[] | undefined,
  key: Uint8Array,
): DigestEntry | undefined {
  if (profile?.externalId === undefined) return undefined;
  const photographs = hashes !== undefined && hashes.length === templateCount ? hashes : null;
  return digestEntry({ ...profile, externalId: profile.externalId, personId: id, photographs }, key);
}
