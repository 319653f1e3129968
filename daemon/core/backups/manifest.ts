import { z } from 'zod';
import { defect } from '../../kernel/errors.js';
import { refuseBackup } from './backup-errors.js';

const shortText = z.string().max(200);
const count = z.int().nonnegative();
const sectionName = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/);

/** The description of a backup. It is encrypted. */
const manifestSchema = z.strictObject({
  /** When the snapshot was taken, RFC 3339, UTC. */
  createdAt: z.iso.datetime(),
  site: shortText,
  box: shortText,
  /** Version of the program that wrote it. */
  program: shortText,
  /** Version of the database's schema. */
  schemaVersion: count,
  /** Recogniser of the templates. */
  recogniser: shortText,
  /** Counts of persons, templates, tombstones, … */
  counts: z
    .record(z.string().regex(/^[a-z][A-Za-z]{0,31}$/), count)
    .refine((counts) => Object.keys(counts).length <= 64, 'too many counts'),
  /** Names of its sections, in their order. */
  sections: z
    .array(sectionName)
    .max(16)
    .refine((names) => new Set(names).size === names.length, 'one name twice'),
});
export type BackupManifest = Readonly<z.infer<typeof manifestSchema>>;

const sectionFacts = z.strictObject({
  name: sectionName,
  sizeBytes: count,
  /** Of its bytes, hexadecimal. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
/** Size and hash of one section. */
export type SectionFacts = Readonly<z.infer<typeof sectionFacts>>;

const closingSchema = z.strictObject({ sections: z.array(sectionFacts).max(16) });

/** @throws `backup-manifest` (a defect) if the manifest does not match the schema */
export function encodeManifest(manifest: BackupManifest): Uint8Array {
  const found = manifestSchema.safeParse(manifest);
  if (!found.success) {
    throw defect('backup-manifest', 'the manifest of a backup does not follow the rules', {
      cause: found.error,
    });
  }
  return encode(found.data);
}

/** @throws `backup-altered` if the manifest does not match the schema */
export function decodeManifest(path: string, bytes: Uint8Array): BackupManifest {
  return decode(path, manifestSchema, bytes);
}

/** The last message: sizes and hashes, which are known only after all sections. */
export function encodeClosing(sections: readonly SectionFacts[]): Uint8Array {
  return encode({ sections });
}

/** @throws `backup-altered` */
export function decodeClosing(path: string, bytes: Uint8Array): readonly SectionFacts[] {
  return decode(path, closingSchema, bytes).sections;
}

function encode(record: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(record), 'utf8');
}

function decode<T>(path: string, schema: z.ZodType<T>, bytes: Uint8Array): T {
  try {
    return schema.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch (error) {
    throw refuseBackup('backup-altered', path, 'its manifest or closing has the wrong form', error);
  }
}
