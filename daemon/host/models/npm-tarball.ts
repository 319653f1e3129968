import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf, operational } from '../../kernel/errors.js';
import { runBound } from '../bound-child.js';
import { systemCode } from './checked-file.js';
import type { SourceFiles } from './convert/recipes.js';
import type { ModelPack } from './model-manifest.js';
import { readChecked } from './npm-source.js';

type TarballSource = Extract<ModelPack['source'], { kind: 'npm-tarball' }>;

/** Time limit for npm and for tar: 144 MB at 4 Mbit/s. */
const LONGEST_MS = 300_000;

/** npm gives up on a silent registry after about a minute instead of five. */
const NPM_PATIENCE = ['--fetch-retries=1', '--fetch-retry-mintimeout=1000', '--fetch-timeout=30000'];

/**
 * Reads the two source files of a pack whose npm package is too large for a dependency. Takes them from `keepDir`, or downloads
 * the package: npm does that with its registry, proxy and credentials as configured at `rootDir`, into a temporary cache in
 * `keepDir`. Only the two files are kept. Checks the SHA-512 of the package and the SHA-256 of the files. Throws
 * `source-unavailable` where the download fails, and `source-hash` for another package.
 */
export async function readTarballSource(
  source: TarballSource,
  { rootDir, keepDir }: { readonly rootDir: string; readonly keepDir: string },
): Promise<SourceFiles> {
  const kept = await readBoth(source, keepDir).catch(() => undefined);
  if (kept !== undefined) return kept;
  const directory = await mkdir(keepDir, { recursive: true })
    .then(() => mkdtemp(join(keepDir, 'npm-')))
    .catch((error: unknown) => {
      throw operational('pack-not-stored', `cannot write to ${keepDir}: ${messageOf(error)}`, {
        remedy: `Give this account the right to write to ${keepDir}.`,
        cause: error,
      });
    });
  try {
    const tarball = await downloaded(source, rootDir, directory);
    const members = [source.description, source.weights].map(({ path }) => `package/${path}`);
    const options = ['-xzf', tarball, '-C', directory, '--strip-components=1', '--no-same-owner'];
    await runBound('tar', [...options, ...members], { timeout: LONGEST_MS }).catch((error: unknown) => {
      throw unavailable(source, `tar cannot unpack it: ${reasonOf(error)}`, error);
    });
    const files = await readBoth(source, directory);
    for (const { path } of [source.description, source.weights]) {
      await mkdir(dirname(join(keepDir, path)), { recursive: true });
      await rename(join(directory, path), join(keepDir, path));
    }
    return files;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function readBoth({ description, weights }: TarballSource, directory: string): Promise<SourceFiles> {
  return {
    description: await readChecked(directory, description, REMEDY),
    weights: await readChecked(directory, weights, REMEDY),
  };
}

const REMEDY =
  "Check npm's registry setting and the network. Then run: rollcall models build. The other recognisers work without this package.";

/** npm names cached files by their SHA-512. */
async function downloaded(source: TarballSource, rootDir: string, directory: string): Promise<string> {
  const cache = join(directory, 'cache');
  const name = `${source.package}@${source.version}`;
  await runBound('npm', ['cache', 'add', name, '--cache', cache, '--loglevel=error', ...NPM_PATIENCE], {
    cwd: rootDir,
    timeout: LONGEST_MS,
  }).catch((error: unknown) => {
    const reason = systemCode(error) === 'ENOENT' ? 'npm is not installed' : reasonOf(error);
    throw unavailable(source, reason, error);
  });
  const expected = Buffer.from(source.integrity.slice('sha512-'.length), 'base64').toString('hex');
  const path = join(
    cache,
    '_cacache',
    'content-v2',
    'sha512',
    expected.slice(0, 2),
    expected.slice(2, 4),
    expected.slice(4),
  );
  const hash = createHash('sha512');
  try {
    for await (const piece of createReadStream(path)) hash.update(piece);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw unavailable(source, messageOf(error), error);
  }
  if (hash.digest('hex') === expected) return path;
  throw operational(
    'source-hash',
    `the npm registry sent another package for ${name} than the model manifest requires: expected ${source.integrity}`,
    { remedy: REMEDY },
  );
}

function unavailable(source: TarballSource, reason: string, cause: unknown): Error {
  return operational(
    'source-unavailable',
    `cannot download the npm package ${source.package} ${source.version}: ${reason}`,
    { remedy: REMEDY, cause, retryable: true },
  );
}

/** The first line of an error of npm or tar, without addresses, which may contain credentials. */
function reasonOf(error: unknown): string {
  const output = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
  const lines = output
    .split('\n')
    .map((line) => line.replace(/^npm (?:error|ERR!)\s*/, '').trim())
    .filter((line) => line !== '' && !/^(?:code|errno|syscall) /.test(line));
  const wasKilled = error instanceof Error && 'killed' in error && error.killed === true;
  if (wasKilled) return `it took longer than ${LONGEST_MS / 1000} s`;
  return (lines[0] ?? messageOf(error)).replace(/https?:\/\/\S+/g, 'the registry');
}
