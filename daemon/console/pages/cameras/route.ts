import type en from '../../messages/en/cameras.json';
import { wordsOf } from '../../words/words.js';
import type { ConsoleRoute } from '../route.js';

const t = wordsOf<typeof en>('cameras');

const routes: readonly ConsoleRoute[] = [
  {
    path: '/cameras',
    scopes: ['cameras:read'],
    navigation: { group: 'watch', order: 10, icon: 'camera', text: () => t('title') },
    load: () => import('./cameras.js'),
  },
  { path: '/cameras/add', scopes: ['cameras:write'], load: () => import('./settings/add.js') },
  {
    path: '/cameras/:id/change',
    scopes: ['cameras:read', 'cameras:write'],
    load: () => import('./settings/change.js'),
  },
  { path: '/cameras/:id', scopes: ['cameras:read'], load: () => import('./camera.js') },
];
export default routes;
