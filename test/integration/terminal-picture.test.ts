import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { builtChild } from '../support/built.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { openTerminal, type TestTerminalOptions, terminalSkip } from '../support/terminal.js';

/** A red left half and a blue right half. */
const halves = { width: 120, height: 80 };

async function testJpeg(): Promise<Buffer> {
  const half = { width: halves.width / 2, height: halves.height, channels: 3 as const };
  const blue = await sharp({ create: { ...half, background: '#2040c0' } })
    .png()
    .toBuffer();
  return sharp({ create: { ...half, width: halves.width, background: '#c02020' } })
    .composite([{ input: blue, left: half.width, top: 0 }])
    .jpeg({ quality: 95 })
    .toBuffer();
}

/** Red, green and blue of the pixels, by an independent reading of the sixels. */
function readSixels(text: string): {
  readonly width: number;
  readonly height: number;
  at(x: number, y: number): string;
} {
  const [, width = '', height = '', body = ''] = /␛P[\d;]*q"1;1;(\d+);(\d+)([^␛]*)␛\\/.exec(text) ?? [];
  const palette = new Map<string, string>();
  const pixels = new Map<string, string>();
  let [x, top, colour] = [0, 0, ''];
  for (const [token, number, rest, count, sixel] of body.matchAll(
    /#(\d+)((?:;\d+)*)|!(\d+)([?-~])|[$-]|[?-~]/g,
  )) {
    if (number !== undefined) {
      if (rest === '') colour = number;
      else palette.set(number, rest ?? '');
    } else if (token === '$' || token === '-') {
      x = 0;
      if (token === '-') top += 6;
    } else {
      const rows = (sixel ?? token).charCodeAt(0) - 63;
      for (let repeat = Number(count ?? 1); repeat > 0; repeat--, x++) {
        for (let row = 0; row < 6; row++) if ((rows >> row) & 1) pixels.set(`${x},${top + row}`, colour);
      }
    }
  }
  return {
    ...{ width: Number(width), height: Number(height) },
    at: (column, row) => palette.get(pixels.get(`${column},${row}`) ?? '') ?? 'nothing',
  };
}

describe('a picture on a terminal', { skip: terminalSkip }, () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let path = '';
  before(async () => {
    directory = await temporaryDirectory();
    path = join(directory.path, 'face.jpg');
    await writeFile(path, await testJpeg());
  });
  after(() => directory[Symbol.asyncDispose]());

  /** Shows the picture, types a line after it, and returns everything that the terminal got, with signs for control characters. */
  async function shown(options: TestTerminalOptions): Promise<string> {
    const environment = { XDG_RUNTIME_DIR: directory.path, ...options.environment };
    const program = [process.execPath, builtChild('test/support/show-picture-child.ts'), path];
    await using terminal = openTerminal(program, { ...options, environment });
    await terminal.shows(/next\? /);
    terminal.type('hello\r');
    assert.deepEqual(await terminal.ended, { code: 0, isRestored: true });
    assert.match(terminal.written, /read: "hello"/, 'no answer of the terminal is left');
    return terminal.written.replaceAll('\x1b', '␛').replaceAll('\x07', '␇');
  }

  async function colours(png: Buffer): Promise<readonly [number, number]> {
    const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
    assert.deepEqual([info.width, info.height], [halves.width, halves.height]);
    const row = (info.height >> 1) * info.width * info.channels;
    return [data[row + 10 * info.channels] ?? 0, data[row + (info.width - 10) * info.channels] ?? 0];
  }

  test('goes to kitty in pieces that make a PNG', async () => {
    const written = await shown({ environment: { KITTY_WINDOW_ID: '1' } });
    const pieces = [...written.matchAll(/␛_G([^;]*);([^␛]*)␛\\/g)];
    assert.match(pieces[0]?.[1] ?? '', /a=T,f=100,q=2/);
    assert.match(pieces.at(-1)?.[1] ?? '', /m=0/);
    const [red, blue] = await colours(Buffer.from(pieces.map(([, , text]) => text).join(''), 'base64'));
    assert.ok(red > 150 && blue < 80, `${red} and ${blue}`);
  });

  test('goes to iTerm2 as one file', async () => {
    const written = await shown({ environment: { TERM_PROGRAM: 'iTerm.app' } });
    const [, text = ''] = /␛\]1337;File=inline=1;size=\d+:([^␇]*)␇/.exec(written) ?? [];
    const [red, blue] = await colours(Buffer.from(text, 'base64'));
    assert.ok(red > 150 && blue < 80, `${red} and ${blue}`);
  });

  test('goes as sixels to a terminal that says it shows them, also within tmux, and is not wider than it', async () => {
    const environment = { TMUX: '/tmp/tmux', KITTY_WINDOW_ID: '1' };
    const written = await shown({ attributes: '\x1b[?62;4;22c', columns: 10, environment });
    const picture = readSixels(written);
    assert.deepEqual([picture.width, picture.height], [80, 53]);
    const channel = (text: string, index: number): number => Number(text.split(';')[index]);
    assert.ok(channel(picture.at(5, 50), 2) > 60, picture.at(5, 50));
    assert.ok(channel(picture.at(75, 2), 4) > 60, picture.at(75, 2));
  });

  test('is not shown if it is no picture of a camera', async () => {
    const drawing = join(directory.path, 'drawing.jpg');
    await writeFile(drawing, '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
    const program = [process.execPath, builtChild('test/support/show-picture-child.ts'), drawing];
    await using terminal = openTerminal(program, { environment: { KITTY_WINDOW_ID: '1' } });
    assert.deepEqual(await terminal.ended, { code: 1, isRestored: true });
    assert.match(terminal.written, /picture-unreadable/);
  });

  for (const [what, attributes] of [
    ['says that it shows none', '\x1b[?1;2c'],
    ['does not answer', ''],
  ] as const) {
    test(`is a private file where the terminal ${what}`, async () => {
      const written = await shown({ attributes });
      const [, file = ''] = /picture: (\S+\.jpg); delete it after use/.exec(written) ?? [];
      assert.deepEqual(await readFile(file), await readFile(path));
      assert.equal((await stat(file)).mode & 0o777, 0o600);
      assert.equal((await stat(dirname(file))).mode & 0o777, 0o700);
    });
  }

  test('is a file without a terminal or a login session, and the terminal is asked nothing', async () => {
    const gone = join(directory.path, 'gone');
    const child = promisify(execFile)(
      process.execPath,
      [builtChild('test/support/show-picture-child.ts'), path],
      {
        env: { ...process.env, XDG_RUNTIME_DIR: gone, TMPDIR: directory.path, KITTY_WINDOW_ID: '1' },
      },
    );
    child.child.stdin?.end('\n');
    const { stdout } = await child;
    assert.match(stdout, /^picture: \S+\.jpg; delete it after use\n/);
    assert.ok(stdout.startsWith(`picture: ${directory.path}/rollcall-`), stdout);
    assert.ok(!stdout.includes('\x1b'));
  });
});
