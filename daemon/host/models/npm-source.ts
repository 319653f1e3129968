import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { z } from 'zod';
import { operational } from '../../kernel/errors.js';
import { hashBytes } from './checked-file.js';
import type { SourceFiles } from './convert/recipes.js';
import type { ModelPack } from './model-manifest.js';

type NpmSource = Extract<ModelPack['source'], { kind: 'npm' }>;

const packageSchema = z.object({ version: z.string() });

const REINSTALL = 'Run npm ci, which installs the versions of the lock file.';

/** The directory of an installed npm package, found like Node.js from `rootDir`. */
function packageDirectory(rootDir: string, name: string): string {
  const require = createRequire(join(rootDir, 'package.json'));
  const candidates = (require.resolve.paths(name) ?? []).map((directory) => join(directory, name));
  const found = candidates.find((directory) => existsSync(join(directory, 'package.json')));
  if (found === undefined) {
    throw operational('source-missing', `the npm package ${name} is not installed`, { remedy: REINSTALL });
  }
  return found;
}

/** Reads a file of an npm package. Throws `source-missing`, or `source-hash` where the manifest has another hash. */
export async function readChecked(
  directory: string,
  file: NpmSource['weights'],
  remedy = REINSTALL,
): Promise<Uint8Array> {
  const bytes = await readFile(join(directory, file.path)).catch((error: unknown) => {
    throw operational('source-missing', `${join(directory, file.path)} cannot be read`, {
      remedy,
      cause: error,
    });
  });
  const found = hashBytes(bytes);
  if (found !== file.sha256) {
    throw operational(
      'source-hash',
      `${join(directory, file.path)} differs from the model manifest: expected SHA-256 ${file.sha256}, found ${found}`,
      { remedy, details: { expected: file.sha256, found } },
    );
  }
  return bytes;
}

/** Reads and checks the files in an installed npm package from which a pack is built. */
export async function readNpmSource(rootDir: string, source: NpmSource): Promise<SourceFiles> {
  const directory = packageDirectory(rootDir, source.package);
  const { version } = packageSchema.parse(
    JSON.parse(await readFile(join(directory, 'package.json'), 'utf8')),
  );
  if (version !== source.version) {
    throw operational(
      'source-version',
      `the npm package ${source.package} has version ${version}; the model manifest requires ${source.version}`,
      { remedy: REINSTALL },
    );
  }
  return {
    description: await readChecked(directory, source.description),
    weights: await readChecked(directory, source.weights),
  };
}
