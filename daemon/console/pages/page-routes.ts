import type { ConsoleRoute } from './route.js';

/** Every page of the console. */
export const pageRoutes: readonly ConsoleRoute[] = Object.values(
  import.meta.glob<readonly ConsoleRoute[]>('./*/route.ts', { eager: true, import: 'default' }),
).flat();
