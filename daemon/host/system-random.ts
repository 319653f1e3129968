import { randomInt } from 'node:crypto';
import type { Random } from '../kernel/random.js';

const steps = 2 ** 47;

export const systemRandom: Random = { unit: () => randomInt(steps) / steps };
