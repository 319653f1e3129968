import { arch, platform, release } from 'node:os';
import type { Command } from 'commander';
import { programVersion } from '../core/api/program-version.js';
import { exitCodes, print, runAction } from '../host/output.js';

/** The environment of the program, for a fault report. */
interface VersionReport {
  /** The version of the build, as scripts/version.mjs made it. */
  readonly rollcall: string;
  readonly node: string;
  /** Operating system, as Node.js names it. */
  readonly platform: string;
  readonly release: string;
  readonly architecture: string;
}

export function versionReport(): VersionReport {
  return {
    rollcall: programVersion(),
    node: process.versions.node,
    platform: platform(),
    release: release(),
    architecture: arch(),
  };
}

/** `rollcall 0.1.0+312.g1a2b3c4d5e6f, Node.js 20.20.2, linux 6.1.0 x64`. */
export function versionText(): string {
  const { rollcall, node, platform: system, release: systemRelease, architecture } = versionReport();
  return `rollcall ${rollcall}, Node.js ${node}, ${system} ${systemRelease} ${architecture}`;
}

export function registerVersion(program: Command): void {
  program
    .command('version')
    .option('--json', 'print JSON instead of text')
    .description('print the versions of rollcall, Node.js and the operating system')
    .action((options: { readonly json?: boolean }) =>
      runAction(options.json === true, () => {
        print(options.json === true, versionReport(), versionText);
        return exitCodes.done;
      }),
    );
}
