import type en from '../../messages/en/audit.json';
import { wordsOf } from '../../words/words.js';
import type { ConsoleRoute } from '../route.js';

const t = wordsOf<typeof en>('audit');

const routes: readonly ConsoleRoute[] = [
  {
    path: '/audit',
    scopes: ['audit:read'],
    navigation: { group: 'records', order: 30, icon: 'audit', text: () => t('title') },
    load: () => import('./audit.js'),
  },
];
export default routes;
