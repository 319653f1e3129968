import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './built.js';

interface PackageConfig {
  readonly references?: readonly { readonly path: string }[];
}

/** Each package of daemon/ with the packages from which its tsconfig.json lets it import. */
export function packageReferences(): ReadonlyMap<string, readonly string[]> {
  const daemon = join(root, 'daemon');
  const names = readdirSync(daemon).filter((name) => existsSync(join(daemon, name, 'tsconfig.json')));
  return new Map(
    names.map((name) => {
      const config = JSON.parse(readFileSync(join(daemon, name, 'tsconfig.json'), 'utf8')) as PackageConfig;
      return [name, (config.references ?? []).map(({ path }) => path.replace('../', ''))];
    }),
  );
}
