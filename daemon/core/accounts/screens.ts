import type { Caller } from '../../contract/caller.js';
import type { Handlers } from '../../contract/handlers.js';
import type { Scope } from '../../contract/scopes.js';
import type { Screen, screenOperations } from '../../contract/screens.js';
import { opaqueText } from '../../host/opaque-text.js';
import type { RollcallError } from '../../kernel/errors.js';
import { isoTime } from '../../kernel/iso-time.js';
import { present } from '../../kernel/present.js';
import { refusal } from '../../words/errors.js';
import {
  type AccountsContext,
  changeAudited,
  covers,
  entryOf,
  isPossible,
  noteUse,
} from './accounts-context.js';
import type { ScreenRow } from './screens-store.js';
import { hashOfSecret, newSecret } from './secrets.js';
import { seenEveryMs } from './session-life.js';

/** What a screen may do: with the tablet in hand, a thief can do no more. */
export const screenScopes: readonly Scope[] = ['prompts:show'];

const pairingMs = 15 * 60_000;
/** Browsers keep a cookie for 400 days at most. */
const screenMs = 400 * 86_400_000;
/** More than a box has cameras. */
const mostScreens = 100;

/** The screens that show the prompts of challenges. */
export function screenHandlers(context: AccountsContext): Handlers<typeof screenOperations> {
  const { screens, clock, audit, hasCamera } = context;
  return {
    'screens.list': (_, { caller }) =>
      alive(context)
        .filter(({ camera }) => caller.cameras?.has(camera) !== false)
        .map(showScreen),
    'screens.add'({ camera, label }, { caller }) {
      if (!hasCamera(camera)) throw noSuchCamera(camera);
      if (!covers(caller, screenScopes, [camera])) throw refusal('beyond-own-scopes:display');
      const { text, hash } = newSecret('screen-pairing');
      const nowMs = clock.wallMs();
      const row: ScreenRow = {
        ...{ id: `d-${opaqueText()}`, camera, label, createdBy: caller.actor, createdAtMs: nowMs },
        ...{ pairing: hash, token: null, pairedAtMs: null, expiresAtMs: nowMs + pairingMs },
        ...{ lastSeenAtMs: null, address: null, agent: null },
      };
      return changeAudited(context, () => {
        if (alive(context).length >= mostScreens) throw tooManyScreens();
        screens.insert(row);
        const entry = entryOf(caller, { action: 'screen.added', subject: row.id, details: { camera } });
        return { result: { screen: showScreen(row), secret: text }, entry };
      });
    },
    'screens.remove'({ id }, { caller }) {
      const row = screens.byId(id);
      if (row === undefined || caller.cameras?.has(row.camera) === false) throw noSuchScreen(id);
      return changeAudited(context, () => {
        screens.remove(id);
        const details = { camera: row.camera };
        return { result: { id }, entry: entryOf(caller, { action: 'screen.removed', subject: id, details }) };
      });
    },
    'screens.pair'({ secret }, { caller, setSessionCookie }) {
      const given = hashOfSecret('screen-pairing', secret);
      const nowMs = clock.wallMs();
      const row = given && screens.byPairing(given);
      const isValid = row !== undefined && isPossible(row.createdAtMs, row.expiresAtMs, pairingMs, nowMs);
      if (!isValid || setSessionCookie === undefined) {
        audit.append(entryOf(caller, { action: 'screen.pairing-refused' }));
        throw pairingRefused();
      }
      const token = newSecret('screen');
      const paired: ScreenRow = {
        ...row,
        ...{ pairing: null, token: token.hash, pairedAtMs: nowMs, expiresAtMs: nowMs + screenMs },
        ...{ address: caller.address ?? null, agent: caller.agent ?? null },
      };
      changeAudited(context, () => {
        screens.pair(paired);
        const by = { ...caller, actor: `screen:${row.id}` };
        const entry = entryOf(by, {
          action: 'screen.paired',
          subject: row.id,
          details: { camera: row.camera },
        });
        return { result: undefined, entry };
      });
      setSessionCookie(token.text, screenMs / 1000);
      return showScreen(paired);
    },
  };
}

/** The caller behind the cookie of a screen; undefined for another cookie, and for a screen that was removed. */
export function screenCaller(
  context: Pick<AccountsContext, 'screens' | 'clock' | 'database' | 'logger'>,
  token: string,
): Pick<Caller, 'actor' | 'scopes' | 'cameras'> | undefined {
  const { screens, clock } = context;
  const hash = hashOfSecret('screen', token);
  const row = hash && screens.byToken(hash);
  const nowMs = clock.wallMs();
  if (row === undefined || !isPossible(row.pairedAtMs ?? nowMs, row.expiresAtMs, screenMs, nowMs))
    return undefined;
  if (Math.abs(nowMs - (row.lastSeenAtMs ?? 0)) >= seenEveryMs) {
    noteUse(context, () => screens.seen(row.id, nowMs));
  }
  return { actor: `screen:${row.id}`, scopes: new Set(screenScopes), cameras: new Set([row.camera]) };
}

function alive({ screens, clock }: AccountsContext): readonly ScreenRow[] {
  const nowMs = clock.wallMs();
  return screens.list().filter(({ expiresAtMs }) => expiresAtMs > nowMs);
}

function showScreen(row: ScreenRow): Screen {
  const { id, camera, label, createdBy, createdAtMs, pairedAtMs, expiresAtMs, lastSeenAtMs } = row;
  const isPaired = pairedAtMs !== null;
  return {
    ...{ id, camera, label, createdBy, createdAt: isoTime(createdAtMs) },
    ...(isPaired
      ? { pairedAt: isoTime(pairedAtMs), expiresAt: isoTime(expiresAtMs) }
      : { pairUntil: isoTime(expiresAtMs) }),
    ...present({
      lastSeenAt: lastSeenAtMs === null ? undefined : isoTime(lastSeenAtMs),
      address: row.address ?? undefined,
      agent: row.agent ?? undefined,
    }),
  };
}

function noSuchCamera(id: string): RollcallError {
  return refusal('no-such-camera', { id });
}

function noSuchScreen(id: string): RollcallError {
  return refusal('no-such-screen', {}, { details: { id } });
}

function tooManyScreens(): RollcallError {
  return refusal('too-many-screens', { most: mostScreens });
}

/** The same for every reason. */
function pairingRefused(): RollcallError {
  return refusal('pairing-refused');
}
