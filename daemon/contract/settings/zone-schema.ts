import { z } from 'zod';
import { faultOf, fewestCorners, mostCorners, type PolygonFault } from '../../kernel/zones/polygon.js';
import { mostAreas, zoneUses } from '../../kernel/zones/zone.js';
import { whenList } from './cross-checks.js';
import { shownName } from './scalars.js';
import { field } from './setting-field.js';

const faults: Readonly<Record<PolygonFault, readonly [message: string, remedy: string]>> = {
  'crosses-itself': [
    'has an outline that crosses itself',
    'List the corners in the order in which the outline passes them.',
  ],
  'too-small': ['covers no area', 'List at least three corners that are not on one line.'],
};

const coordinate = z.number().min(0).max(1);
const area = {
  name: shownName.exactOptional(),
  points: z
    .array(z.strictObject({ x: coordinate, y: coordinate }))
    .min(fewestCorners)
    .max(mostCorners)
    .superRefine((points, context) => {
      if (points.some((point) => typeof point?.x !== 'number' || typeof point?.y !== 'number')) return;
      const fault = points.length < fewestCorners ? undefined : faultOf(points);
      if (fault === undefined) return;
      const [message, remedy] = faults[fault];
      context.addIssue({ code: 'custom', message, params: { remedy } });
    }, whenList),
};

const corners = `\`points\`, ${fewestCorners} to ${mostCorners} corners in order, each with \`x\` and \`y\` as shares of the width and height, 0 to 1 from the top left`;

export const zonesField = field(
  z
    .array(z.strictObject({ use: z.enum(zoneUses), ...area }).meta({ title: 'zone' }))
    .max(mostAreas)
    .default([]),
  'replace',
  `Parts of the picture, each with \`use\`, perhaps a \`name\`, and ${corners}. With a zone that has \`use: detect\`, the box looks only at faces whose centre lies in such a zone. It ignores faces whose centre lies in a zone with \`use: ignore\`.`,
);

export const masksField = field(
  z
    .array(z.strictObject(area).meta({ title: 'mask' }))
    .max(mostAreas)
    .default([]),
  'replace',
  `Privacy masks: parts of the picture that are black in every frame that leaves the decoder, each with ${corners}, and perhaps a \`name\`. A camera with masks has no smooth video, which the camera encodes itself.`,
);
