import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { programRoot } from '../../host/program-files.js';

/** The version that scripts/build.mjs stamped on the built program; from the sources, that of package.json. */
export function programVersion(): string {
  const stamped = join(programRoot(), 'dist/program/version.json');
  const path = existsSync(stamped) ? stamped : join(programRoot(), 'package.json');
  return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(path, 'utf8'))).version;
}
