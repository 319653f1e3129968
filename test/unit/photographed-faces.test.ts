import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Box } from '../../daemon/kernel/faces/geometry.js';
import {
  describeFace,
  dominantFace,
  fromLeftToRight,
  inForeground,
  numberFaces,
} from '../../daemon/kernel/faces/photographed-faces.js';

type Place = readonly [x: number, y: number, width: number, height: number];

/** Boxes that the base detector and the mesh find on real photographs, pixels, from left to right. */
type Photograph = readonly [widthPx: number, heightPx: number, faces: readonly Place[]];

/** Photographs of one person (LFW, the person in the middle) with others in the foreground, and the face that is taken. */
const portraits: readonly (readonly [...Photograph, taken: number | undefined])[] = [
  [
    250,
    250,
    [
      [-32, 88, 88, 99],
      [80, 84, 83, 95],
    ],
    1,
  ],
  [
    250,
    250,
    [
      [74, 81, 95, 103],
      [141, -19, 74, 85],
    ],
    0,
  ],
  [
    250,
    250,
    [
      [2, 79, 72, 85],
      [88, 80, 89, 105],
    ],
    undefined,
  ],
  [
    250,
    250,
    [
      [75, 80, 89, 116],
      [195, 25, 97, 110],
    ],
    0,
  ],
  [
    250,
    250,
    [
      [64, 74, 101, 115],
      [181, 17, 106, 125],
    ],
    0,
  ],
  [
    250,
    250,
    [
      [85, 86, 85, 89],
      [191, 53, 76, 86],
    ],
    0,
  ],
  [
    250,
    250,
    [
      [80, 79, 90, 105],
      [209, 13, 68, 76],
    ],
    0,
  ],
  [
    250,
    250,
    [
      [71, 76, 97, 119],
      [193, 69, 96, 113],
    ],
    0,
  ],
  [
    250,
    250,
    [
      [-22, 126, 76, 80],
      [81, 74, 98, 119],
      [181, 125, 64, 72],
    ],
    1,
  ],
  [
    250,
    250,
    [
      [-1, 89, 55, 62],
      [68, 78, 100, 118],
    ],
    1,
  ],
  [
    250,
    250,
    [
      [77, 76, 97, 115],
      [134, 70, 98, 96],
    ],
    undefined,
  ],
  [
    250,
    250,
    [
      [81, 75, 92, 114],
      [95, 128, 79, 112],
    ],
    undefined,
  ],
];

/** Photographs of groups. */
const groups: readonly Photograph[] = [
  [
    500,
    375,
    [
      [101, 195, 30, 36],
      [165, 118, 28, 34],
      [184, 213, 34, 37],
      [201, 93, 30, 37],
      [300, 85, 38, 43],
      [318, 232, 41, 49],
      [391, 87, 42, 51],
    ],
  ],
  [
    360,
    480,
    [
      [134, 205, 83, 100],
      [149, 79, 68, 83],
    ],
  ],
  [
    500,
    375,
    [
      [105, 153, 69, 92],
      [234, 209, 62, 78],
      [358, 154, 87, 98],
    ],
  ],
  [
    500,
    375,
    [
      [34, 187, 46, 54],
      [57, 129, 38, 43],
      [119, 135, 32, 36],
      [351, 137, 31, 35],
      [411, 164, 33, 41],
      [442, 169, 49, 56],
    ],
  ],
  [
    500,
    332,
    [
      [55, 154, 43, 49],
      [153, 167, 31, 36],
      [184, 84, 32, 38],
      [238, 71, 39, 44],
      [277, 176, 47, 57],
      [327, 48, 45, 55],
    ],
  ],
  [
    500,
    375,
    [
      [112, 56, 94, 107],
      [228, 95, 82, 99],
      [342, 77, 104, 116],
    ],
  ],
  [
    480,
    438,
    [
      [106, 82, 37, 41],
      [165, 116, 34, 39],
      [194, 79, 31, 40],
      [206, 228, 35, 40],
      [226, 94, 32, 38],
      [285, 99, 31, 36],
      [328, 77, 34, 40],
    ],
  ],
  [
    500,
    334,
    [
      [106, 136, 50, 56],
      [132, 76, 47, 52],
      [190, 110, 44, 51],
      [224, 57, 37, 44],
      [265, 126, 38, 41],
      [316, 117, 38, 42],
      [365, 128, 41, 45],
    ],
  ],
  [
    400,
    500,
    [
      [149, 40, 72, 92],
      [266, 275, 60, 72],
    ],
  ],
  [
    1920,
    1494,
    [
      [52, 943, 134, 167],
      [57, 350, 158, 197],
      [68, 660, 147, 183],
      [66, 58, 158, 195],
      [68, 1242, 163, 201],
      [324, 221, 103, 127],
      [314, 432, 132, 157],
      [327, 42, 108, 128],
      [345, 1177, 210, 254],
      [370, 767, 225, 273],
      [532, 84, 177, 212],
      [541, 397, 167, 209],
      [734, 1190, 168, 202],
      [745, 775, 166, 212],
      [841, 373, 165, 202],
      [851, 93, 150, 184],
      [1024, 712, 178, 221],
      [1045, 1250, 164, 199],
      [1085, 1028, 126, 158],
      [1402, 1289, 118, 144],
      [1404, 85, 278, 327],
      [1589, 672, 95, 112],
      [1729, 1255, 145, 179],
      [1767, 414, 99, 124],
    ],
  ],
  [
    1920,
    1280,
    [
      [420, 387, 181, 211],
      [826, 444, 211, 208],
      [1460, 221, 225, 215],
    ],
  ],
  [
    1920,
    1367,
    [
      [354, 177, 175, 215],
      [896, 270, 175, 185],
      [1439, 181, 212, 212],
    ],
  ],
  [
    1920,
    1350,
    [
      [593, 354, 211, 246],
      [1070, 237, 236, 267],
      [1472, 321, 226, 253],
    ],
  ],
  [
    1920,
    1448,
    [
      [230, 217, 193, 224],
      [650, 84, 202, 226],
      [986, 216, 180, 201],
    ],
  ],
  [
    1920,
    1398,
    [
      [351, 896, 240, 275],
      [588, 441, 180, 228],
      [778, 128, 170, 205],
      [1110, 222, 185, 221],
      [1405, 417, 216, 247],
    ],
  ],
  [
    1920,
    1537,
    [
      [244, 512, 225, 250],
      [669, 365, 210, 258],
      [1170, 351, 201, 225],
      [1479, 290, 225, 269],
    ],
  ],
];

function facesOf(places: readonly Place[]): readonly { readonly box: Box }[] {
  return places.map(([x, y, width, height]) => ({ box: { x, y, width, height } }));
}

/** Which of these faces of a photograph of 1000 x 800 pixels is dominant. */
function dominant(...places: readonly Place[]): number | undefined {
  const faces = facesOf(places);
  const found = dominantFace(faces, { widthPx: 1000, heightPx: 800 });
  return found && faces.indexOf(found);
}

const middle: Place = [400, 300, 200, 200];

describe('the face that a photograph is of', () => {
  test('is the only one, wherever it is', () => {
    assert.equal(dominant([0, 0, 100, 120]), 0);
    assert.equal(dominant(), undefined);
  });

  test('is the near one where the others stand far in the background, wherever it is', () => {
    assert.equal(dominant([0, 0, 200, 200], [480, 380, 60, 60]), 0);
    assert.equal(dominant([0, 0, 200, 200], [480, 380, 70, 70]), undefined, 'but no farther than a third');
  });

  test('is the one in the middle where every other is shown on at most half its area', () => {
    assert.equal(dominant(middle, [50, 300, 200, 100]), 0);
    assert.equal(dominant(middle, [50, 300, 200, 101]), undefined);
    assert.equal(
      dominant(middle, [50, 300, 100, 100], [700, 300, 140, 150]),
      undefined,
      'one that is larger is enough',
    );
  });

  test('is not one at the side, above or below, however large', () => {
    const small: Place = [450, 350, 100, 100];
    for (const large of [
      [20, 300, 220, 220],
      [760, 300, 220, 220],
      [400, 10, 220, 220],
      [400, 575, 220, 220],
    ] as const) {
      assert.equal(dominant(large, small), undefined, large.join());
    }
  });

  test('may stand beside a face of its size that the edge cuts off', () => {
    assert.equal(dominant(middle, [-60, 300, 200, 200]), 0);
    assert.equal(dominant(middle, [-10, 300, 200, 200]), undefined, 'this one is whole');
    assert.equal(dominant(middle, [-60, 200, 300, 300]), undefined, 'this one is shown larger');
  });

  test('is itself not cut off', () => {
    assert.equal(dominant([400, -80, 400, 600], [50, 300, 140, 140]), undefined);
  });

  test('is found on photographs of one person with others beside', () => {
    for (const [index, [widthPx, heightPx, places, taken]] of portraits.entries()) {
      const faces = facesOf(places);
      const found = dominantFace(faces, { widthPx, heightPx });
      assert.equal(found && faces.indexOf(found), taken, `photograph ${index}`);
    }
  });

  test('does not exist on photographs of groups', () => {
    for (const [index, [widthPx, heightPx, places]] of groups.entries()) {
      assert.equal(dominantFace(facesOf(places), { widthPx, heightPx }), undefined, `photograph ${index}`);
    }
  });
});

describe('whatever the faces', () => {
  const place = fc.tuple(
    fc.integer({ min: -100, max: 1000 }),
    fc.integer({ min: -100, max: 800 }),
    fc.integer({ min: 20, max: 500 }),
    fc.integer({ min: 20, max: 500 }),
  );
  const size = { widthPx: 1000, heightPx: 800 };

  test('their order and a mirror do not change which one is dominant', () => {
    fc.assert(
      fc.property(fc.array(place, { minLength: 1, maxLength: 5 }), (places) => {
        const faces = facesOf(places);
        const found = dominantFace(faces, size);
        assert.equal(dominantFace(faces.toReversed(), size), found);
        const mirrored = facesOf(places.map(([x, y, width, height]) => [1000 - x - width, y, width, height]));
        const index = found === undefined ? -1 : faces.indexOf(found);
        assert.equal(dominantFace(mirrored, size), mirrored[index]);
      }),
    );
  });

  test('the dominant one is the widest but for faces that are cut off', () => {
    fc.assert(
      fc.property(fc.array(place, { minLength: 2, maxLength: 5 }), (places) => {
        const inside = places.map(
          ([x, y, width, height]): Place => [
            Math.min(Math.max(0, x), 1000 - width),
            Math.min(Math.max(0, y), 800 - height),
            width,
            height,
          ],
        );
        const faces = facesOf(inside);
        const found = dominantFace(faces, size);
        if (found === undefined) return;
        const area = ({ box }: { readonly box: Box }): number => box.width * box.height;
        assert.ok(inForeground(faces).every((face) => face === found || 2 * area(face) <= area(found)));
      }),
    );
  });
});

describe('faces of a photograph', () => {
  test('are numbered from left to right, in pixels of the photograph as it was sent', () => {
    const faces = fromLeftToRight(
      facesOf([
        [800, 100, 120, 130],
        [-20, 200, 100, 120],
        [420, 90, 100.4, 120],
      ]),
    );
    const numbered = numberFaces(faces, { widthPx: 1000, heightPx: 800 }, 2);
    assert.deepEqual(numbered, [
      { number: 1, place: 'left', box: { x: 0, y: 400, width: 160, height: 240 } },
      { number: 2, place: 'middle', box: { x: 840, y: 180, width: 201, height: 240 } },
      { number: 3, place: 'right', box: { x: 1600, y: 200, width: 240, height: 260 } },
    ]);
    assert.deepEqual(numbered.map(describeFace)[1], '2 (middle, 201 x 240 pixels at 840, 180)');
  });
});
