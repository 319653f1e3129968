import type en from '../../messages/en/now.json';
import { wordsOf } from '../../words/words.js';
import type { ConsoleRoute } from '../route.js';

const t = wordsOf<typeof en>('now');

const routes: readonly ConsoleRoute[] = [
  {
    path: '/',
    scopes: ['status:read'],
    navigation: { group: 'watch', order: 0, icon: 'now', text: () => t('title') },
    load: () => import('./now.js'),
  },
];
export default routes;
