import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { transformSync } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));

const source = readFileSync(join(root, 'scripts/options.ts'), 'utf8');
const { code } = transformSync(source, { loader: 'ts' });
/** Loads in a tenth of the time that `tsx` takes. */
const module = `data:text/javascript,${encodeURIComponent(code)}`;

/** What a script that takes `--runs`, `--clip`, `--only` and `--json` makes of the arguments. */
function called(usage: string, ...args: readonly string[]) {
  const script = `
    import { readOptions } from ${JSON.stringify(module)};
    const { values } = readOptions(${JSON.stringify(usage)}, {
      args: ${JSON.stringify(args)},
      options: {
        runs: { type: 'string', default: '40' },
        clip: { type: 'string' },
        only: { type: 'string', multiple: true, default: [] },
        json: { type: 'boolean', default: false },
      },
    });
    console.log(JSON.stringify(values));`;
  const node = ['--input-type=module', '--eval', script];
  const { status, stdout, stderr } = spawnSync(process.execPath, node, { encoding: 'utf8' });
  return { status, stdout, stderr };
}

const listed = 'usage: scripts/bench thing [--runs 40] [--clip VALUE] [--only VALUE]... [--json]\n';

describe('options of scripts', () => {
  it('are read with their defaults', () => {
    const { status, stdout } = called('scripts/bench thing', '--clip', 'a.mp4', '--json');
    assert.equal(status, 0);
    assert.deepEqual(JSON.parse(stdout), { runs: '40', clip: 'a.mp4', only: [], json: true });
  });

  it('are listed on standard output by --help', () => {
    assert.deepEqual(called('scripts/bench thing', '--help'), { status: 0, stdout: listed, stderr: '' });
  });

  it('are refused with the reason and the usage when the script does not have them', () => {
    const { status, stdout, stderr } = called('scripts/bench thing', '--rums', '3');
    assert.deepEqual([status, stdout], [2, '']);
    assert.match(stderr, /^Unknown option '--rums'/);
    assert.ok(stderr.endsWith(`\n\n${listed}`), stderr);
    assert.doesNotMatch(stderr, /\n {4}at /);
  });

  it('are explained by the text of a script that has one', () => {
    const text = 'usage: scripts/thing\n\n  --runs N  how often\n';
    assert.equal(called(text, '-h').stdout, text);
  });

  it('are read by one function in every script', () => {
    // An example for integrators stands alone; the portable benchmark takes any arguments.
    const others = ['examples/subscriber.mjs', 'benchmarks/inference-portable.ts', 'options.ts'];
    const reading = readdirSync(join(root, 'scripts'), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(ts|mjs)$/.test(file))
      .filter((file) => readFileSync(join(root, 'scripts', file), 'utf8').includes('parseArgs('));
    assert.deepEqual(reading.sort(), others.sort());
  });
});
