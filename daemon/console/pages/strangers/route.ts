import type en from '../../messages/en/strangers.json';
import { wordsOf } from '../../words/words.js';
import type { ConsoleRoute } from '../route.js';

const t = wordsOf<typeof en>('strangers');

const routes: readonly ConsoleRoute[] = [
  {
    path: '/strangers',
    scopes: ['strangers:read'],
    navigation: { group: 'people', order: 20, icon: 'stranger', text: () => t('title') },
    load: () => import('./strangers.js'),
  },
  { path: '/strangers/:stranger', scopes: ['strangers:read'], load: () => import('./stranger.js') },
];
export default routes;
