import { randomUUID } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { readFile } from 'node:fs/promises';
import { discoveryLimits, isDeviceService } from '../../contract/vision/vision-answers.js';
import { type Clock, sleep } from '../../kernel/clock.js';
import { shownText } from '../../kernel/printable-text.js';
import { addressTable, ownAddresses } from './own-addresses.js';

const { mostDevices, mostBytes, longestText, mostServices } = discoveryLimits;

/** A device that answered. Everything but the address is what it says about itself. */
interface FoundDevice {
  readonly address: string;
  readonly name?: string;
  readonly hardware?: string;
  readonly location?: string;
  /** Addresses of its ONVIF services. */
  readonly services: string[];
}

/** Where to ask. */
interface DiscoveryNetwork {
  /** Own addresses to ask from. */
  readonly from: readonly string[];
  readonly to: { readonly address: string; readonly port: number };
}

/** A real answer has one to two kilobytes. */
const largestAnswerBytes = 8 * 1024;
/** So that a flood of answers costs no more than a moment. The vision process that reads them has other orders to follow. */
const mostAnswers = 1000;
const mostAnsweredBytes = 1024 * 1024;
/** A lost packet must not hide a camera. */
const probes = 2;

/** The multicast address and port of WS-Discovery (OASIS, 2009), asked from every IPv4 network of this machine. */
async function ownNetworks(): Promise<DiscoveryNetwork> {
  return {
    from: ownAddresses(await readFile(addressTable, 'utf8')),
    to: { address: '239.255.255.250', port: 3702 },
  };
}

/** What came back to a question. Nobody has read it: whatever is in the network may have sent it. */
export interface DeviceAnswers {
  readonly messageId: string;
  readonly answers: readonly { readonly address: string; readonly text: Buffer }[];
  readonly isCutShort: boolean;
}

/** Asks for ONVIF devices and collects answers for `durationMs`. Networks that cannot be asked are left out. Runs in the core. */
export async function askDevices(
  {
    durationMs,
    clock,
    signal,
  }: { readonly durationMs: number; readonly clock: Clock; readonly signal: AbortSignal },
  network?: DiscoveryNetwork,
): Promise<DeviceAnswers> {
  const { from, to } = network ?? (await ownNetworks());
  const messageId = `uuid:${randomUUID()}`;
  const answers: { address: string; text: Buffer }[] = [];
  let bytes = 0;
  let isCutShort = false;
  const onMessage = (text: Buffer, { address }: { readonly address: string }): void => {
    if (text.length > largestAnswerBytes) return;
    isCutShort ||= answers.length >= mostAnswers || bytes + text.length > mostAnsweredBytes;
    if (isCutShort) return;
    bytes += text.length;
    answers.push({ address, text });
  };
  const sockets = await Promise.all(from.map((address) => openSocket(address, onMessage)));
  const open = sockets.flatMap((socket) => socket ?? []);
  try {
    for (let probe = 0; probe < probes && !signal.aborted; probe += 1) {
      const text = Buffer.from(probeText(messageId));
      // A network that is down shows no devices; the others still do.
      for (const socket of open) socket.send(text, to.port, to.address, () => undefined);
      await sleep(clock, durationMs / probes, signal);
    }
  } finally {
    for (const socket of open) socket.close();
  }
  return { messageId, answers, isCutShort };
}

/** The devices among the answers. Runs in a vision process. */
export function readDeviceAnswers(asked: DeviceAnswers): { devices: FoundDevice[]; isCutShort: boolean } {
  const found = new Map<string, FoundDevice>();
  let bytes = 0;
  let { isCutShort } = asked;
  for (const { address, text } of asked.answers) {
    const device = parseAnswer(text, asked.messageId, address);
    if (device === undefined || found.has(device.address)) continue;
    const size = Buffer.byteLength(JSON.stringify(device));
    if (found.size < mostDevices && bytes + size <= mostBytes) {
      found.set(device.address, device);
      bytes += size;
    } else isCutShort = true;
  }
  const devices = [...found.values()].sort((a, b) =>
    a.address.localeCompare(b.address, 'en', { numeric: true }),
  );
  return { devices, isCutShort };
}

/** A socket that asks from one own address; undefined if the address cannot be used (any more). */
function openSocket(
  address: string,
  onMessage: (message: Buffer, sender: { readonly address: string }) => void,
): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4', onMessage);
    socket.once('error', () => {
      socket.close();
      resolve(undefined);
    });
    socket.bind(0, address, () => {
      socket.removeAllListeners('error');
      // Later errors are about packets that were not delivered.
      socket.on('error', () => undefined);
      try {
        socket.setMulticastInterface(address);
        socket.setMulticastTTL(1);
        resolve(socket);
      } catch {
        // The network has gone, or does not know multicast.
        socket.close();
        resolve(undefined);
      }
    });
  });
}

const probeText = (messageId: string): string =>
  '<?xml version="1.0" encoding="UTF-8"?>' +
  '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"' +
  ' xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing"' +
  ' xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"' +
  ' xmlns:n="http://www.onvif.org/ver10/network/wsdl">' +
  `<e:Header><w:MessageID>${messageId}</w:MessageID>` +
  '<w:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>' +
  '<w:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</w:Action></e:Header>' +
  '<e:Body><d:Probe><d:Types>n:NetworkVideoTransmitter</d:Types></d:Probe></e:Body></e:Envelope>';

/**
 * The device of an answer to our question; undefined for anything else. Looks for four elements and never builds a tree: a
 * document type, an entity or a nested element cannot do anything.
 */
export function parseAnswer(message: Buffer, messageId: string, address: string): FoundDevice | undefined {
  if (message.length > largestAnswerBytes) return undefined;
  const text = message.toString('utf8');
  if (elementText(text, 'RelatesTo')?.trim() !== messageId) return undefined;
  const services = words(elementText(text, 'XAddrs')).filter(isDeviceService).slice(0, mostServices);
  if (services.length === 0) return undefined;
  const scopes = words(elementText(text, 'Scopes'));
  const named = (kind: 'name' | 'hardware' | 'location') => {
    const value = scopeText(scopes, kind);
    return value === undefined ? {} : { [kind]: value };
  };
  return { address, ...named('name'), ...named('hardware'), ...named('location'), services };
}

/** The text of the first element of this name in any namespace, if it has no element within. */
function elementText(text: string, name: string): string | undefined {
  const found = new RegExp(`<(?:[\\w.-]{1,40}:)?${name}(?:\\s[^<>]{0,1000})?>([^<]*)</`).exec(text);
  return found?.[1];
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

const words = (text = ''): string[] =>
  text
    .replaceAll(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => entities[name] ?? '')
    .split(/\s+/)
    .filter((word) => word !== '');

/** What the device says in a scope such as `onvif://www.onvif.org/name/Front%20door`, in one printable line. */
function scopeText(scopes: readonly string[], kind: string): string | undefined {
  const start = `onvif://www.onvif.org/${kind}/`;
  const scope = scopes.find((each) => each.toLowerCase().startsWith(start));
  if (scope === undefined) return undefined;
  const rest = scope.slice(start.length);
  const shown = shownText(decoded(rest)).trim().slice(0, longestText);
  return shown === '' ? undefined : shown;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
