import { useSignal } from '@preact/signals';
import { call } from '../../api/call.js';
import { can } from '../../api/session.js';
import { useAct, useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/users.json';
import { Confirm } from '../../parts/dialog.js';
import { Fault } from '../../parts/fault.js';
import { say } from '../../parts/notes.js';
import { Badge, Empty, Loaded, Section } from '../../parts/page.js';
import { ago, dayAndTime } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';
import type { User } from './user-state.js';

const t = wordsOf<typeof en>('users');

/** Where a user is logged in. Sessions can be ended one by one, or all. */
export function UserSessions({ user: { id, userName: name } }: { readonly user: User }) {
  const sessions = useFetched('users.sessions', { id });
  const ending = useAct();
  const asksForAll = useSignal(false);
  const mayEnd = can('users:write');
  const end = async (sessionId?: string): Promise<void> => {
    const { ended } = await call('users.end-sessions', { id, ...(sessionId && { sessionId }) });
    say(t('ended', { count: ended }));
    await sessions.reload();
  };
  const found = sessions.value ?? [];
  return (
    <Section
      title={t('sessions')}
      acts={
        mayEnd &&
        found.length > 0 && (
          <button
            type="button"
            class="small secondary"
            onClick={() => {
              asksForAll.value = true;
            }}
          >
            {t('end-all')}
          </button>
        )
      }
    >
      <Fault error={ending.fault} />
      <Loaded of={sessions}>
        {(value) =>
          value.length === 0 ? (
            <Empty>{t('no-sessions')}</Empty>
          ) : (
            <ul class="rows">
              {value.map((each) => (
                <li key={each.id}>
                  <div>
                    <strong>{t(`kind-${each.kind}`)}</strong>{' '}
                    {each.isCurrent && <Badge tone="info">{t('this-session')}</Badge>}
                    <small>
                      {t('begun')}: {dayAndTime(each.createdAt)} · {t('last-seen')}: {ago(each.lastSeenAt)}
                    </small>
                    {each.address && (
                      <small>
                        {t('address')}: {each.address}
                      </small>
                    )}
                    {each.agent && (
                      <small>
                        {t('agent')}: {each.agent}
                      </small>
                    )}
                  </div>
                  {mayEnd && (
                    <button
                      type="button"
                      class="small secondary"
                      disabled={ending.isRunning}
                      onClick={() => void ending.run(() => end(each.id))}
                    >
                      {t('end')}
                    </button>
                  )}
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
      {asksForAll.value && (
        <Confirm
          title={t('end-all')}
          act={t('end-all')}
          isDestructive
          onAct={() => end()}
          onClose={() => {
            asksForAll.value = false;
          }}
        >
          <p>{t('end-all-what', { name })}</p>
        </Confirm>
      )}
    </Section>
  );
}
