import type en from '../../messages/en/configuration.json';
import { wordsOf } from '../../words/words.js';
import type { ConsoleRoute } from '../route.js';

const t = wordsOf<typeof en>('configuration');

const routes: readonly ConsoleRoute[] = [
  {
    path: '/system/configuration',
    scopes: ['config:read'],
    card: { order: 50, icon: 'system', text: () => t('title'), lead: () => t('lead') },
    load: () => import('./configuration.js'),
  },
  {
    path: '/system/configuration/text',
    scopes: ['config:read'],
    load: () => import('./configuration-text.js'),
  },
];
export default routes;
