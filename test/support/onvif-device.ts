import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** One profile as a device describes it. What is left out, the device leaves out. */
export interface SimulatedProfile {
  readonly token: string;
  readonly name?: string;
  readonly codec?: string;
  readonly widthPx?: number;
  readonly heightPx?: number;
  readonly fps?: number | string;
  readonly uri?: string;
}

export interface SimulatedDevice {
  readonly profiles?: readonly SimulatedProfile[];
  /**
   * How it wants the password: by the token of WS-Security, by HTTP Digest, by Digest also for its time (`digest-always`), or readable.
   * `none`: it asks for no login.
   */
  readonly login?: 'none' | 'token' | 'digest' | 'digest-always' | 'basic';
  readonly password?: string;
  /** Its clock minus that of the test, milliseconds. */
  readonly clockAheadMs?: number;
  readonly media?: 'media' | 'media2' | 'both' | 'media2-broken';
  /** From before GetServices. */
  readonly isOld?: boolean;
  /** The host and port that it says its services are at. Default: its own. */
  readonly namedAt?: string;
  /** It locks the account after this many wrong logins. */
  readonly locksAfter?: number;
  /** Answers an action in another way: true where it has. */
  readonly instead?: (action: string, response: ServerResponse) => boolean;
  readonly host?: string;
  /** PEM. Present: it speaks TLS. */
  readonly tls?: { readonly certificate: string; readonly key: string };
}

/** Of a question that the device got. */
export interface GotQuestion {
  readonly path: string;
  readonly action: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

export interface RunningDevice extends AsyncDisposable {
  /** `http://127.0.0.1:8080` */
  readonly origin: string;
  readonly port: number;
  readonly got: readonly GotQuestion[];
  /** The number of logins that it refused. */
  readonly wrongLogins: number;
}

export const deviceUser = 'viewer';
/** With what XML must escape. Tests look for it in what a device got: it must never be there. */
export const devicePassword = 'b<l&ue "sky"';
const realm = 'IP Camera(C2)';
const nonce = '5c3a1d';

const hash = (name: string, ...parts: readonly (string | Buffer)[]) => {
  const made = createHash(name);
  for (const part of parts) made.update(part);
  return made;
};

/** Starts a device on a loopback address that answers the questions of ONVIF as devices of common makers do. */
export async function startOnvifDevice(device: SimulatedDevice = {}): Promise<RunningDevice> {
  const got: GotQuestion[] = [];
  let wrongLogins = 0;
  const onRequest = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { url: path = '', headers } = request;
    const body = await readBody(request);
    const action = /<\w+:Body><(\w+)/.exec(body)?.[1] ?? '';
    const { authorization } = headers;
    got.push({ path, action, authorization, body });
    if (device.instead?.(action, response) === true) return;
    const verdict = judge(device, action, authorization, body, path);
    if (verdict === 'wrong') wrongLogins += 1;
    if (wrongLogins >= (device.locksAfter ?? Number.POSITIVE_INFINITY)) {
      refuse(response, device, 'Sender not authorized: the account is locked');
    } else if (verdict === 'right') answer(response, answerTo(action, path, body, device, at()));
    else refuse(response, device, 'Sender not authorized');
  };
  const listener = (request: IncomingMessage, response: ServerResponse): void =>
    void onRequest(request, response);
  const { tls } = device;
  const server =
    tls === undefined
      ? createServer(listener)
      : createTlsServer({ cert: tls.certificate, key: tls.key }, listener);
  const host = device.host ?? '127.0.0.1';
  server.listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const at = (): string => device.namedAt ?? authority;
  return {
    origin: `${tls === undefined ? 'http' : 'https'}://${authority}`,
    port,
    got,
    get wrongLogins() {
      return wrongLogins;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

const open = ['GetSystemDateAndTime', 'GetServices', 'GetCapabilities'];

function judge(
  { login = 'token', password = devicePassword, clockAheadMs = 0 }: SimulatedDevice,
  action: string,
  authorization: string | undefined,
  body: string,
  path: string,
): 'right' | 'wrong' | 'missing' {
  if (login === 'none' || (login !== 'digest-always' && open.includes(action))) return 'right';
  if (login === 'token') return judgeToken(body, password, Date.now() + clockAheadMs);
  if (login === 'basic' || authorization === undefined) return 'missing';
  const field = (name: string): string => new RegExp(`\\b${name}="?([^",]*)`).exec(authorization)?.[1] ?? '';
  const one = hash('md5', `${deviceUser}:${realm}:${password}`).digest('hex');
  const two = hash('md5', `POST:${path}`).digest('hex');
  const proof = [one, nonce, field('nc'), field('cnonce'), 'auth', two].join(':');
  return field('response') === hash('md5', proof).digest('hex') && field('uri') === path ? 'right' : 'wrong';
}

/** A token that is more than a minute old by the clock of the device is refused, as many devices do. */
function judgeToken(body: string, password: string, nowMs: number): 'right' | 'wrong' | 'missing' {
  const text = (name: string): string => new RegExp(`:${name}(?: [^>]*)?>([^<]*)<`).exec(body)?.[1] ?? '';
  if (text('Username') === '') return 'missing';
  const created = text('Created');
  const proof = hash('sha1', Buffer.from(text('Nonce'), 'base64'), created, password).digest('base64');
  const isFresh = Math.abs(Date.parse(created) - nowMs) < 60_000;
  return proof === text('Password') && text('Username') === deviceUser && isFresh ? 'right' : 'wrong';
}

function refuse(response: ServerResponse, { login = 'token' }: SimulatedDevice, reason: string): void {
  if (login.startsWith('digest')) {
    response.setHeader('WWW-Authenticate', [
      `Digest realm="${realm}", nonce="${nonce}", qop="auth", algorithm="MD5"`,
      'Basic realm="old"',
    ]);
  } else if (login === 'basic') response.setHeader('WWW-Authenticate', 'Basic realm="old"');
  const fault =
    '<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:NotAuthorized</s:Value></s:Subcode></s:Code>' +
    `<s:Reason><s:Text xml:lang="en">${reason}</s:Text></s:Reason></s:Fault>`;
  answer(response, fault, login === 'token' ? 400 : 401);
}

export function answer(response: ServerResponse, body: string, status = 200): void {
  response.writeHead(status, { 'Content-Type': 'application/soap+xml; charset=utf-8' });
  response.end(
    `<?xml version="1.0" encoding="UTF-8"?>\n<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>${body}</s:Body></s:Envelope>`,
  );
}

/** The fault of a device that does not know an action. */
export const unknownAction =
  '<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>ter:ActionNotSupported</s:Value></s:Subcode></s:Code><s:Reason><s:Text>Optional Action Not Implemented</s:Text></s:Reason></s:Fault>';

function answerTo(action: string, path: string, body: string, device: SimulatedDevice, at: string): string {
  const { profiles = [], media = 'both', isOld = false, clockAheadMs = 0 } = device;
  const isNewer = path.endsWith('media2_service');
  if (action === 'GetSystemDateAndTime') return timeText(new Date(Date.now() + clockAheadMs));
  if (action === 'GetServices') return isOld ? unknownAction : servicesText(media, at);
  if (action === 'GetCapabilities') {
    return `<tds:GetCapabilitiesResponse><tds:Capabilities><tt:Media><tt:XAddr>http://${at}/onvif/media_service</tt:XAddr></tt:Media></tds:Capabilities></tds:GetCapabilitiesResponse>`;
  }
  if (isNewer && media === 'media2-broken') return unknownAction;
  if (action === 'GetProfiles') {
    return `<trt:GetProfilesResponse>${profiles.map(isNewer ? newerText : olderText).join('')}</trt:GetProfilesResponse>`;
  }
  const token = /ProfileToken>([^<]*)</.exec(body)?.[1];
  const uri = profiles.find((each) => each.token === token)?.uri;
  if (action !== 'GetStreamUri' || uri === undefined) return unknownAction;
  const found = uri.replaceAll('&', '&amp;');
  return isNewer
    ? `<tr2:GetStreamUriResponse><tr2:Uri>${found}</tr2:Uri></tr2:GetStreamUriResponse>`
    : `<trt:GetStreamUriResponse><trt:MediaUri><tt:Uri>${found}</tt:Uri></trt:MediaUri></trt:GetStreamUriResponse>`;
}

const timeText = (now: Date): string =>
  '<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:UTCDateTime>' +
  `<tt:Time><tt:Hour>${now.getUTCHours()}</tt:Hour><tt:Minute>${now.getUTCMinutes()}</tt:Minute><tt:Second>${now.getUTCSeconds()}</tt:Second></tt:Time>` +
  `<tt:Date><tt:Year>${now.getUTCFullYear()}</tt:Year><tt:Month>${now.getUTCMonth() + 1}</tt:Month><tt:Day>${now.getUTCDate()}</tt:Day></tt:Date>` +
  '</tt:UTCDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>';

function servicesText(media: NonNullable<SimulatedDevice['media']>, at: string): string {
  const named = (version: string, path: string): string =>
    `<tds:Service><tds:Namespace>http://www.onvif.org/${version}/wsdl</tds:Namespace><tds:XAddr>http://${at}/onvif/${path}</tds:XAddr></tds:Service>`;
  const older = media === 'media2' ? '' : named('ver10/media', 'media_service');
  const newer = media === 'media' ? '' : named('ver20/media', 'media2_service');
  return `<tds:GetServicesResponse>${named('ver10/device', 'device_service')}${older}${newer}</tds:GetServicesResponse>`;
}

const encoderText = ({ codec, widthPx, heightPx, fps }: SimulatedProfile): string =>
  `<tt:Encoding>${codec}</tt:Encoding><tt:Resolution><tt:Width>${widthPx}</tt:Width><tt:Height>${heightPx}</tt:Height></tt:Resolution>` +
  `<tt:RateControl><tt:FrameRateLimit>${fps}</tt:FrameRateLimit></tt:RateControl>`;

/** The older service has no word for H.265, so devices leave out the encoder. */
function olderText(profile: SimulatedProfile): string {
  const { token, name = '', codec } = profile;
  const encoder =
    codec === undefined || codec === 'H265'
      ? ''
      : `<tt:VideoEncoderConfiguration token="e">${encoderText(profile)}</tt:VideoEncoderConfiguration>`;
  return `<trt:Profiles token="${token}" fixed="true"><tt:Name>${name}</tt:Name><tt:VideoSourceConfiguration token="v"/>${encoder}</trt:Profiles>`;
}

function newerText(profile: SimulatedProfile): string {
  const { token, name = '', codec } = profile;
  const encoder =
    codec === undefined ? '' : `<tr2:VideoEncoder token="e">${encoderText(profile)}</tr2:VideoEncoder>`;
  return `<tr2:Profiles token="${token}"><tr2:Name>${name}</tr2:Name><tr2:Configurations><tr2:VideoSource token="v"/>${encoder}</tr2:Configurations></tr2:Profiles>`;
}
