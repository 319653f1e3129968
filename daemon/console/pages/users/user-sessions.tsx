import { call } from '../../api/call.js';
import { can } from '../../api/session.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/users.json';
import { ActionBar } from '../../parts/actions.js';
import { say } from '../../parts/notes.js';
import { Badge, Empty, Loaded, Section } from '../../parts/page.js';
import { ago, dayAndTime } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import type { User } from './user-state.js';

const t = wordsOf<typeof en>('users');

/** Where a user is logged in. Sessions can be ended one by one, or all. */
export function UserSessions({ user: { id, userName: name } }: { readonly user: User }) {
  const sessions = useFetched('users.sessions', { id });
  const mayEnd = can('users:write');
  const end = async (sessionId?: string): Promise<void> => {
    const { ended } = await call('users.end-sessions', { id, ...(sessionId && { sessionId }) });
    say(t('ended', { count: ended }));
    await sessions.reload();
  };
  return (
    <Section
      title={t('sessions')}
      actions={[
        {
          text: t('end-all'),
          isOffered: mayEnd && (sessions.value?.length ?? 0) > 0,
          ask: { title: t('end-all'), text: t('end-all-what', { name }), isDestructive: true },
          onAct: () => end(),
        },
      ]}
    >
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
                  <ActionBar
                    isSmall
                    of={[{ text: t('end'), isOffered: mayEnd, onAct: () => end(each.id) }]}
                  />
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Section>
  );
}
