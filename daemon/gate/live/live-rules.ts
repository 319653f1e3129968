import type { GateSettings } from '../../contract/gate-settings.js';
import { livePath } from '../../contract/live.js';
import {
  type AdmittedRequest,
  headersForCore,
  isRefusal,
  judgeRequest,
  type Refusal,
  type RequestHead,
} from '../request-rules.js';

import type { LivePathKind } from './live-reader.js';

/** The subprotocol of live pictures and video. */
export const liveProtocol = 'rollcall.live';
/** A page of another origin cannot set headers of a WebSocket: it may send its access token as a subprotocol with this start. */
const tokenProtocol = 'rollcall.token.';

/** The subprotocols that a caller offers. */
function offeredProtocols(headers: RequestHead['headers']): readonly string[] {
  const offered = headers['sec-websocket-protocol'];
  return typeof offered === 'string' ? offered.split(',', 8).map((each) => each.trim()) : [];
}

/** Decides whether a request may open a WebSocket. Pure. */
export function judgeUpgrade(
  head: RequestHead,
  settings: Pick<GateSettings, 'hosts' | 'origins'>,
): AdmittedRequest | Refusal {
  const judged = judgeRequest(head, settings);
  if (isRefusal(judged)) return judged;
  const { headers, method } = head;
  const key = headers['sec-websocket-key'];
  const isWebSocket =
    method === 'GET' &&
    String(headers['upgrade']).toLowerCase() === 'websocket' &&
    headers['sec-websocket-version'] === '13' &&
    typeof key === 'string' &&
    /^[+/0-9A-Za-z]{22}==$/.test(key);
  if (!isWebSocket || !livePath.test(judged.path)) return noWebSocket;
  return judged;
}

/** What is watched at a path that `judgeUpgrade` admitted. */
export function liveKindOf(path: string): LivePathKind {
  return livePath.exec(path)?.[1] === 'video' ? 'video' : 'live';
}

const noWebSocket: Refusal = {
  status: 400,
  code: 'bad-request',
  message: 'the box does not open a WebSocket like this',
  remedy:
    'Open a WebSocket of version 13 at /api/v1/cameras/{id}/live or /video, or send the request without Upgrade.',
};

/** What asks for a WebSocket without an upgrade, or over HTTP/2. */
export const webSocketNeeded: Refusal = {
  status: 400,
  code: 'websocket-needed',
  message: 'live pictures are sent over a WebSocket',
  remedy: 'Open a WebSocket at this address, over HTTP/1.1.',
};

/**
 * The headers of the request to the core. A page of a listed origin is known by a token alone: browsers send the cookie of the box with
 * a WebSocket, and no rule of theirs keeps the page from reading the answer.
 */
export function liveHeaders(
  { headers }: RequestHead,
  made: Parameters<typeof headersForCore>[1],
): Record<string, string> {
  const passed = headersForCore(headers, made);
  if (made.origin === 'listed') delete passed['cookie'];
  const token = offeredProtocols(headers).find((each) => each.startsWith(tokenProtocol));
  if (token === undefined || passed['authorization'] !== undefined) return passed;
  return { ...passed, authorization: `Bearer ${token.slice(tokenProtocol.length)}` };
}
