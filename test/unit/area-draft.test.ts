import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type Area,
  areasOf,
  changed,
  changesOfAreas,
  closes,
  drawingOf,
  isCornerOf,
  isDrag,
  redone,
  snapped,
  undone,
  withCornerAfter,
  withCornerMoved,
  withoutCorner,
} from '../../daemon/console/pages/cameras/areas/area-draft.js';

const points = [
  { x: 0.1, y: 0.1 },
  { x: 0.5, y: 0.1 },
  { x: 0.5, y: 0.5 },
];
const settings = {
  masks: [{ name: 'Window', points }],
  zones: [{ use: 'ignore' as const, points }],
};
const areas = areasOf(settings);

describe('drawn areas', () => {
  test('ask for nothing that stays, and name only what changed', () => {
    assert.deepEqual(changesOfAreas(areas, settings), {});
    const renamed = areas.map(
      (area): Area => (area.kind === 'ignore' ? { ...area, name: ' Poster ' } : area),
    );
    assert.deepEqual(changesOfAreas(renamed, settings), {
      zones: [{ use: 'ignore', name: 'Poster', points }],
    });
    assert.deepEqual(changesOfAreas([], settings), { masks: [], zones: [] });
  });

  test('snap to the edges of the picture and to corners nearby', () => {
    assert.deepEqual(snapped({ x: 0.004, y: 0.993 }, []), { x: 0, y: 1 });
    assert.deepEqual(snapped({ x: 0.51, y: 0.49 }, points), { x: 0.5, y: 0.5 });
    assert.deepEqual(snapped({ x: 0.123456, y: 0.3 }, points), { x: 0.1235, y: 0.3 });
  });

  test('get no second corner at the same place', () => {
    assert.equal(isCornerOf(points, { x: 0.5, y: 0.1 }), true);
    assert.equal(isCornerOf(points, { x: 0.1, y: 0.5 }), false);
  });

  test('stay where they are when a corner is only tapped', () => {
    assert.equal(isDrag({ x: 100, y: 200 }, { x: 102, y: 198 }), false);
    assert.equal(isDrag({ x: 100, y: 200 }, { x: 100, y: 204 }), true);
  });

  test('are closed at their first corner, from three corners on', () => {
    assert.equal(closes(points, { x: 0.1, y: 0.1 }), true);
    assert.equal(closes(points, { x: 0.5, y: 0.1 }), false);
    assert.equal(closes(points.slice(0, 2), { x: 0.1, y: 0.1 }), false);
  });

  test('keep corners in the picture, get more of them, and go with the last of three', () => {
    const at = { area: 0, point: 0 };
    assert.deepEqual(withCornerMoved(areas, at, { x: -0.5, y: 0.01 })[0]?.points[0], { x: 0, y: 0.11 });
    const more = withCornerAfter(areas, { area: 0, point: 2 });
    assert.deepEqual(more[0]?.points.at(-1), { x: 0.3, y: 0.3 });
    assert.equal(withoutCorner(more, at)[0]?.points.length, 3);
    assert.deepEqual(withoutCorner(areas, at), areas.slice(1));
    const full = Array.from({ length: 20 }).reduce<readonly Area[]>((all) => withCornerAfter(all, at), areas);
    assert.equal(full[0]?.points.length, 16);
  });

  test('go back and forth in steps, and forget what was undone with the next step', () => {
    const drawn = changed(changed(drawingOf([]), areas), areas.slice(1));
    const back = undone(undone(undone(drawn)));
    assert.deepEqual(back.areas, []);
    assert.deepEqual(redone(back).areas, areas);
    assert.deepEqual(redone(redone(redone(back))).areas, areas.slice(1));
    assert.deepEqual(redone(changed(undone(drawn), [])).areas, []);
  });
});
