import type { ConsoleRoute } from '../route.js';

const routes: readonly ConsoleRoute[] = [
  { path: '/account', scopes: [], load: () => import('./account.js') },
];
export default routes;
