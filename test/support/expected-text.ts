import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** Between the texts of one file. */
const heading = /^=== (.*)\n/m;

/**
 * Compares texts with those that a file of test/support/expected has under their titles, character by character. With WRITE_EXPECTED=1 the
 * file is written anew from what the tests gave: read then what has changed.
 */
export function expectedTexts(name: string): (title: string, text: string) => void {
  const file = new URL(`expected/${name}`, import.meta.url);
  const isWriting = process.env['WRITE_EXPECTED'] === '1';
  const [, ...parts] = existsSync(file) ? readFileSync(file, 'utf8').split(heading) : [];
  const known = new Map<string, string>();
  for (let at = 0; at < parts.length; at += 2) known.set(parts[at] ?? '', parts[at + 1] ?? '');
  const given = new Map<string, string>();
  if (isWriting) {
    process.once('exit', () =>
      writeFileSync(file, [...given].map(([title, text]) => `=== ${title}\n${text}`).join('')),
    );
  }
  return (title, text) => {
    assert.ok(!given.has(title), `two texts have the title ${title}`);
    const ended = `${text}\n`;
    given.set(title, ended);
    if (!isWriting) assert.equal(ended, known.get(title), `${name} has another text for: ${title}`);
  };
}
