import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { guardedText, guardOutput } from '../../daemon/host/guarded-output.js';
import { shownText } from '../../daemon/kernel/printable-text.js';
import { table } from '../../daemon/kernel/text-table.js';
import { root } from '../support/built.js';

/** C0, DEL, C1, bidirectional controls, separators of lines, a lone surrogate. */
const nasty =
  '\u0000\u0007\b\t\n\r\u001b\u007f\u0080\u009b\u061c\u200e\u200f\u202a\u202e\u2028\u2029\u2066\u2069\ud800';

describe('text from outside', () => {
  test('is shown with every character escaped that steers a terminal, ends a line or reorders text', () => {
    assert.equal(
      shownText(`a${nasty}z`),
      String.raw`a\u0000\u0007\u0008\u0009\u000a\u000d\u001b\u007f\u0080\u009b\u061c\u200e\u200f\u202a\u202e\u2028\u2029\u2066\u2069\ud800z`,
    );
    assert.equal(shownText('\u001b]0;title\u0007'), String.raw`\u001b]0;title\u0007`);
  });

  test('keeps every script, joiners and whole surrogate pairs as they are', () => {
    for (const text of ['Zoë Łukasz', 'محمد', 'नमस्ते', 'क्‍ष', '山田太郎', '👩‍🔬', ''])
      assert.equal(shownText(text), text);
  });

  test('keeps line ends and tabs only if several lines are allowed', () => {
    assert.equal(
      shownText('a\r\nb\tc\rd', { isMultiline: true }),
      String.raw`a
b	c\u000dd`,
    );
    assert.equal(shownText('a\nb'), String.raw`a\u000ab`);
  });

  test('is cut if it is too long', () => {
    assert.equal(shownText('abcdef', { longest: 3 }), 'abc…');
    assert.equal(shownText('x'.repeat(1_000_000)).length, 4001);
  });

  test('has the same meaning in JSON after it was escaped', () => {
    const value = { message: `a${nasty}z`, [nasty]: [nasty] };
    const line = JSON.stringify(value);
    assert.notEqual(shownText(line), line);
    assert.deepEqual(JSON.parse(shownText(line)), value);
  });
});

describe('output of a command', () => {
  test('is guarded for every writer; colours, progress and documents stay', () => {
    const written: unknown[] = [];
    const output = { write: (chunk: unknown) => void written.push(chunk) } as unknown as NodeJS.WriteStream;
    guardOutput(output);
    output.write('camera: \u001b[2J\u001b]8;;http://x\u0007 \u202eno\n');
    output.write('\u001b[31mfailed\u001b[39m\n');
    output.write('\r\u001b[Kimporting: \u001b[8m\r\u001b[K');
    output.write(Buffer.from('\u200e'));
    assert.deepEqual(written, [
      `${String.raw`camera: \u001b[2J\u001b]8;;http://x\u0007 \u202eno`}\n`,
      '\u001b[31mfailed\u001b[39m\n',
      `\r\u001b[K${String.raw`importing: \u001b[8m\u000d\u001b[K`}`,
      Buffer.from('\u200e'),
    ]);
  });

  test('shows no row of a table that is part of a text', () => {
    const shown = table(['label'], [['x\nowner\tall']]);
    assert.equal(shown, String.raw`label|x\u000aowner\u0009all`.replace('|', '\n'));
  });

  test('allows the line editor of a question to move the cursor, but not text', () => {
    assert.equal(guardedText('\u001b[1G'), '\u001b[1G');
    assert.equal(guardedText('\u001b[2J\u001b[1Gall is well'), String.raw`\u001b[2J\u001b[1Gall is well`);
  });

  test('is guarded in every program that has a terminal', () => {
    const programs = ['daemon/cli/main.ts', 'daemon/core/main.ts', 'daemon/gate/main.ts'];
    for (const path of programs)
      assert.match(readFileSync(join(root, path), 'utf8'), /guardOutput\(process\.stderr\)/, path);
    const sources = readdirSync(join(root, 'daemon'), { recursive: true, encoding: 'utf8' });
    const mains = sources.filter((path) => path.endsWith('main.ts')).map((path) => `daemon/${path}`);
    // The others speak to their parent or to the journal only.
    const quiet = [
      ...['daemon/core/gallery/verify/verify-pages-main.ts', 'daemon/host/fixed-computation-main.ts'],
      ...['daemon/host/password-process-main.ts'],
      ...['daemon/vision/heic-decoder-main.ts', 'daemon/vision/main.ts'],
      ...['daemon/vision/vision-instance-main.ts'],
    ];
    assert.deepEqual(mains.sort(), [...programs, ...quiet].sort());
  });
});
