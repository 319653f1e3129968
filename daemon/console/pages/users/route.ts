import type en from '../../messages/en/users.json';
import { wordsOf } from '../../words/words.js';
import type { ConsoleRoute } from '../route.js';

const t = wordsOf<typeof en>('users');

const routes: readonly ConsoleRoute[] = [
  {
    path: '/system/users',
    scopes: ['users:read'],
    navigation: { group: 'system', order: 10, icon: 'users', text: () => t('users') },
    card: { order: 10, icon: 'users', text: () => t('users'), lead: () => t('users-card') },
    load: () => import('./users.js'),
  },
  { path: '/system/users/:id', scopes: ['users:read'], load: () => import('./user.js') },
  {
    path: '/system/roles',
    scopes: ['users:read'],
    card: { order: 11, icon: 'role', text: () => t('roles'), lead: () => t('roles-card') },
    load: () => import('./roles.js'),
  },
  {
    path: '/system/api-keys',
    scopes: ['users:read'],
    card: { order: 12, icon: 'key', text: () => t('keys'), lead: () => t('keys-card') },
    load: () => import('./api-keys.js'),
  },
];
export default routes;
