import type { ConsoleRoute } from '../route.js';

const routes: readonly ConsoleRoute[] = [
  { path: '/claim', scopes: [], isPublic: true, isBare: true, load: () => import('./claim.js') },
];
export default routes;
