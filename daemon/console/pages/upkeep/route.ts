import type en from '../../messages/en/upkeep.json';
import { wordsOf } from '../../words/words.js';
import type { ConsoleRoute } from '../route.js';

const t = wordsOf<typeof en>('upkeep');

const routes: readonly ConsoleRoute[] = [
  {
    path: '/system/retention',
    scopes: ['retention:read'],
    card: { order: 60, icon: 'backup', text: () => t('retention-title'), lead: () => t('retention-lead') },
    load: () => import('./retention.js'),
  },
  {
    path: '/system/models',
    scopes: ['status:read'],
    card: { order: 70, icon: 'accuracy', text: () => t('models-title'), lead: () => t('models-lead') },
    load: () => import('./models.js'),
  },
  {
    path: '/system/broker',
    scopes: ['status:read'],
    card: { order: 75, icon: 'event', text: () => t('broker-title'), lead: () => t('broker-lead') },
    load: () => import('./broker.js'),
  },
  {
    path: '/system/doctor',
    scopes: ['status:read'],
    card: { order: 80, icon: 'check', text: () => t('doctor-title'), lead: () => t('doctor-lead') },
    load: () => import('./doctor.js'),
  },
  {
    path: '/system/logs',
    scopes: ['logs:read'],
    card: { order: 85, icon: 'search', text: () => t('logs-title'), lead: () => t('logs-lead') },
    load: () => import('./logs.js'),
  },
];
export default routes;
