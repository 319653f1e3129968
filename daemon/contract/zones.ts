import { z } from 'zod';
import { fewestCorners, mostCorners } from '../kernel/zones/polygon.js';
import { zoneUses } from '../kernel/zones/zone.js';

const coordinate = z.number().min(0).max(1);
const area = {
  name: z.string().min(1).max(100).exactOptional().describe('Name shown to people.'),
  points: z
    .array(
      z.strictObject({
        x: coordinate.describe('From the left, as a share of the width.'),
        y: coordinate.describe('From the top, as a share of the height.'),
      }),
    )
    .min(fewestCorners)
    .max(mostCorners)
    .readonly()
    .describe('The corners in order. The outline must not cross itself.'),
};

/** A part of the picture of a camera that is black in every frame. */
export const mask = z.strictObject(area);
export type Mask = z.infer<typeof mask>;

/** A part of the picture of a camera where faces count, or do not. */
export const zone = z.strictObject({
  use: z.enum(zoneUses).describe('`detect`: faces count here. `ignore`: they do not.'),
  ...area,
});
export type CameraZone = z.infer<typeof zone>;
