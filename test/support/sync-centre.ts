import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import {
  type CommandName,
  digestBuckets,
  type ListedPersons,
  listedPersonsSchema,
  mostBucketsAtOnce,
} from '../../daemon/contract/events/command-schema.js';
import {
  type DigestEntry,
  type DigestPerson,
  digestEntry,
  type GalleryDigest,
  galleryDigest,
} from '../../daemon/core/commands/gallery-digest.js';
import { newKeyPair, openSealed } from '../../daemon/host/sealed-box.js';
import { sealed, sealedJson } from './command-centre.js';
import type { Reply } from './commanded-box.js';
import { paintFace } from './painted-faces.js';

/** A person in the list of the centre. */
export interface Wanted {
  readonly externalId: string;
  readonly name: string;
  readonly photographs: readonly Buffer[];
  /** Picks one of several faces. */
  readonly face?: number;
}

/** A person made from a number, with a painted photograph. */
export const wanted = (number: number, more: Partial<Wanted> = {}): Wanted => ({
  externalId: `E-${number}`,
  name: `Person ${number}`,
  photographs: [paintFace(`face-${number}`)],
  ...more,
});

/** The box, for a centre. */
export interface SyncedBox {
  /** X25519 key for sealing personal data. */
  readonly publicKey: Uint8Array;
  /** Signs and sends a command. Resolves with the last answer. */
  readonly order: (command: CommandName, given: Readonly<Record<string, unknown>>) => Promise<Reply>;
}

/** The gallery digest of a box. */
export interface BoxDigest {
  readonly digest: string;
  readonly buckets: readonly string[];
  readonly persons: number;
  readonly withoutExternalId: number;
}

/** The changes made to a box. */
export interface SyncReport {
  readonly erased: number;
  readonly enrolled: number;
  /** The number of different buckets. */
  readonly buckets: number;
}

/** The most parallel commands: half of the queue of a box, so that others get the other half. */
export const commandWindow = 16;

/** Runs `work` for each item, at most `width` in parallel, in order. */
export async function inWindow<Item>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Promise<unknown>,
): Promise<void> {
  const left = items.values();
  const lane = async (): Promise<void> => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: width }, lane));
}

/** A centre that synchronises boxes with its own list, by commands only. */
export class SyncCentre {
  readonly key = randomBytes(32);
  readonly pair = newKeyPair();

  /** The expected digest of a box with exactly these persons. */
  digestOf(persons: readonly Wanted[]): GalleryDigest & { readonly entries: readonly DigestEntry[] } {
    const entries = persons.map((person) => this.#entryOf(person));
    return { entries, ...galleryDigest(entries, this.key) };
  }

  async digest(box: SyncedBox): Promise<BoxDigest> {
    const reply = await box.order('gallery-digest', { digestKey: sealed(box.publicKey, this.key) });
    return resultOf(reply) as unknown as BoxDigest;
  }

  async list(box: SyncedBox, buckets: readonly number[]): Promise<ListedPersons> {
    const digestKey = sealed(box.publicKey, this.key);
    const sealTo = Buffer.from(this.pair.publicKey).toString('base64url');
    const { sealed: box64 } = resultOf(await box.order('list-persons', { digestKey, buckets, sealTo }));
    const opened = openSealed(this.pair, Buffer.from(String(box64), 'base64url'));
    assert.ok(opened);
    return listedPersonsSchema.parse(JSON.parse(Buffer.from(opened).toString('utf8')));
  }

  /** Removes and enrols persons that differ. */
  async sync(box: SyncedBox, persons: readonly Wanted[]): Promise<SyncReport> {
    const target = this.digestOf(persons);
    const found = await this.digest(box);
    const different = differentBuckets(target, found);
    const listed: ListedPersons[number][] = [];
    for (let first = 0; first < different.length; first += mostBucketsAtOnce) {
      listed.push(...(await this.list(box, different.slice(first, first + mostBucketsAtOnce))));
    }
    const known = new Set(target.entries.map(({ digest }) => digest));
    const there = new Set(listed.map(({ digest }) => digest));
    const isDifferent = new Set(different);
    const leaving = listed.filter(({ digest }) => !known.has(digest));
    const coming = target.entries.flatMap(({ digest, bucket }, index) =>
      isDifferent.has(bucket) && !there.has(digest) ? persons.slice(index, index + 1) : [],
    );
    // Removal first: a changed person keeps the external id.
    await inWindow(leaving, commandWindow, async ({ person }) =>
      resultOf(await box.order('erase-person', { person })),
    );
    await inWindow(coming, commandWindow, async (person) => resultOf(await enrolByCommand(box, person)));
    return { erased: leaving.length, enrolled: coming.length, buckets: different.length };
  }

  #entryOf({ externalId, name, photographs }: Wanted): DigestEntry {
    const hashes = photographs.map((file) => createHash('sha256').update(file).digest('hex')).sort();
    const person: DigestPerson = { personId: '', externalId, name, photographs: hashes };
    return digestEntry(person, this.key);
  }
}

export function enrolByCommand(box: SyncedBox, person: Wanted): Promise<Reply> {
  return box.order('enrol-person', enrolmentOf(box.publicKey, person));
}

/** The arguments of `enrol-person`. */
export function enrolmentOf(publicKey: Uint8Array, person: Wanted): { readonly sealed: string } {
  const photographs = person.photographs.map((file) => file.toString('base64url'));
  return { sealed: sealedJson(publicKey, { ...person, photographs }) };
}

/** The buckets in which two galleries differ. */
export function differentBuckets(
  a: { readonly buckets: readonly string[] },
  b: { readonly buckets: readonly string[] },
): readonly number[] {
  const all = Array.from({ length: digestBuckets }, (_, bucket) => bucket);
  return all.filter((bucket) => a.buckets[bucket] !== b.buckets[bucket]);
}

function resultOf(reply: Reply): Readonly<Record<string, unknown>> {
  assert.equal(reply.outcome, 'done', JSON.stringify(reply));
  return reply.result ?? {};
}
