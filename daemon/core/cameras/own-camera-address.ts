import { isIP } from 'node:net';
import type { CameraConfig, Config } from '../../contract/settings/schema.js';
import { deviceAddressOf } from '../../kernel/device-address.js';
import { endpointOf } from '../../vision/ingest/camera-address.js';
import { isReachable } from '../../vision/ingest/reachable-address.js';
import { planBounds } from '../../vision/plan.js';

/** Host and port of a camera or device, in the form of words of the audit log. */
export function addressDetails(address: string): { readonly host: string; readonly port: number } {
  const { host = 'unreadable', port = 0 } = endpointOf(address) ?? deviceAddressOf(address) ?? {};
  const word = host.replace(/^:/, '0:').replaceAll(/[^A-Za-z0-9._:-]/g, '_');
  return { host: word.slice(0, 128), port };
}

/** True for a camera whose address is written as one that the box does not connect to. Names are judged when they are resolved. */
export function isRefused(camera: CameraConfig, config: Pick<Config, 'cameras' | 'api'>): boolean {
  const { host = '' } = endpointOf(camera.url) ?? {};
  const extraNetworks = planBounds(camera, config);
  return extraNetworks !== null && isIP(host) !== 0 && !isReachable(host, extraNetworks);
}
