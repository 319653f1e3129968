import { Document, parseDocument } from 'yaml';
import type { CameraDetails } from '../../contract/cameras.js';

/** Settings of a camera by their names in the contract. Null: the default. */
export type CameraSettings = Readonly<Record<string, unknown>>;

/** Where a setting of the contract lies in a camera file. */
const places: Readonly<Record<string, readonly string[]>> = {
  name: ['name'],
  url: ['url'],
  substream: ['substream'],
  credential: ['credential'],
  isEnabled: ['enabled'],
  direction: ['direction'],
  transport: ['transport'],
  allowBasicLogin: ['allowBasicLogin'],
  fingerprint: ['fingerprint'],
  requireLiveness: ['liveness', 'require'],
  idleFps: ['rates', 'idleFps'],
  trackingFps: ['rates', 'trackingFps'],
  provingFps: ['rates', 'provingFps'],
  smallestFacePx: ['smallestFacePx'],
  maxAnalysisWidthPx: ['maxAnalysisWidthPx'],
  stallAfterS: ['stallAfterS'],
  firstFrameWithinS: ['firstFrameWithinS'],
  hwaccel: ['hwaccel'],
  pictureChecks: ['pictureChecks'],
  zones: ['zones'],
  masks: ['masks'],
} satisfies Readonly<
  Record<keyof CameraDetails['settings'] | 'name' | 'isEnabled' | 'direction', readonly string[]>
>;

/** The settings of the contract among the fields of a request that are given, in the order of a camera file. */
export function givenSettings(input: CameraSettings): CameraSettings {
  const names = Object.keys(places).filter((name) => name !== 'credential' && input[name] !== undefined);
  return Object.fromEntries(names.map((name) => [name, input[name]]));
}

/** The text of a new camera file. */
export function cameraText(id: string, settings: CameraSettings): string {
  const document = new Document({ id });
  document.commentBefore =
    ' The box made this file (rollcall camera add). Reload rollcalld after a change by hand.';
  return withSettings(document, settings);
}

/** The text of a camera file with other settings. Comments and the rest stay. */
export function changedText(text: string, settings: CameraSettings): string {
  return withSettings(parseDocument(text), settings);
}

function withSettings(document: Document, settings: CameraSettings): string {
  for (const [name, value] of Object.entries(settings)) {
    const place = places[name];
    if (place === undefined) continue;
    if (value !== null) document.setIn(place, document.createNode(value));
    else if (document.hasIn(place)) document.deleteIn(place);
  }
  return document.toString();
}
