import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  type ConvolutionConstants,
  filtersFromDepthwise,
  filtersFromHwio,
  foldInputAffine,
  foldOutputAffine,
  joinOutputs,
  pickOutputs,
  sumOfHalves,
} from '../../daemon/host/models/convert/filters.kernel.js';
import { samePadding } from '../../daemon/host/models/convert/layers.js';

/** One position of a convolution: the window is [inputs, height, width] like a filter. */
function apply(constants: ConvolutionConstants, window: readonly number[]): readonly number[] {
  return [...constants.bias].map((bias, output) =>
    window.reduce((sum, x, k) => sum + x * (constants.filters[output * window.length + k] ?? 0), bias),
  );
}

function assertClose(found: readonly number[], wanted: readonly number[]): void {
  assert.equal(found.length, wanted.length);
  for (const [i, value] of found.entries()) {
    assert.ok(Math.abs(value - (wanted[i] ?? Number.NaN)) < 1e-3, `${found} against ${wanted}`);
  }
}

const number = fc.double({ min: -2, max: 2, noNaN: true });
const numbers = (count: number): fc.Arbitrary<number[]> =>
  fc.array(number, { minLength: count, maxLength: count });

/** 2 outputs, 2 inputs, 1 row, 3 columns. */
const convolutions: fc.Arbitrary<ConvolutionConstants> = fc
  .tuple(numbers(12), numbers(2))
  .map(([filters, bias]) => ({
    dims: [2, 2, 1, 3],
    filters: Float32Array.from(filters),
    bias: Float32Array.from(bias),
  }));

describe('folding constants into filters', () => {
  test('a scale and shift after the convolution', () => {
    fc.assert(
      fc.property(convolutions, numbers(6), numbers(2), numbers(2), (constants, window, scale, shift) => {
        const wanted = apply(constants, window).map((y, o) => y * (scale[o] ?? 0) + (shift[o] ?? 0));
        assertClose(apply(foldOutputAffine(constants, scale, shift), window), wanted);
      }),
    );
  });

  test('a mean and scale before the convolution', () => {
    fc.assert(
      fc.property(convolutions, numbers(6), numbers(2), number, (constants, window, mean, scale) => {
        const before = window.map((x, k) => (x - (mean[Math.floor(k / 3)] ?? 0)) * scale);
        assertClose(apply(foldInputAffine(constants, mean, scale), window), apply(constants, before));
      }),
    );
  });

  test('the outputs of two convolutions follow each other', () => {
    fc.assert(
      fc.property(convolutions, convolutions, numbers(6), (first, second, window) => {
        const joined = joinOutputs(first, second);
        assert.deepEqual(joined.dims, [4, 2, 1, 3]);
        assertClose(apply(joined, window), [...apply(first, window), ...apply(second, window)]);
      }),
    );
  });

  test('each input is the sum of one in each half', () => {
    fc.assert(
      fc.property(convolutions, numbers(6), numbers(6), (constants, first, second) => {
        const halves = sumOfHalves(constants);
        assert.deepEqual(halves.dims, [2, 4, 1, 3]);
        const sums = first.map((x, k) => x + (second[k] ?? 0));
        assertClose(apply(halves, [...first, ...second]), apply(constants, sums));
      }),
    );
  });

  test('outputs are picked with their bias', () => {
    const constants = {
      dims: [5, 1, 1, 1] as const,
      filters: Float32Array.of(0, 1, 2, 3, 4),
      bias: Float32Array.of(10, 11, 12, 13, 14),
    };
    const picked = pickOutputs({ ...constants, dims: [5, 1, 1, 1] }, 3, 1);
    assert.deepEqual(
      [picked.dims, [...picked.filters], [...picked.bias]],
      [
        [2, 1, 1, 1],
        [1, 4],
        [11, 14],
      ],
    );
  });
});

describe('filter layouts', () => {
  test('height, width, inputs, outputs become outputs, inputs, height, width', () => {
    const hwio = Float32Array.from({ length: 2 * 1 * 2 * 3 }, (_, i) => i);
    const { dims, filters } = filtersFromHwio([2, 1, 2, 3], hwio);
    assert.deepEqual(dims, [3, 2, 2, 1]);
    assert.deepEqual([...filters], [0, 6, 3, 9, 1, 7, 4, 10, 2, 8, 5, 11]);
  });

  test('a depthwise filter is grouped by channel', () => {
    const { dims, filters } = filtersFromDepthwise([1, 2, 3, 1], Float32Array.of(1, 2, 3, 4, 5, 6));
    assert.deepEqual(dims, [3, 1, 1, 2]);
    assert.deepEqual([...filters], [1, 4, 2, 5, 3, 6]);
  });
});

test('"same" padding gives ceil(size / stride) cells and puts the odd one last', () => {
  const sizes = fc.integer({ min: 1, max: 300 });
  const kernels = fc.constantFrom(1, 2, 3, 5, 7);
  fc.assert(
    fc.property(sizes, sizes, kernels, fc.constantFrom(1, 2, 3), (heightPx, widthPx, kernel, stride) => {
      const padding = samePadding({ heightPx, widthPx }, [kernel, kernel], [stride, stride]);
      assert.notEqual(padding, 'same');
      if (padding === 'same') return;
      const [top, left, bottom, right] = padding;
      // A window larger than its stride reaches the end exactly; a smaller one leaves cells unread.
      const reached = Math.max(kernel, (Math.ceil(heightPx / stride) - 1) * stride + kernel);
      assert.equal(top + bottom, Math.max(0, reached - heightPx));
      for (const [before, after] of [
        [top, bottom],
        [left, right],
      ] as const) {
        assert.ok(after === before || after === before + 1);
      }
    }),
  );
});
