import type en from '../../messages/en/alerts.json';
import { wordsOf } from '../../words/words.js';
import type { ConsoleRoute } from '../route.js';

const t = wordsOf<typeof en>('alerts');

const routes: readonly ConsoleRoute[] = [
  {
    path: '/alerts',
    scopes: ['alerts:read'],
    navigation: { group: 'watch', order: 40, icon: 'alert', text: () => t('title') },
    load: () => import('./alerts.js'),
  },
];
export default routes;
