import type en from '../../messages/en/system.json';
import { wordsOf } from '../../words/words.js';
import type { ConsoleRoute } from '../route.js';

const t = wordsOf<typeof en>('system');

const routes: readonly ConsoleRoute[] = [
  {
    path: '/system',
    scopes: [],
    navigation: { group: 'system', order: 0, icon: 'system', text: () => t('title') },
    load: () => import('./overview.js'),
  },
  {
    path: '/system/host',
    scopes: ['status:read'],
    card: { order: 90, icon: 'host', text: () => t('host-title'), lead: () => t('host-lead') },
    load: () => import('./host.js'),
  },
];
export default routes;
