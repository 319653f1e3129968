import { constants } from 'node:fs';
import { chmod, type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { badInput, isRollcallError, messageOf, operational } from '../../kernel/errors.js';
import { hashBytes, systemCode } from './checked-file.js';
import { type ModelPack, packSchema } from './model-manifest.js';

/** Largest file of an own network: twice the largest network of the ArcFace family. */
export const LARGEST_OWN_BYTES = 600e6;
/** A description has a kilobyte or two. */
const LARGEST_DESCRIPTION_BYTES = 64 * 1024;
/** The file stays the owner's: other users may read it, as the service does, but not write it. */
const FILE_MODE = 0o644;
const DIRECTORY_MODE = 0o755;
const WRITABLE_BY_OTHERS = 0o022;

/** Side of the aligned face that a recogniser of the owner takes, pixels. */
export const SIDE_PX = 112;
export const FEWEST_DIMENSIONS = 64;
export const MOST_DIMENSIONS = 1024;

/** The shape of one aligned face as a network takes it. */
export const faceShape = (layout: ModelPack['input']['layout']): readonly number[] =>
  layout === 'NCHW' ? [3, SIDE_PX, SIDE_PX] : [SIDE_PX, SIDE_PX, 3];

const isBetween = (value: number | undefined, from: number, to: number): boolean =>
  value !== undefined && value >= from && value <= to;

/** Describes a network that the owner added, with what was measured at that time. */
const ownPackSchema = packSchema.refine(
  ({ id, file, role, source, sizeBytes, input, outputs: [output, ...more], thresholds }) => {
    const point = (name: string) => thresholds.find((each) => each.name === name)?.value;
    const dimensions = output?.shape.at(-1);
    return [
      id.startsWith('own-') && file === `${id}.onnx` && role === 'recogniser' && source.kind === 'own',
      sizeBytes <= LARGEST_OWN_BYTES && input.shape.slice(1).join() === faceShape(input.layout).join(),
      input.std.every((value) => value > 0) && more.length === 0,
      typeof dimensions === 'number' && isBetween(dimensions, FEWEST_DIMENSIONS, MOST_DIMENSIONS),
      isBetween(point('threshold'), 0, 1) && isBetween(point('margin'), 0, 1),
    ].every(Boolean);
  },
  { error: 'it does not describe a recogniser that was added with rollcall models add-recogniser' },
);

/** A network that cannot be used, and why. */
export interface UnusableOwn {
  readonly id: string;
  readonly reason: string;
  readonly remedy: string;
}

export interface OwnNetworks {
  readonly packs: readonly ModelPack[];
  readonly unusable: readonly UnusableOwn[];
}

/** Reads the descriptions of the own networks in `directory`. A description that cannot be used does not hide the others. */
export async function readOwnNetworks(directory: string): Promise<OwnNetworks> {
  const names = await readdir(directory).catch(() => []);
  const packs: ModelPack[] = [];
  const unusable: UnusableOwn[] = [];
  for (const name of names.filter((each) => /^own-.+\.json$/.test(each)).sort()) {
    const id = basename(name, '.json');
    try {
      await refuseWritable(directory, 'directory');
      packs.push(await readDescription(join(directory, name), id));
    } catch (error) {
      const remedy = (isRollcallError(error) && error.remedy) || `Remove it: 'rollcall models remove ${id}'.`;
      unusable.push({ id, reason: messageOf(error), remedy });
    }
  }
  return { packs, unusable };
}

async function readDescription(path: string, id: string): Promise<ModelPack> {
  await refuseWritable(path, 'file', LARGEST_DESCRIPTION_BYTES);
  const parsed = ownPackSchema.safeParse(JSON.parse(await readFile(path, 'utf8')));
  if (parsed.success && parsed.data.id === id) return parsed.data;
  const reason = parsed.success ? `it names ${parsed.data.id}` : z.prettifyError(parsed.error);
  throw badInput('own-description-unusable', `${path} cannot be used: ${reason}`, {
    remedy: `Remove the network and add it again: 'rollcall models remove ${id}'.`,
  });
}

/**
 * Reads the file of an own network and checks its hash. The bytes that are returned are the ones that were checked.
 * @throws `own-file-exposed`, `pack-damaged`, `pack-unreadable`
 */
export async function readOwnNetwork(
  path: string,
  { id, sha256 }: Pick<ModelPack, 'id' | 'sha256'>,
): Promise<Uint8Array> {
  const bytes = await readWhole(path);
  const found = hashBytes(bytes);
  if (found === sha256) return bytes;
  throw operational('pack-damaged', `${path} was altered: expected SHA-256 ${sha256}, found ${found}`, {
    remedy: `Find out who changed it. Then run: rollcall models remove ${id}, and add the network again.`,
    details: { expected: sha256, found },
  });
}

/**
 * Reads a network that is to be added. Its size and permissions are those of the file that is read.
 * @throws `own-file-exposed`, `own-file-unusable`, `pack-unreadable`
 */
export async function readWhole(path: string): Promise<Uint8Array> {
  let file: FileHandle | undefined;
  try {
    // A named pipe without a writer must not block.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    refuseUnsafe(path, await file.stat(), 'file', LARGEST_OWN_BYTES);
    return await file.readFile();
  } catch (error) {
    if (isRollcallError(error)) throw error;
    throw operational('pack-unreadable', `cannot read ${path}: ${messageOf(error)}`, {
      remedy: 'Check the path, and that this user may read the file.',
      cause: error,
    });
  } finally {
    await file?.close();
  }
}

async function refuseWritable(path: string, kind: 'file' | 'directory', mostBytes?: number): Promise<void> {
  refuseUnsafe(path, await stat(path), kind, mostBytes);
}

function refuseUnsafe(
  path: string,
  found: { isFile(): boolean; isDirectory(): boolean; readonly size: number; readonly mode: number },
  kind: 'file' | 'directory',
  mostBytes = Number.POSITIVE_INFINITY,
): void {
  if (kind === 'file' && !found.isFile()) {
    throw badInput('own-file-unusable', `${path} is not a file`, {
      remedy: 'Give the path of an ONNX file.',
    });
  }
  if (kind === 'file' && found.size > mostBytes) {
    throw badInput('own-file-unusable', `${path} is larger than ${Math.round(mostBytes / 1e6)} MB`, {
      remedy: 'Give a smaller network.',
    });
  }
  if ((found.mode & WRITABLE_BY_OTHERS) === 0) return;
  throw badInput(
    'own-file-exposed',
    `other users may change ${path}, so it may be another network than the one you were given`,
    { remedy: `Make sure that it is unchanged. Then run: 'chmod go-w ${path}'.` },
  );
}

/** A network that waits in the folder of models until it is measured. Disposal deletes it, unless it was installed. */
interface StagedNetwork extends AsyncDisposable {
  readonly path: string;
  readonly sha256: string;
  /** Gives the network its place and writes its description. */
  install(pack: ModelPack): Promise<void>;
}

/** Writes a network to a temporary file in `directory`. @throws `pack-not-stored`, `own-file-exposed` */
export async function stageOwnNetwork(
  directory: string,
  id: string,
  bytes: Uint8Array,
): Promise<StagedNetwork> {
  const path = join(directory, `.${id}.part`);
  const described = `${path}.json`;
  await storing(directory, async () => {
    if ((await mkdir(directory, { recursive: true })) !== undefined) await chmod(directory, DIRECTORY_MODE);
    await refuseWritable(directory, 'directory');
    // What an interrupted command left.
    await rm(path, { force: true });
    await writeNew(path, bytes);
  });
  return {
    path,
    sha256: hashBytes(bytes),
    install: (pack) =>
      storing(directory, async () => {
        const description = `${JSON.stringify(ownPackSchema.parse(pack), null, 2)}\n`;
        await rm(described, { force: true });
        await writeNew(described, Buffer.from(description));
        await rename(path, join(directory, pack.file));
        // Last: a network without its description does not exist for the program.
        await rename(described, join(directory, `${id}.json`));
      }),
    [Symbol.asyncDispose]: async () => {
      await rm(path, { force: true });
      await rm(described, { force: true });
    },
  };
}

/** Deletes an own network and its description, also one that cannot be used. @throws `pack-not-stored` */
export async function removeOwnNetwork(directory: string, id: string): Promise<void> {
  await storing(directory, async () => {
    await rm(join(directory, `${id}.json`), { force: true });
    await rm(join(directory, `${id}.onnx`), { force: true });
  });
}

async function writeNew(path: string, bytes: Uint8Array): Promise<void> {
  await using file = await open(path, 'wx', FILE_MODE);
  await file.chmod(FILE_MODE);
  await file.writeFile(bytes);
  await file.sync();
}

async function storing(directory: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    throw operational('pack-not-stored', `cannot change ${directory}: ${messageOf(error)}`, {
      remedy: `Free space on the disk, and let this user write to ${directory}.`,
      cause: error,
    });
  }
}
