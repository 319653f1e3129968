import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { scanSource } from '../../test/support/source-scanner.js';
import type { ExecutedParts } from './executed.js';
import { isSlow, layers } from './layers.js';
import type { Mutant } from './places.js';

/** Unit tests that run for one file, the nearest to it: those that are further away pass through so much that they tell little. */
const nearestUnit = 40;
/** Integration tests that run for one file: those that its layer names, and the nearest of all others. */
const nearestIntegration = 12;
/** By how many imports an integration test may be further away than the nearest one. */
const detour = 2;
/** So many imports lead from a test to what it is about: through a fixture, or through what uses it. */
const oneAway = 2;

/** The tests that can notice a change of one file, in the order in which they run. */
export interface TestFiles {
  /** Run in one process, the nearest to the file first. */
  readonly unit: readonly string[];
  /** Each runs in a process of its own. */
  readonly integration: readonly string[];
  /** Run by the runner, with a build of the changed program. */
  readonly built: readonly string[];
}

/** What imports what, in the program and its tests. */
export class Imports {
  readonly #root: string;
  readonly #imported = new Map<string, readonly string[]>();
  readonly #program: readonly string[];
  readonly #unitTests: readonly string[];
  readonly #integrationTests: readonly string[];
  readonly #executed: ExecutedParts;

  constructor(root: string, executed: ExecutedParts) {
    this.#root = root;
    this.#executed = executed;
    const filesOf = (folder: string, ending: string): readonly string[] =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith(ending))
        .map((name) => join(folder, name));
    this.#program = [...filesOf('daemon', '.ts'), ...filesOf('daemon', '.tsx')];
    this.#unitTests = filesOf('test/unit', '.test.ts');
    this.#integrationTests = filesOf('test/integration', '.test.ts');
  }

  importersOf(file: string): readonly string[] {
    return this.#program.filter((other) => this.#importedBy(other).includes(file));
  }

  /** Integration tests that are known to execute the place come first; those that are known not to do so are left out. */
  testsOf({ file, start }: Pick<Mutant, 'file' | 'start'>): TestFiles {
    const executes = (test: string): boolean | undefined => this.#executed.has(test, file, start);
    const layer = Object.values(layers).find(({ sources }) =>
      sources.some((source) => file.startsWith(source)),
    );
    const named = layer?.integration?.map((name) => `test/integration/${name}.test.ts`);
    const others = named?.length === 0 ? [] : this.#ranked(this.#integrationTests, file);
    const furthest = (others[0]?.steps ?? 0) + detour;
    const near = others.filter(({ test, steps }) => steps <= furthest && (!isSlow(test) || steps <= oneAway));
    const guessed = [...this.#nearest(named ?? [], file), ...near.map(({ test }) => test)];
    const known = this.#integrationTests.filter((test) => executes(test) === true);
    const chosen = new Set([
      ...this.#nearest(known, file),
      ...guessed.filter((test) => executes(test) === undefined),
    ]);
    return {
      unit: this.#nearest(this.#unitTests, file).slice(0, nearestUnit),
      integration: [...chosen].slice(0, nearestIntegration),
      built: (layer?.built ?? []).map((name) => `test/${name}.test.ts`),
    };
  }

  /** Those of the tests that import the file, by the shortest way first. */
  #nearest(tests: readonly string[], file: string): readonly string[] {
    return this.#ranked(tests, file).map(({ test }) => test);
  }

  #ranked(
    tests: readonly string[],
    file: string,
  ): readonly { readonly test: string; readonly steps: number }[] {
    return tests
      .flatMap((test) => {
        const { steps, passed } = this.#way(test, file);
        return steps === undefined ? [] : [{ test, steps, passed }];
      })
      .sort((a, b) => a.steps - b.steps || a.passed - b.passed || a.test.localeCompare(b.test));
  }

  #importedBy(file: string): readonly string[] {
    const known = this.#imported.get(file);
    if (known !== undefined) return known;
    const imported = scanSource(readFileSync(join(this.#root, file), 'utf8'))
      .imports.filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => join(dirname(file), specifier).replace(/\.js$/, '.ts'))
      .filter((name) => name.endsWith('.ts') && existsSync(join(this.#root, name)));
    this.#imported.set(file, imported);
    return imported;
  }

  /** How many imports lead from one file to another (undefined where none do), and past how many files. */
  #way(from: string, to: string): { readonly steps: number | undefined; readonly passed: number } {
    const seen = new Set([from]);
    let edge = [from];
    for (let steps = 0; edge.length > 0; steps += 1) {
      if (edge.includes(to)) return { steps, passed: seen.size };
      edge = [...new Set(edge.flatMap((file) => this.#importedBy(file)))].filter((file) => !seen.has(file));
      for (const file of edge) seen.add(file);
    }
    return { steps: undefined, passed: seen.size };
  }
}
