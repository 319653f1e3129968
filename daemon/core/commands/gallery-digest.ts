import { createHmac } from 'node:crypto';
import { digestBuckets } from '../../contract/events/command-schema.js';
import type { PersonDetail } from '../../contract/person.js';

/** An enrolled person, with the photographs that the centre sent. */
export interface DigestPerson
  extends Pick<
    PersonDetail,
    'name' | 'notes' | 'consent' | 'groups' | 'validFrom' | 'validUntil' | 'watch' | 'fields'
  > {
  readonly personId: string;
  readonly externalId: string;
  /** SHA-256 of each photograph in the order it was sent; null unless the box has a template of each. */
  readonly photographs: readonly string[] | null;
}

/** A person in the digest. */
export interface DigestEntry {
  readonly personId: string;
  readonly externalId: string;
  readonly bucket: number;
  /** Covers all data of the person; 64 hexadecimal digits. */
  readonly digest: string;
}

export interface GalleryDigest {
  /** Covers all buckets. */
  readonly digest: string;
  readonly buckets: readonly string[];
}

/**
 * Two galleries compare these digests. HMAC-SHA-256 with a key that only the two sides know keeps an eavesdropper from trying
 * names. Two persons have the same digest only if external id, name, notes, consent, terms, fields and photographs are the same.
 * A person without groups, validity and mark has the digest of a box that knows none of these; likewise one without fields.
 */
export function digestEntry(person: DigestPerson, key: Uint8Array): DigestEntry {
  const { personId, externalId, name, notes = null, consent = null, photographs } = person;
  const about = consent && [consent.basis, consent.dateIso, consent.reference, consent.withdrawnIso ?? null];
  const text = JSON.stringify(['person', externalId, name, notes, about, photographs, ...termsOf(person)]);
  return { personId, externalId, bucket: bucketOf(externalId, key), digest: hmac(key, text) };
}

function termsOf({ groups = [], validFrom, validUntil, watch, fields }: DigestPerson): readonly unknown[] {
  const isPlain = groups.length === 0 && (validFrom ?? validUntil ?? watch) === undefined;
  if (isPlain && fields === undefined) return [];
  const terms = [groups, validFrom ?? null, validUntil ?? null, watch ? [watch.mark, watch.reason] : null];
  return fields === undefined ? [terms] : [terms, Object.entries(fields)];
}

/** The digests of the buckets and of the whole gallery. An empty bucket has a digest, too. */
export function galleryDigest(entries: readonly DigestEntry[], key: Uint8Array): GalleryDigest {
  return wholeDigest(
    contentsOfBuckets(entries).map((digests) => bucketDigest(digests, key)),
    key,
  );
}

/** The digests of the persons in each bucket, sorted by value. */
export function contentsOfBuckets(entries: readonly DigestEntry[]): readonly (readonly string[])[] {
  const contents: string[][] = Array.from({ length: digestBuckets }, () => []);
  for (const { bucket, digest } of entries) contents[bucket]?.push(digest);
  return contents.map((digests) => digests.sort());
}

export function bucketDigest(digests: readonly string[], key: Uint8Array): string {
  return hmac(key, JSON.stringify(['bucket', ...digests]));
}

export function wholeDigest(buckets: readonly string[], key: Uint8Array): GalleryDigest {
  return { digest: hmac(key, JSON.stringify(['gallery', ...buckets])), buckets };
}

/** The first byte of the HMAC of the external id. */
function bucketOf(externalId: string, key: Uint8Array): number {
  return Number.parseInt(hmac(key, JSON.stringify(['place', externalId])).slice(0, 2), 16);
}

function hmac(key: Uint8Array, text: string): string {
  return createHmac('sha256', key).update(text).digest('hex');
}
