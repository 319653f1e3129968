import type { Socket } from 'node:net';
import {
  type DeviceProfile,
  type DeviceProfilesOutcome,
  profileLimits,
} from '../../contract/vision/vision-answers.js';
import type { DevicePlan } from '../../contract/vision/vision-orders.js';
import type { Clock } from '../../kernel/clock.js';
import { type DeviceAddress, deviceAddressOf, devicePath, isSameHost } from '../../kernel/device-address.js';
import { isRollcallError, operational, type RollcallError } from '../../kernel/errors.js';
import { present } from '../../kernel/present.js';
import { shownText } from '../../kernel/printable-text.js';
import { connectCamera, type ServerProof } from '../ingest/camera-connection.js';
import type { CameraNetwork } from '../ingest/camera-network.js';
import { explanations, withDetail } from '../ingest/failure-explanations.js';
import type { CameraSecurity } from '../ingest/frame-source.js';
import { deviceFailure } from './device-failure.js';
import { DeviceSession } from './device-session.js';
import {
  askForProfiles,
  askForStream,
  deviceService,
  type KnownProfile,
  type MediaKind,
  mediaServices,
  readProfiles,
  readStreamAddress,
} from './media-profiles.js';
import { questionText } from './soap.js';
import { textWithin, within, type XmlElement } from './xml-tree.js';

/** For all questions to a device together, milliseconds: less than the core waits for the answer. */
const allWithinMs = 40_000;
const connectWithinMs = 5_000;
/** Longest path of a service, with its query, characters. */
const longestPath = 300;

const askForTime = { service: deviceService, action: 'GetSystemDateAndTime' };
const askForServices = {
  ...{ service: deviceService, action: 'GetServices' },
  about: '<IncludeCapability>false</IncludeCapability>',
};
/** What devices of before 2011 have instead. */
const askForCapabilities = {
  ...{ service: deviceService, action: 'GetCapabilities' },
  about: '<Category>Media</Category>',
};

/** The session with a device, and where it was confirmed to be. */
interface Asked {
  readonly session: DeviceSession;
  readonly address: DeviceAddress;
  readonly signal: AbortSignal;
}

/** A service of media that a device names. */
interface NamedService {
  readonly kind: MediaKind;
  /** Path and query, which are asked at the confirmed address. */
  readonly path: string;
  /** The other host at which the device says that it is. */
  readonly elsewhere: string | undefined;
}

/** Asks a device for its profiles and the addresses of their streams, at one address only. Never rejects for what the device does. */
export async function readDeviceProfiles(
  device: DevicePlan,
  {
    network,
    clock,
    signal,
  }: { readonly network: CameraNetwork; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<DeviceProfilesOutcome> {
  const address = deviceAddressOf(device.address);
  const late = new AbortController();
  const timer = clock.after(allWithinMs, () => late.abort());
  let connection: CameraSecurity | undefined;
  const onCertificate = (certificate: CameraSecurity['certificate']): void => {
    connection = { isEncrypted: true, certificate, login: null };
  };
  try {
    if (address === undefined) throw deviceFailure('device-unknown');
    const { credential } = device;
    const connect = (until: AbortSignal): Promise<Socket> =>
      connectDevice(device, address, { network, clock, onCertificate }, until);
    const session = new DeviceSession({ address, credential, clock, connect });
    return await profilesOf({ session, address, signal: AbortSignal.any([signal, late.signal]) });
  } catch (error) {
    signal.throwIfAborted();
    if (!isRollcallError(error)) throw error;
    const { code, message, remedy = '', says } = error;
    return { outcome: 'failed', code, message, remedy, ...present({ says, connection }) };
  } finally {
    timer.cancel();
  }
}

/** A connection to the confirmed address. @throws the codes of `FailureVerdict` */
async function connectDevice(
  { fingerprint, extraNetworks }: DevicePlan,
  endpoint: DeviceAddress,
  {
    network,
    clock,
    onCertificate,
  }: {
    network: CameraNetwork;
    clock: Clock;
    onCertificate(certificate: CameraSecurity['certificate']): void;
  },
  signal: AbortSignal,
): Promise<Socket> {
  const connected = await connectCamera({
    ...{ clock, network, endpoint, signal, timeoutMs: connectWithinMs, proof: proofOf(endpoint) },
    address: { fingerprint, extraNetworks },
  });
  if (connected.certificate !== null) onCertificate(connected.certificate);
  if ('socket' in connected) return connected.socket;
  const { code, detail } = connected.failure;
  const explained = detail === undefined ? explanations[code] : withDetail(explanations[code], detail);
  throw operational(code, explained.message, explained);
}

/** What shows that a server with an unknown certificate is a device: every one tells its time without a login. */
function proofOf({ origin }: DeviceAddress): ServerProof {
  const text = questionText(askForTime);
  const head = [
    `POST ${devicePath} HTTP/1.1`,
    `Host: ${new URL(origin).host}`,
    'Content-Type: application/soap+xml; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(text)}`,
    'Connection: close',
  ];
  return {
    question: `${head.join('\r\n')}\r\n\r\n${text}`,
    answer: /^HTTP\/1\.\d 200 [\s\S]*GetSystemDateAndTimeResponse/,
    bytes: 16 * 1024,
  };
}

async function profilesOf(asked: Asked): Promise<DeviceProfilesOutcome> {
  const { session, signal } = asked;
  const saidMs = timeIn(await unlessRefused(session.ask(devicePath, askForTime, signal)));
  if (saidMs !== undefined) session.wallMs = saidMs;
  const { service, profiles, isCutShort } = await firstProfiles(asked, await mediaOf(asked));
  const listed: DeviceProfile[] = [];
  let bytes = 0;
  for (const { token, profile } of profiles) {
    const asking = session.ask(service.path, askForStream(service.kind, token), signal);
    const stream = await unlessRefused(asking).catch((error: unknown) => {
      // What it has told so far is enough to choose from.
      if (listed.length > 0 && isRollcallError(error, 'device-silent')) return 'silent' as const;
      throw error;
    });
    if (stream === 'silent') return { outcome: 'ok', profiles: listed, isCutShort: true };
    const url = stream && readStreamAddress(stream);
    const entry = { ...profile, ...present({ url }) };
    bytes += Buffer.byteLength(JSON.stringify(entry));
    if (bytes > profileLimits.mostBytes) return { outcome: 'ok', profiles: listed, isCutShort: true };
    listed.push(entry);
  }
  return { outcome: 'ok', profiles: listed, isCutShort };
}

/** The time of the device by its clock, milliseconds since the epoch; undefined where it tells none. */
function timeIn(answer: XmlElement | undefined): number | undefined {
  const utc = within(answer, 'SystemDateAndTime', 'UTCDateTime');
  const numbers = [
    ...['Year', 'Month', 'Day'].map((name) => textWithin(utc, 'Date', name)),
    ...['Hour', 'Minute', 'Second'].map((name) => textWithin(utc, 'Time', name)),
  ];
  if (!numbers.every((text) => /^\d{1,4}$/.test(text))) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = numbers.map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** The services of media that the device names, the newer one first. */
async function mediaOf({ session, address, signal }: Asked): Promise<readonly NamedService[]> {
  const answer = await unlessRefused(session.ask(devicePath, askForServices, signal));
  const named = (answer?.children ?? []).map((each) => [
    textWithin(each, 'Namespace'),
    textWithin(each, 'XAddr'),
  ]);
  const found = (['media2', 'media'] as const).flatMap((kind) => {
    const [, at] = named.find(([service]) => service === mediaServices[kind].service) ?? [];
    return at === undefined ? [] : [serviceAt(kind, at, address)];
  });
  if (found.length > 0) return found;
  const older = await session.ask(devicePath, askForCapabilities, signal);
  return [serviceAt('media', textWithin(older, 'Capabilities', 'Media', 'XAddr'), address)];
}

/** Devices with several networks often name another one of their addresses, and devices behind a router their inner one. */
function serviceAt(kind: MediaKind, at: string, { host }: DeviceAddress): NamedService {
  if (!URL.canParse(at)) throw deviceFailure('device-without-profiles');
  const { hostname, pathname, search } = new URL(at);
  const path = `${pathname}${search}`;
  if (path.length > longestPath) throw deviceFailure('device-without-profiles');
  const elsewhere = isSameHost(hostname, host) ? undefined : shownText(hostname, { longest: 100 });
  return { kind, path, elsewhere };
}

/** The profiles of the first service that has some. */
async function firstProfiles(
  { session, signal }: Asked,
  named: readonly NamedService[],
): Promise<{ service: NamedService; profiles: readonly KnownProfile[]; isCutShort: boolean }> {
  let refused: RollcallError | undefined;
  for (const service of named) {
    try {
      const read = readProfiles(await session.ask(service.path, askForProfiles(service.kind), signal));
      if (read.profiles.length > 0) return { service, ...read };
    } catch (error) {
      // Some devices name a service that they do not have.
      if (!isRollcallError(error, 'device-refuses')) throw error;
      const { elsewhere } = service;
      refused ??= elsewhere === undefined ? error : deviceFailure('device-services-elsewhere', { elsewhere });
    }
  }
  throw refused ?? deviceFailure('device-without-profiles');
}

/** Undefined where the device does not do what was asked, or answers it with something else. */
const unlessRefused = (answer: Promise<XmlElement>): Promise<XmlElement | undefined> =>
  answer.catch((error: unknown) => {
    const isPassedOver =
      isRollcallError(error, 'device-refuses') || isRollcallError(error, 'device-answer-unusable');
    if (isPassedOver) return undefined;
    throw error;
  });
