import { type Box, boxCentre, clipBox } from '../kernel/faces/geometry.js';
import type { Picture } from '../kernel/faces/picture.js';
import { isWatched, type Zone } from '../kernel/zones/zone.js';
import type { FaceAnalyser } from './face-analyser.js';

/**
 * An analyser that finds no faces outside the zones of a camera. A face that is followed and leaves them is not found any more, so
 * its track ends as that of a person who left; within the time for which a lost track is kept, it may come back. It does not own the
 * analyser behind it.
 */
export function withinZones(analyser: FaceAnalyser, zones: readonly Zone[]): FaceAnalyser {
  if (zones.length === 0) return analyser;
  const counts = (box: Box, { widthPx, heightPx }: Picture): boolean => {
    // No zone reaches beyond the picture, but the box of a face at its edge does.
    const { x, y } = boxCentre(clipBox(box, widthPx, heightPx));
    return isWatched(zones, { x: x / widthPx, y: y / heightPx });
  };
  return {
    recogniser: analyser.recogniser,
    provider: analyser.provider,
    async detect(picture, options) {
      const found = await analyser.detect(picture, options);
      return found.filter(({ box }) => counts(box, picture));
    },
    async locate(picture, regions) {
      const found = await analyser.locate(picture, regions);
      return found.map((face) => (face !== undefined && counts(face.box, picture) ? face : undefined));
    },
    assess: (...of) => analyser.assess(...of),
    texture: (...of) => analyser.texture(...of),
    surroundings: (...of) => analyser.surroundings(...of),
    embed: (...of) => analyser.embed(...of),
    passivePad: (...of) => analyser.passivePad(...of),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
