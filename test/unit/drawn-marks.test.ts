import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Canvas, drawMark } from '../../daemon/vision/live/draw-marks.kernel.js';

const canvasOf = (widthPx: number, heightPx: number): Canvas => ({
  rgb: new Uint8ClampedArray(3 * widthPx * heightPx).fill(9),
  ...{ widthPx, heightPx },
});

/** The picture with a sign for each pixel: `o` has the colour of the mark, `#` is ink, `.` is the picture. */
function shown({ rgb, widthPx, heightPx }: Canvas): string {
  const signOf = (at: number): string => ({ 0: '#', 1: 'o', 9: '.' })[rgb[3 * at] ?? -1] ?? '?';
  return Array.from({ length: heightPx }, (_, row) =>
    Array.from({ length: widthPx }, (_each, column) => signOf(row * widthPx + column)).join(''),
  ).join('\n');
}

const colour = [1, 2, 3] as const;
const art = (text: string): string => text.trim().replaceAll(/^ +/gm, '');

describe('a mark on a picture', () => {
  test('has its text above its box, and small letters as capitals', () => {
    const canvas = canvasOf(17, 18);
    drawMark(canvas, { box: { x: 2.4, y: 10.4, width: 11, height: 7 }, lines: ['1a'], colour });
    assert.equal(
      shown(canvas),
      art(`
        ..ooooooooooooo..
        ..ooo#ooooo#ooo..
        ..oo##oooo#o#oo..
        ..ooo#ooo#ooo#o..
        ..ooo#ooo#ooo#o..
        ..ooo#ooo#####o..
        ..ooo#ooo#ooo#o..
        ..oo###oo#ooo#o..
        ..ooooooooooooo..
        ..ooooooooooooo..
        ..ooooooooooo....
        ..ooooooooooo....
        ..oo.......oo....
        ..oo.......oo....
        ..oo.......oo....
        ..ooooooooooo....
        ..ooooooooooo....
        .................
      `),
    );
    assert.deepEqual([...canvas.rgb.subarray(6, 9)], colour);
  });

  test('has its text within the picture where the box is at its edge', () => {
    const canvas = canvasOf(12, 12);
    drawMark(canvas, { box: { x: 8, y: -3, width: 9, height: 30 }, lines: ['-'], colour });
    const row = '.....ooooooo';
    assert.equal(
      shown(canvas),
      [row, row, row, row, '.....o#####o', row, row, row, row, row, '........oo..', '........oo..'].join(
        '\n',
      ),
    );
  });

  test('has its lines one below the other, and larger dots in a larger picture', () => {
    const canvas = canvasOf(1280, 60);
    drawMark(canvas, { box: { x: 100, y: 50, width: 40, height: 8 }, lines: ['-', ' -'], colour });
    const rows = shown(canvas).split('\n');
    const inkOf = (row: number): readonly number[] => [
      rows[row]?.indexOf('#') ?? -1,
      rows[row]?.lastIndexOf('#') ?? -1,
    ];
    // The ground is 38 pixels high and ends where the box begins.
    assert.deepEqual(
      [rows[11]?.includes('o'), rows[12]?.indexOf('o'), rows[12]?.lastIndexOf('o')],
      [false, 100, 125],
    );
    assert.deepEqual([20, 21].map(inkOf), [
      [102, 111],
      [102, 111],
    ]);
    assert.deepEqual([38, 39].map(inkOf), [
      [114, 123],
      [114, 123],
    ]);
    assert.deepEqual(
      [19, 22, 37, 40].map((row) => rows[row]?.includes('#')),
      [false, false, false, false],
    );
  });
});
