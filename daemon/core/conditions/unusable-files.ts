import type { Config } from '../../contract/settings/schema.js';
import type { ConditionPort } from '../delivery/condition-port.js';
import { reportFaults } from './altered-files.js';

/** What can be wrong with the files of cameras and alert channels that the box keeps itself. */
export const fileFaults = [
  ...(['camera-damaged', 'camera-lost', 'channel-damaged', 'channel-lost'] as const),
  /** Not the file that the box wrote last. */
  'channel-altered',
] as const;

/** Reports which files cannot be used. `altered`: the channels whose files are not those that the box wrote last. */
export function reportUnusableFiles(
  conditions: Pick<ConditionPort, 'change' | 'end'>,
  { unusableCameraFiles, unusableChannelFiles }: Pick<Config, 'unusableCameraFiles' | 'unusableChannelFiles'>,
  altered: readonly string[],
): void {
  const found = new Set([
    ...unusableCameraFiles.map(({ why }) => `camera-${why}`),
    ...unusableChannelFiles.map(({ why }) => `channel-${why}`),
    ...(altered.length === 0 ? [] : ['channel-altered']),
  ]);
  reportFaults(conditions, 'files-unusable', { found, all: fileFaults });
}
