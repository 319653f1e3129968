import type { AuditEntry } from '../../../contract/audit.js';
import { auditActions } from '../../../kernel/audit-action.js';
import { can } from '../../api/session.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/audit.json';
import type actionsEn from '../../messages/en/audit-actions.json';
import { type Cameras, useCameras } from '../../parts/camera-choice.js';
import { PersonLink } from '../../parts/person-link.js';
import { shortId } from '../../parts/short-id.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('audit');
const words = wordsOf<typeof actionsEn>('audit-actions');

/** What was done, in words. The log may hold actions of a newer box: those are shown as they are. */
export function actionWord(action: string): string {
  const known = auditActions.find((each) => each === action);
  return known === undefined ? action : words(`action-${known}`);
}

/** Names for the IDs in the log, as far as the caller may read them. */
export interface Known {
  readonly users: ReadonlyMap<string, string>;
  readonly apiKeys: ReadonlyMap<string, string>;
  readonly cameras: Cameras;
}

/** Accounts whose names are known at once: more than a box has. */
const most = 1000;

export function useKnown(): Known {
  const isWanted = can('users:read');
  const users = useFetched('users.list', { limit: most }, { isWanted });
  const keys = useFetched('api-keys.list', {}, { isWanted });
  return {
    users: new Map(users.value?.items.map(({ id, displayName, userName }) => [id, displayName || userName])),
    apiKeys: new Map(keys.value?.map(({ id, label }) => [id, label])),
    cameras: useCameras(),
  };
}

interface KnownProps {
  readonly known: Known;
}

/** Who did it, by name where the caller may read it, and as a link where there is a page. */
export function Actor({ actor, known }: KnownProps & { readonly actor: string }) {
  const [, kind, id = ''] = /^([^:]+):?(.*)$/.exec(actor) ?? [];
  switch (kind) {
    case 'user':
      return <User id={id} known={known} />;
    case 'api-key':
      return <>{t('actor-api-key', { name: known.apiKeys.get(id) ?? id })}</>;
    case 'uid':
      return <>{t('actor-uid', { id })}</>;
    case 'issuer':
      return <>{t('actor-issuer', { id })}</>;
    case 'screen':
      return <>{t('actor-screen', { id })}</>;
    case 'daemon':
    case 'retention':
    case 'anonymous':
    case 'unknown':
      return <>{t(`actor-${kind}`)}</>;
    default:
      return <>{actor}</>;
  }
}

function User({ id, known }: KnownProps & { readonly id: string }) {
  const name = known.users.get(id);
  // A user who was removed no longer has a name.
  return name === undefined ? (
    <span>{t('actor-user', { id })}</span>
  ) : (
    <a href={`/system/users/${encodeURIComponent(id)}`}>{name}</a>
  );
}

type Done = Pick<AuditEntry, 'action' | 'subject' | 'details'>;

/** What it was done to, as a link where the caller may see the page of it. */
export function Subject({
  of: { action, subject = '', details },
  known,
}: KnownProps & { readonly of: Done }) {
  const { passage } = details;
  return (
    <>
      <Target action={action} subject={subject} known={known} />
      {typeof passage === 'string' && can('passages:read') && (
        <>
          {' '}
          <a href={`/passages/${encodeURIComponent(passage)}`}>{t('to-passage')}</a>
        </>
      )}
    </>
  );
}

interface TargetProps extends KnownProps {
  readonly action: string;
  readonly subject: string;
}

function Target({ action, subject, known }: TargetProps) {
  const group = action.slice(0, action.indexOf('.'));
  const linked = (isAllowed: boolean, page: string, text: string) =>
    isAllowed ? <a href={`${page}/${encodeURIComponent(subject)}`}>{text}</a> : <span>{text}</span>;
  if (subject === '') return null;
  if (group === 'camera') return linked(can('cameras:read'), '/cameras', known.cameras.nameOf(subject));
  if (action === 'evidence.read') {
    return linked(can('events:read'), '/events', t('subject-event', { id: subject }));
  }
  if (group === 'access') return <>{known.apiKeys.get(subject) ?? subject}</>;
  if (/^u-/.test(subject)) return <User id={subject} known={known} />;
  if (/^p-/.test(subject)) return <PersonLink id={subject} />;
  if (/^s-/.test(subject)) {
    const text = t('subject-stranger', { id: shortId(subject) });
    return linked(can('strangers:read'), '/strangers', text);
  }
  return <>{subject}</>;
}
