import type { Box } from '../../daemon/kernel/faces/geometry.js';
import { portrait, samplePhotograph } from '../virtual-camera/cast.js';

/** How a demo person comes and goes. `hidden`: a few days without a proof of life. */
export type Habit = 'punctual' | 'late' | 'long' | 'forgetful' | 'hidden' | 'night';

/** A demo person: a face of the sample photographs that come with @vladmandic/face-api, under a name made up here. */
export interface DemoPerson {
  readonly name: string;
  readonly externalId: string;
  readonly habit: Habit;
  photograph(): Promise<Buffer>;
}

function person(
  name: string,
  habit: Habit,
  number: number,
  sample: number,
  [x, y, width, height]: readonly [number, number, number, number],
): DemoPerson {
  const face: Box = { x, y, width, height };
  return {
    ...{ name, habit, externalId: `demo-${number}` },
    photograph: () => portrait({ photo: samplePhotograph(sample), face }),
  };
}

/** All are different people with clearly different faces, and no other face is near. */
export const people: readonly DemoPerson[] = [
  person('Ada Byron', 'punctual', 1, 6, [247, 517, 221, 242]),
  person('Bea Kidane', 'late', 2, 6, [1479, 296, 224, 250]),
  person('Chidi Okafor', 'long', 3, 6, [669, 365, 210, 258]),
  person('Dana Novak', 'forgetful', 4, 6, [1170, 351, 201, 225]),
  person('Farid Haddad', 'hidden', 5, 5, [588, 441, 180, 228]),
  person('Grace Mwangi', 'punctual', 6, 5, [1110, 222, 185, 221]),
  person('Jonas Lind', 'night', 7, 1, [1460, 221, 225, 215]),
  person('Lena Fischer', 'late', 8, 4, [650, 84, 202, 226]),
];
