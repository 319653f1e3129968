import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { badInput, messageOf, operational } from '../../kernel/errors.js';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in lower-case hexadecimal');
const id = z.string().regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, 'must be a slug');
const fileName = z.string().regex(/^[\w.-]+$/, 'must be a plain file name');
const dimension = z.union([z.number().int().positive(), z.string().min(1)]);

/** The tasks of networks in the program. */
const PACK_ROLES = [
  'detector',
  'light-detector',
  'dense-landmarks',
  'eye-contour',
  'recogniser',
  'passive-pad',
] as const;

const sourceFile = z.strictObject({ path: z.string().min(1), sha256 });

const npmPackage = {
  package: z.string().min(1),
  version: z.string().min(1),
  description: sourceFile,
  weights: sourceFile,
};

/** A file in the publisher's own format, from which the pack is converted when it is downloaded or imported. */
const originalSchema = z.strictObject({
  file: fileName,
  sha256,
  sizeBytes: z.number().int().positive(),
  /** SHA-256 of what earlier versions converted the file to. A box that has one of these keeps it: the original is no longer there. */
  earlierConversions: z.array(sha256).exactOptional(),
});

/**
 * The source of a pack. `npm`: built from the weights of an installed npm package. `npm-tarball`: the same, but the package is
 * too large for a dependency and only downloaded for the build. `publisher`: downloaded, and converted if there is an `original`.
 * `import`: imported from a file, because no publisher offers exactly this file. `own`: added by the owner of the box; no such
 * pack is in the manifest.
 */
const sourceSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('npm'), ...npmPackage }),
  z.strictObject({
    kind: z.literal('npm-tarball'),
    ...npmPackage,
    integrity: z.string().regex(/^sha512-[A-Za-z0-9+/]{86}==$/, 'must be a SHA-512 as npm writes it'),
  }),
  z.strictObject({
    kind: z.literal('publisher'),
    publisher: z.string().min(1),
    url: z.url(),
    original: originalSchema.optional(),
  }),
  z.strictObject({ kind: z.literal('import'), publisher: z.string().min(1), page: z.url() }),
  z.strictObject({ kind: z.literal('own') }),
]);

/** The input of the network: `(pixel - mean) / std` per colour, in the order of `colours`. */
const inputSchema = z.strictObject({
  name: z.string().min(1),
  shape: z.array(dimension).length(4),
  layout: z.enum(['NCHW', 'NHWC']),
  colours: z.enum(['RGB', 'BGR']),
  mean: z.tuple([z.number(), z.number(), z.number()]),
  std: z.tuple([z.number(), z.number(), z.number()]),
  crop: z.string().min(1),
});

const outputSchema = z.strictObject({
  name: z.string().min(1),
  shape: z.array(dimension),
  meaning: z.string().min(1),
});

/** An operating point: its value, its scale, and how it was measured. */
const thresholdSchema = z.strictObject({
  name: z.string().min(1),
  value: z.number(),
  scale: z.string().min(1),
  origin: z.string().min(1),
});

/** The description of a pack, in the manifest or beside a network that the owner added. */
export const packSchema = z.strictObject({
  id,
  role: z.enum(PACK_ROLES),
  title: z.string().min(1),
  source: sourceSchema,
  file: fileName,
  sha256,
  sizeBytes: z.number().int().positive(),
  licence: z.strictObject({ name: z.string().min(1), origin: z.string().min(1) }),
  input: inputSchema,
  outputs: z.array(outputSchema).min(1),
  thresholds: z.array(thresholdSchema),
  notes: z.string().optional(),
});

const manifestSchema = z
  .strictObject({
    format: z.literal(1),
    /** Ids of packs that improve a box and are downloaded at the installation if possible. */
    recommended: z.array(id).default([]),
    packs: z.array(packSchema).min(1),
  })
  .refine((manifest) => new Set(manifest.packs.map((pack) => pack.id)).size === manifest.packs.length, {
    message: 'pack ids must differ',
  })
  .refine(({ recommended, packs }) => recommended.every((name) => packs.some((pack) => pack.id === name)), {
    message: 'a recommended pack does not exist',
  });

export type ModelManifest = z.infer<typeof manifestSchema>;
export type ModelPack = z.infer<typeof packSchema>;
type OriginalFile = z.infer<typeof originalSchema>;

/** Reads `models/manifest.json` under the program's root directory. Throws `manifest-unreadable`. */
export async function loadManifest(rootDir: string): Promise<ModelManifest> {
  const path = join(rootDir, 'models', 'manifest.json');
  try {
    return manifestSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
    throw operational('manifest-unreadable', `the model manifest ${path} cannot be used: ${reason}`, {
      remedy: 'Install rollcall again: the manifest is part of the program.',
      cause: error,
    });
  }
}

/** The publisher's file from which a pack is converted; undefined for other packs. */
export function originalOf({ source }: ModelPack): OriginalFile | undefined {
  return source.kind === 'publisher' ? source.original : undefined;
}

/** Whether a file with this SHA-256 is the pack, as this version converts it or as an earlier one did. */
export function isFileOf(pack: ModelPack, foundSha256: string): boolean {
  return foundSha256 === pack.sha256 || originalOf(pack)?.earlierConversions?.includes(foundSha256) === true;
}

/** What to do about a damaged file of a pack whose `source` is of this kind. */
export function remedyOfDamage(id: string, kind: ModelPack['source']['kind']): string {
  return kind === 'own'
    ? `Find out who changed it; then run 'rollcall models remove ${id}' and add the network again (docs/how-to/add-a-recogniser.md).`
    : 'Delete the file, then build, import or fetch the pack again.';
}

/** The pack `packId` of the manifest. Throws `pack-unknown` with the known ids and those of `others`. */
export function findPack(
  manifest: ModelManifest,
  packId: string,
  others: readonly ModelPack[] = [],
): ModelPack {
  const pack = manifest.packs.find((candidate) => candidate.id === packId);
  if (pack !== undefined) return pack;
  const known = [...manifest.packs, ...others].map((candidate) => candidate.id).join(', ');
  throw badInput('pack-unknown', `unknown model pack ${packId}`, { remedy: `Choose one of: ${known}.` });
}
