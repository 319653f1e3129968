import type en from '../../messages/en/accuracy.json';
import { wordsOf } from '../../words/words.js';
import type { ConsoleRoute } from '../route.js';

const t = wordsOf<typeof en>('accuracy');

const routes: readonly ConsoleRoute[] = [
  {
    path: '/accuracy',
    scopes: ['passages:read'],
    navigation: { group: 'records', order: 60, icon: 'accuracy', text: () => t('title') },
    load: () => import('./accuracy.js'),
  },
];
export default routes;
