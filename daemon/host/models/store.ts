import { createReadStream } from 'node:fs';
import { readFile, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  badInput,
  isRollcallError,
  messageOf,
  operational,
  type RollcallError,
} from '../../kernel/errors.js';
import { type Said, said } from '../../kernel/said.js';
import { english, inEnglish } from '../../words/language.js';
import { programRoot } from '../program-files.js';
import { hashFile, receiveFile, systemCode, type WrongContent } from './checked-file.js';
import { convertOriginal, convertPack } from './convert/recipes.js';
import { type DownloadOptions, download } from './model-download.js';
import {
  findPack,
  isFileOf,
  loadManifest,
  type ModelManifest,
  type ModelPack,
  originalOf,
} from './model-manifest.js';
import { readNpmSource } from './npm-source.js';
import { readTarballSource } from './npm-tarball.js';
import { type OwnNetworks, readOwnNetworks, type UnusableOwn } from './own-recogniser.js';
import { VerificationCache } from './verification-cache.js';

interface ModelStoreOptions {
  /** The program's directory. Default: the one that contains this file. */
  readonly rootDir?: string;
  /** Directory of built packs. Default: `models/build` in `rootDir`. */
  readonly buildDir?: string;
  /** Directory of imported and downloaded packs. Default: `models/imported` in `rootDir`. */
  readonly importDir?: string;
  /** Replaces the publishers' addresses, for tests and local mirrors. */
  readonly publisherUrl?: (pack: ModelPack) => string | undefined;
}

/** The state of a pack on this machine. */
export type PackStatus =
  | { readonly pack: ModelPack; readonly state: 'ready'; readonly path: string }
  | {
      readonly pack: ModelPack;
      readonly state: 'absent';
      readonly remedy: string;
      readonly says: { readonly remedy: Said };
    }
  | {
      readonly pack: ModelPack;
      readonly state: 'damaged';
      readonly path: string;
      readonly foundSha256: string;
    };

interface BuildProgress {
  readonly packId: string;
  /** Number of finished packs, and of all packs. */
  readonly done: number;
  readonly total: number;
  readonly step: 'kept' | 'downloading' | 'converting' | 'built' | 'left out';
  /** Why a pack is left out, and what to do. */
  readonly reason?: string;
}

interface BuildOptions {
  /** Builds only these. Default: every pack from npm packages. */
  readonly packIds?: readonly string[];
  /** Converts packs again that are already there. */
  readonly isForced?: boolean;
  readonly onProgress?: (progress: BuildProgress) => void;
}

/** The states of the recommended packs, and the reasons for those that could not be installed. */
export interface Obtained {
  readonly statuses: readonly PackStatus[];
  /** Ids of newly installed packs. */
  readonly brought: readonly string[];
  readonly leftOut: readonly { readonly packId: string; readonly reason: string }[];
}

/** Opens the store of model packs. It reads only the manifest and the descriptions of own networks. */
export async function openModelStore(options: ModelStoreOptions = {}): Promise<ModelStore> {
  const rootDir = options.rootDir ?? programRoot();
  const store = new ModelStore(await loadManifest(rootDir), { ...options, rootDir });
  await store.readOwn();
  return store;
}

/**
 * The model files of this machine. It uses, builds, imports and downloads only files whose SHA-256 is in the manifest, or in the
 * description of a network that the owner of the box added. Files appear complete or not at all.
 */
export class ModelStore {
  readonly manifest: ModelManifest;
  readonly #rootDir: string;
  readonly #buildDir: string;
  readonly #importDir: string;
  readonly #publisherUrl: (pack: ModelPack) => string | undefined;
  #own: OwnNetworks = { packs: [], unusable: [] };
  readonly #caches = new Map<string, VerificationCache>();

  constructor(manifest: ModelManifest, options: ModelStoreOptions & { readonly rootDir: string }) {
    this.manifest = manifest;
    this.#rootDir = options.rootDir;
    this.#buildDir = options.buildDir ?? join(options.rootDir, 'models', 'build');
    this.#importDir = options.importDir ?? join(options.rootDir, 'models', 'imported');
    this.#publisherUrl =
      options.publisherUrl ?? ((pack) => (pack.source.kind === 'publisher' ? pack.source.url : undefined));
  }

  /** Directory for the source files of a pack from a downloaded npm package. */
  sourceDirectory(packId: string): string {
    return join(this.#buildDir, '.sources', packId);
  }

  /** Ids of the packs that their publishers offer for download. */
  get fetchable(): readonly string[] {
    return this.manifest.packs.filter((pack) => this.#publisherUrl(pack) !== undefined).map(({ id }) => id);
  }

  /** Directory of imported, downloaded and own networks. */
  get importDirectory(): string {
    return this.#importDir;
  }

  /** The recognisers that the owner of the box added. */
  get own(): readonly ModelPack[] {
    return this.#own.packs;
  }

  /** Own networks whose description cannot be used. */
  get unusableOwn(): readonly UnusableOwn[] {
    return this.#own.unusable;
  }

  /** Reads the descriptions of the own networks again. */
  async readOwn(): Promise<void> {
    this.#own = await readOwnNetworks(this.#importDir);
  }

  /** The pack's entry in the manifest, or the description of an own network. Throws `pack-unknown` or `own-network-unusable`. */
  pack(packId: string): ModelPack {
    const own = this.own.find(({ id }) => id === packId);
    if (own !== undefined) return own;
    const unusable = this.unusableOwn.find(({ id }) => id === packId);
    if (unusable !== undefined) {
      const { reason, remedy } = unusable;
      throw operational('own-network-unusable', `the network ${packId} cannot be used: ${reason}`, {
        remedy,
      });
    }
    return findPack(this.manifest, packId, this.own);
  }

  /** The verified file of a pack. Throws `pack-absent` or `pack-damaged` with the command to run. */
  async path(packId: string): Promise<string> {
    const status = await this.status(packId);
    switch (status.state) {
      case 'ready':
        return status.path;
      case 'absent':
        throw operational('pack-absent', `the model pack ${packId} is not on this machine`, {
          remedy: status.remedy,
        });
      case 'damaged':
        throw operational(
          'pack-damaged',
          `${status.path} is not the model pack ${packId}: expected SHA-256 ${status.pack.sha256}, found ${status.foundSha256}`,
          {
            remedy: `Delete the file. ${remedyFor(status.pack)}`,
            details: { expected: status.pack.sha256, found: status.foundSha256 },
          },
        );
    }
  }

  /** The state of one pack; `isFresh` reads the whole file even if it looks unchanged. */
  async status(packId: string, options: { readonly isFresh?: boolean } = {}): Promise<PackStatus> {
    const pack = this.pack(packId);
    let damaged: PackStatus | undefined;
    for (const directory of [this.#buildDir, this.#importDir]) {
      const foundSha256 = await this.#cache(directory).hash(pack.file, options);
      if (foundSha256 === undefined) continue;
      const path = join(directory, pack.file);
      if (isFileOf(pack, foundSha256)) return { pack, state: 'ready', path };
      damaged ??= { pack, state: 'damaged', path, foundSha256 };
    }
    return damaged ?? { pack, state: 'absent', ...inEnglish({ remedy: obtaining(pack) }) };
  }

  /** The states of all packs in the order of the manifest, then those of the own networks. */
  async list(): Promise<readonly PackStatus[]> {
    return this.#statuses({});
  }

  /** Like `list`, but reads every file again. */
  async verify(): Promise<readonly PackStatus[]> {
    return this.#statuses({ isFresh: true });
  }

  /**
   * Converts the packs from npm packages; keeps existing ones unless forced. Leaves out a pack whose npm package cannot be
   * downloaded, unless the caller requested it by its id.
   */
  async build(options: BuildOptions = {}): Promise<readonly PackStatus[]> {
    const packIds = options.packIds ?? this.manifest.packs.filter(isBuilt).map((pack) => pack.id);
    const built: PackStatus[] = [];
    for (const [done, packId] of packIds.entries()) {
      const tell = (step: BuildProgress['step'], reason?: string): void =>
        options.onProgress?.({ packId, done, total: packIds.length, step, ...(reason && { reason }) });
      const before = await this.status(packId);
      if (before.state === 'ready' && options.isForced !== true) {
        tell('kept');
        built.push(before);
        continue;
      }
      const pack = this.pack(packId);
      tell(pack.source.kind === 'npm-tarball' ? 'downloading' : 'converting');
      try {
        built.push(await this.#convert(pack));
        tell('built');
      } catch (error) {
        const mayBeMissing = pack.source.kind === 'npm-tarball' && options.packIds === undefined;
        if (!mayBeMissing || !isRollcallError(error)) throw error;
        tell('left out', reasonText(error));
        built.push(before);
      }
    }
    return built;
  }

  /**
   * Imports a model file with any name: its hash identifies the pack. Converts a publisher's file. Throws `import-unreadable`, or
   * `pack-wrong-hash` with the found hash and, where name or size identify a pack, the expected one.
   */
  async import(file: string): Promise<PackStatus> {
    const found = await hashFile(file).catch((error: unknown) => {
      throw badInput('import-unreadable', `cannot read ${file}: ${messageOf(error)}`, {
        remedy: 'Give the path of a model file.',
        cause: error,
      });
    });
    const pack = this.manifest.packs.find((candidate) => candidate.sha256 === found);
    if (pack !== undefined) {
      await this.#receive(pack, this.#importDir, createReadStream(file), file);
      return this.status(pack.id);
    }
    const converted = this.manifest.packs.find((candidate) => originalOf(candidate)?.sha256 === found);
    if (converted === undefined) throw await this.#unrecognised(file, found);
    return this.#convertOriginal(converted, file);
  }

  /**
   * Downloads a missing pack from its publisher; resumes an interrupted download. Throws `pack-not-published`,
   * `publisher-unreachable`, `publisher-refused`, `pack-not-stored` or `pack-wrong-hash`.
   */
  async fetch(packId: string, options: DownloadOptions = {}): Promise<PackStatus> {
    const pack = this.pack(packId);
    const url = this.#publisherUrl(pack);
    if (url === undefined) {
      throw badInput('pack-not-published', `the model pack ${packId} cannot be downloaded`, {
        remedy: remedyFor(pack),
      });
    }
    const before = await this.status(packId, { isFresh: true });
    if (before.state === 'ready') return before;
    const original = originalOf(pack);
    const offered = { ...pack, ...original };
    const path = join(this.#importDir, offered.file);
    const wrong = await download(offered, url, path, options).catch((error: unknown) => {
      throw notStored(pack, this.#importDir, error);
    });
    if (wrong !== undefined) throw wrongHash(offered, wrong, url);
    if (original === undefined) return this.status(packId);
    const status = await this.#convertOriginal(pack, path);
    await rm(path, { force: true });
    return status;
  }

  /**
   * Downloads or builds the recommended packs that are missing. Leaves out those that fail.
   */
  async obtainRecommended(options: DownloadOptions = {}): Promise<Obtained> {
    const statuses: PackStatus[] = [];
    const brought: string[] = [];
    const leftOut: { packId: string; reason: string }[] = [];
    for (const packId of this.manifest.recommended) {
      const before = await this.status(packId);
      try {
        if (before.state === 'ready') {
          statuses.push(before);
          continue;
        }
        if (isBuilt(before.pack)) statuses.push(...(await this.build({ packIds: [packId] })));
        else statuses.push(await this.fetch(packId, options));
        brought.push(packId);
      } catch (error) {
        if (!isRollcallError(error) || error.kind === 'defect') throw error;
        statuses.push(before);
        leftOut.push({ packId, reason: reasonText(error) });
      }
    }
    return { statuses, brought, leftOut };
  }

  async #convert(pack: ModelPack): Promise<PackStatus> {
    const { source } = pack;
    if (source.kind !== 'npm' && source.kind !== 'npm-tarball') {
      throw badInput('pack-not-built', `the model pack ${pack.id} is not built from npm packages`, {
        remedy: remedyFor(pack),
      });
    }
    const files =
      source.kind === 'npm'
        ? await readNpmSource(this.#rootDir, source)
        : await readTarballSource(source, { rootDir: this.#rootDir, keepDir: this.sourceDirectory(pack.id) });
    const origin = `the conversion of ${source.package}`;
    await this.#receive(pack, this.#buildDir, [convertPack(pack.id, files)], origin);
    return this.status(pack.id);
  }

  async #convertOriginal(pack: ModelPack, file: string): Promise<PackStatus> {
    const converted = await convertOriginal(pack.id, await readFile(file));
    await this.#receive(pack, this.#importDir, [converted], `the conversion of ${file}`);
    return this.status(pack.id);
  }

  async #receive(
    pack: ModelPack,
    directory: string,
    pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    origin: string,
  ): Promise<void> {
    const wrong = await receiveFile(join(directory, pack.file), pieces, pack).catch((error: unknown) => {
      throw notStored(pack, directory, error);
    });
    if (wrong !== undefined) throw wrongHash(pack, wrong, origin);
  }

  async #unrecognised(file: string, found: string): Promise<Error> {
    const { size } = await stat(file);
    const name = basename(file);
    const meant = this.manifest.packs
      .map((pack) => ({ ...pack, ...originalOf(pack) }))
      .find((pack) => pack.file === name || pack.sizeBytes === size);
    if (meant !== undefined) return wrongHash(meant, { sha256: found, sizeBytes: size }, file);
    const hashes = Object.fromEntries(this.manifest.packs.map((pack) => [pack.id, pack.sha256]));
    return badInput('pack-wrong-hash', `${file} is not a known model pack: found SHA-256 ${found}`, {
      remedy: 'Download the file again from its publisher; rollcall models list shows the packs.',
      details: { found, expected: hashes },
    });
  }

  async #statuses(options: { readonly isFresh?: boolean }): Promise<readonly PackStatus[]> {
    await this.readOwn();
    const statuses: PackStatus[] = [];
    for (const { id } of [...this.manifest.packs, ...this.own]) statuses.push(await this.status(id, options));
    return statuses;
  }

  #cache(directory: string): VerificationCache {
    const cache = this.#caches.get(directory) ?? new VerificationCache(directory);
    this.#caches.set(directory, cache);
    return cache;
  }
}

function isBuilt({ source }: ModelPack): boolean {
  return source.kind === 'npm' || source.kind === 'npm-tarball';
}

function reasonText({ message, remedy = '' }: RollcallError): string {
  return `${message}. ${remedy}`.trim();
}

/** How to get a pack. */
function obtaining({ id, file, source }: ModelPack): Said {
  switch (source.kind) {
    case 'npm':
    case 'npm-tarball':
      return said('models/remedy-build');
    case 'publisher':
      return said('models/remedy-fetch', { id, file: source.original?.file ?? 'FILE' });
    case 'own':
      return said('models/remedy-own', { id });
    case 'import':
      return said('models/remedy-import', { file, page: source.page });
  }
}

const remedyFor = (pack: ModelPack): string => english.textOf(obtaining(pack));

/** Turns an error of the file system into `pack-not-stored`; returns other errors unchanged. */
function notStored(pack: ModelPack, directory: string, error: unknown): unknown {
  if (systemCode(error) === undefined) return error;
  return operational('pack-not-stored', `cannot store ${pack.file} in ${directory}: ${messageOf(error)}`, {
    remedy: `Free space on the disk, and let this user write to ${directory}.`,
    cause: error,
  });
}

function wrongHash(pack: ModelPack, wrong: WrongContent, origin: string): Error {
  const size =
    wrong.sizeBytes < pack.sizeBytes ? ` (it ends after ${wrong.sizeBytes} of ${pack.sizeBytes} bytes)` : '';
  return badInput(
    'pack-wrong-hash',
    `${origin} is not the model pack ${pack.id}${size}: expected SHA-256 ${pack.sha256}, found ${wrong.sha256}`,
    {
      remedy:
        'The file is damaged or of another version. Nothing was installed. Download it again from its publisher.',
      details: { expected: pack.sha256, found: wrong.sha256 },
    },
  );
}
