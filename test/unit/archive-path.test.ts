import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkArchivePath } from '../../daemon/cli/archive-path.js';

describe('a path in an archive or a table', () => {
  for (const [given, path] of [
    ['ada.jpg', 'ada.jpg'],
    ['photographs/ada/1.jpg', 'photographs/ada/1.jpg'],
    ['./photographs//ada.jpg/', 'photographs/ada.jpg'],
    ['a..b/..c/d...jpg', 'a..b/..c/d...jpg'],
    ['名前/写真.jpg', '名前/写真.jpg'],
    ['ab:c.jpg', 'ab:c.jpg'],
    ['x'.repeat(500), 'x'.repeat(500)],
  ] as const) {
    test(`is relative, as ${JSON.stringify(given.slice(0, 30))}`, () => {
      assert.deepEqual(checkArchivePath(given), { path });
    });
  }

  for (const [given, problem] of [
    ['x'.repeat(501), /is longer than 500 characters$/],
    ['ada\n.jpg', /contains control characters$/],
    ['ada\u001b[2J.jpg', /contains control characters$/],
    ['ada\u0085.jpg', /contains control characters$/],
    ['photographs\\ada.jpg', /contains '\\'; use '\/' instead$/],
    ['/etc/passwd', /is not relative$/],
    ['C:ada.jpg', /is not relative$/],
    ['z:/ada.jpg', /is not relative$/],
    ['..', /leads out of its folder/],
    ['photographs/../../ada.jpg', /leads out of its folder/],
    ['photographs/..', /leads out of its folder/],
    ['', /is empty$/],
    ['./', /is empty$/],
  ] as const) {
    test(`is refused as ${JSON.stringify(given.slice(0, 30))}, with the path as it can be shown`, () => {
      const checked = checkArchivePath(given);
      assert.ok('problem' in checked, given);
      assert.match(checked.problem, problem);
      assert.ok(checked.problem.startsWith(`the path ${JSON.stringify(given.slice(0, 80))} `));
    });
  }
});
