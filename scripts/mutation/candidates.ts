import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { API, type Snapshot } from 'typescript/unstable/sync';
import { type Mutant, type MutationKind, mutantsOf } from './places.js';
import type { Workplace } from './workplace.js';

/** The compiler, which finds the places and tells which mutants are programs. */
export class Compiler {
  readonly #api: API;
  readonly #root: string;
  #snapshot: Snapshot;

  /** `isForConsole`: the console is a project of its own. */
  constructor(root: string, isForConsole = false) {
    this.#root = root;
    this.#api = new API({ cwd: root });
    const project = isForConsole ? 'daemon/console/tsconfig.json' : 'tsconfig.json';
    this.#snapshot = this.#api.updateSnapshot({ openProjects: [join(root, project)] });
  }

  mutantsOf(file: string): readonly Mutant[] {
    const source = this.#program().getSourceFile(join(this.#root, file));
    if (source === undefined) throw new Error(`No project has ${file}.`);
    return mutantsOf(source, file, readFileSync(join(this.#root, file), 'utf8'));
  }

  /** Whether it compiles, and `importers` with it. Names that are left over do not count. */
  async compiles(
    mutant: Mutant,
    importers: readonly string[],
    workplace: Pick<Workplace, 'with'>,
  ): Promise<boolean> {
    const path = join(this.#root, mutant.file);
    const isProgram = await workplace.with(mutant, () => {
      this.#reread(path);
      const program = this.#program();
      const paths = [path, ...importers.map((file) => join(this.#root, file))];
      const problems = paths
        // The console and the rest of the program are projects of their own.
        .filter((file) => program.getSourceFile(file) !== undefined)
        .flatMap((file) => [
          ...program.getSyntacticDiagnostics(file),
          ...program.getSemanticDiagnostics(file),
        ]);
      return problems.every(({ code }) => leftOver.has(code));
    });
    // Otherwise the next mutant would be judged beside this one.
    this.#reread(path);
    return isProgram;
  }

  close(): void {
    this.#api.close();
  }

  #reread(path: string): void {
    const before = this.#snapshot;
    this.#snapshot = this.#api.updateSnapshot({ fileChanges: { changed: [path] } });
    before.dispose();
  }

  #program() {
    const project = this.#snapshot.getProjects()[0];
    if (project === undefined) throw new Error('The compiler does not read tsconfig.json.');
    return project.program;
  }
}

/** Declared and never used: a name, an import, all of an import, all of a destructuring. */
const leftOver = new Set([6133, 6192, 6196, 6198]);

/** Random numbers from 0 to 1, the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Of twenty mutants fourteen change the logic, three a boundary, three a constant. */
const rhythm: readonly MutationKind[] = 'LLLLBLLCLLLBLLCLLBLC'
  .split('')
  .map((letter) => (letter === 'L' ? 'logic' : letter === 'B' ? 'boundary' : 'constant'));

/** All mutants in a random order in which the kinds take turns, as long as there are some of each. */
export function inDrawingOrder(mutants: readonly Mutant[], random: () => number): readonly Mutant[] {
  const shuffled = mutants.map((mutant) => ({ mutant, key: random() })).sort((a, b) => a.key - b.key);
  const piles = new Map<MutationKind, Mutant[]>([
    ['logic', []],
    ['boundary', []],
    ['constant', []],
  ]);
  for (const { mutant } of shuffled) piles.get(mutant.kind)?.push(mutant);
  const order: Mutant[] = [];
  for (let turn = 0; order.length < mutants.length; turn += 1) {
    const next = piles.get(rhythm[turn % rhythm.length] ?? 'logic')?.shift();
    if (next !== undefined) order.push(next);
  }
  return order;
}
