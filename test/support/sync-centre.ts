import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import {
  type DigestEntry,
  type DigestPerson,
  digestEntry,
  type GalleryDigest,
  galleryDigest,
} from '../../daemon/app/centre/centre-digest.js';
import { newKeyPair, openSealed } from '../../daemon/host/sealed-box.js';
import {
  type CommandName,
  digestBuckets,
  type ListedPersons,
  listedPersonsSchema,
  mostBucketsAtOnce,
} from '../../daemon/publish/contract/command-schema.js';
import { sealed, sealedJson } from './command-centre.js';
import type { Reply } from './commanded-box.js';
import { paintFace } from './painted-faces.js';

/** Somebody as the centre has them. */
export interface Wanted {
  readonly externalId: string;
  readonly name: string;
  readonly photographs: readonly Buffer[];
  /** Of one photograph with several faces, the one to take. */
  readonly face?: number;
}

/** The person of a number, with a painted photograph. */
export const wanted = (number: number, more: Partial<Wanted> = {}): Wanted => ({
  externalId: `E-${number}`,
  name: `Person ${number}`,
  photographs: [paintFace(`face-${number}`)],
  ...more,
});

/** A box as a centre sees it. */
export interface SyncedBox {
  /** X25519, what is personal is sealed to it. */
  readonly publicKey: Uint8Array;
  /** Signs a command, brings it to the box, and resolves with the last answer. */
  readonly order: (command: CommandName, given: Readonly<Record<string, unknown>>) => Promise<Reply>;
}

/** What a box says of its gallery. */
export interface BoxDigest {
  readonly digest: string;
  readonly buckets: readonly string[];
  readonly persons: number;
  readonly withoutExternalId: number;
}

/** What was done to a box. */
export interface SyncReport {
  readonly erased: number;
  readonly enrolled: number;
  /** In which something differed. */
  readonly buckets: number;
}

/** Commands that are under way at once, half of what a box lets wait: the other half is for others. */
export const commandWindow = 16;

/** Runs `work` for each, at most `width` at once, in order. */
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

/** A centre that brings boxes to the state it wants, with nothing but commands. */
export class SyncCentre {
  readonly key = randomBytes(32);
  readonly pair = newKeyPair();

  /** What the digest of a box must be that has exactly these persons. */
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

  /** Removes and enrols what differs. */
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
    // First: whoever changed has the same external id.
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

/** Those in which two galleries differ. */
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
