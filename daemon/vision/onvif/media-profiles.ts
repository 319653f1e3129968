import { type DeviceProfile, profileLimits } from '../../contract/vision/vision-answers.js';
import { present } from '../../kernel/present.js';
import { shownText } from '../../kernel/printable-text.js';
import { endpointOf } from '../ingest/camera-address.js';
import { type Question, xmlText } from './soap.js';
import { textWithin, within, type XmlElement } from './xml-tree.js';

/** The namespaces of the services, and how both kinds of the media service are asked. Many devices have one of them only. */
export const deviceService = 'http://www.onvif.org/ver10/device/wsdl';
export const mediaServices = {
  /** Knows H.265. */
  media2: {
    service: 'http://www.onvif.org/ver20/media/wsdl',
    wanted: '<Type>VideoSource</Type><Type>VideoEncoder</Type>',
    stream: '<Protocol>RTSP</Protocol>',
  },
  media: {
    service: 'http://www.onvif.org/ver10/media/wsdl',
    wanted: '',
    stream:
      '<StreamSetup><Stream xmlns="http://www.onvif.org/ver10/schema">RTP-Unicast</Stream><Transport xmlns="http://www.onvif.org/ver10/schema"><Protocol>RTSP</Protocol></Transport></StreamSetup>',
  },
} as const;
export type MediaKind = keyof typeof mediaServices;

/** A profile, and the text by which the device knows it. */
export interface KnownProfile {
  readonly token: string;
  readonly profile: Omit<DeviceProfile, 'url'>;
}

export const askForProfiles = (kind: MediaKind): Question => ({
  service: mediaServices[kind].service,
  action: 'GetProfiles',
  about: mediaServices[kind].wanted,
});

export const askForStream = (kind: MediaKind, token: string): Question => ({
  service: mediaServices[kind].service,
  action: 'GetStreamUri',
  about: `${mediaServices[kind].stream}<ProfileToken>${xmlText(token)}</ProfileToken>`,
});

/** The profiles with video in an answer to `askForProfiles`, as many as the box lists, and whether there are more. */
export function readProfiles(answer: XmlElement): {
  readonly profiles: readonly KnownProfile[];
  readonly isCutShort: boolean;
} {
  const all = answer.children
    .filter(({ name }) => name === 'Profiles')
    .flatMap((each) => profileIn(each) ?? []);
  const { mostProfiles } = profileLimits;
  return { profiles: all.slice(0, mostProfiles), isCutShort: all.length > mostProfiles };
}

/** Undefined for one without video, such as that of a loudspeaker. */
function profileIn(element: XmlElement): KnownProfile | undefined {
  const { token = '' } = element.attributes;
  const configurations = within(element, 'Configurations');
  const source = within(element, 'VideoSourceConfiguration') ?? within(configurations, 'VideoSource');
  // The older service has no word for H.265: such a profile may come without its encoder.
  const encoder = within(element, 'VideoEncoderConfiguration') ?? within(configurations, 'VideoEncoder');
  if (token === '' || (source ?? encoder) === undefined) return undefined;
  const profile = present({
    name: shownLine(textWithin(element, 'Name')),
    codec: shownLine(textWithin(encoder, 'Encoding')),
    widthPx: numberIn(textWithin(encoder, 'Resolution', 'Width')),
    heightPx: numberIn(textWithin(encoder, 'Resolution', 'Height')),
    fps: numberIn(textWithin(encoder, 'RateControl', 'FrameRateLimit')),
  });
  return { token, profile };
}

/** Undefined for an empty text. */
function shownLine(text: string): string | undefined {
  // Escaping makes a text longer.
  const shown = shownText(text.slice(0, profileLimits.longestText)).slice(0, profileLimits.longestText);
  return shown === '' ? undefined : shown;
}

/** Of a size or a rate: a whole number, because some devices write `25.000000`. Undefined for none. */
function numberIn(text: string): number | undefined {
  const value = /^\d{1,5}(?:\.\d{1,10})?$/.test(text) ? Math.round(Number(text)) : 0;
  return value > 0 ? value : undefined;
}

/** The RTSP address in an answer to `askForStream`, without user and password; undefined for any other address. */
export function readStreamAddress(answer: XmlElement): string | undefined {
  const given = textWithin(answer, 'MediaUri', 'Uri') || textWithin(answer, 'Uri');
  const url = given.replace(/^(\w+:\/\/)[^/?#]*@/, '$1');
  const isUsable =
    url.length <= profileLimits.longestUrl && endpointOf(url) !== undefined && /^[!-~]+$/.test(url);
  return isUsable && !url.includes('@') ? url : undefined;
}
