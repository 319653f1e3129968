import type en from '../../messages/en/events.json';
import { wordsOf } from '../../words/words.js';
import type { ConsoleRoute } from '../route.js';

const t = wordsOf<typeof en>('events');

const routes: readonly ConsoleRoute[] = [
  {
    path: '/events',
    scopes: ['events:read'],
    navigation: { group: 'records', order: 20, icon: 'event', text: () => t('title') },
    load: () => import('./events.js'),
  },
  { path: '/events/:event', scopes: ['events:read'], load: () => import('./event.js') },
  { path: '/outbox', scopes: ['status:read'], load: () => import('./outbox.js') },
];
export default routes;
