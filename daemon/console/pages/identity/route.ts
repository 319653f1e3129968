import type en from '../../messages/en/identity.json';
import { wordsOf } from '../../words/words.js';
import type { ConsoleRoute } from '../route.js';

const t = wordsOf<typeof en>('identity');

const routes: readonly ConsoleRoute[] = [
  {
    path: '/system/identity',
    scopes: ['identity:read'],
    card: { order: 22, icon: 'identity', text: () => t('title'), lead: () => t('card') },
    load: () => import('./identity.js'),
  },
];
export default routes;
