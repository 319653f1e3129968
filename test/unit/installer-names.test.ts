import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { parseConfig } from '../../daemon/contract/settings/load.js';
import { root } from '../support/built.js';

/** What the installer asks and writes without a terminal, before anything of the machine changes. */
const steps = `
set -euo pipefail
. scripts/box-steps
ownOption() { return 1; }
readOptions "$@"
exec 3</dev/null
askName site 'Name of the site' the-machine >&2
askName box 'Name of this box' box >&2
firstSettings`;

function run(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  return spawnSync('bash', ['-c', steps, 'rollcall-setup', ...args], {
    ...{ cwd: root, encoding: 'utf8', env: { PATH: process.env['PATH'], ...environment } },
  });
}

/** The names in the configuration that the installer writes. */
function namesOf(...call: Parameters<typeof run>): readonly string[] {
  const { status, stdout, stderr } = run(...call);
  assert.equal(status, 0, stderr);
  const parsed = parseConfig(stdout);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  const { site, box } = parsed.config;
  return [site.id, box.id];
}

describe('the names of a new box', () => {
  test('are those of the options, then those of the environment, then the usual ones', () => {
    assert.deepEqual(namesOf(['--site', 'plant-1', '--box=gate-2']), ['plant-1', 'gate-2']);
    const environment = { ROLLCALL_SITE: 'plant-3', ROLLCALL_BOX: 'gate-4' };
    assert.deepEqual(namesOf([], environment), ['plant-3', 'gate-4']);
    assert.deepEqual(namesOf(['--box', 'gate-5'], environment), ['plant-3', 'gate-5']);
    assert.deepEqual(namesOf([]), ['the-machine', 'box']);
  });

  test('are refused at once when a topic cannot have them', () => {
    const longest = 'p'.repeat(64);
    assert.deepEqual(namesOf(['--site', longest]), [longest, 'box']);
    const refuses = (wrong: string, ...call: Parameters<typeof run>): void => {
      const { status, stdout, stderr } = run(...call);
      assert.deepEqual([status, stdout], [2, ''], wrong);
      assert.ok(stderr.includes(`error: "${wrong}" is not a name of a site or box`), stderr);
    };
    for (const wrong of ['Plant', 'plant/1', '#', '-plant', 'plant-', `${longest}p`])
      refuses(wrong, ['--site', wrong]);
    refuses('a b', ['--box', 'a b']);
    refuses('plant+', [], { ROLLCALL_SITE: 'plant+' });
  });
});
