import { type Isolation, isolationGaps } from '../kernel/isolation.js';
import { present } from '../kernel/present.js';
import { boundChild } from './ingest/bound-child.js';
import { launchChild, niceCommand, visionCommand } from './launched-child.js';
import type { VisionLauncher } from './vision-launcher.js';

/** Starts vision processes with the rights of this process, where nothing better works. */
export const plainLauncher = (why: Isolation['why']): VisionLauncher => ({
  isolation: { level: 'none', gaps: isolationGaps, ...present({ why }) },
  launch(launch) {
    const inside = ['/usr/bin/prlimit', '--core=0', '--', ...visionCommand(launch)];
    const command = boundChild(...niceCommand(launch.purpose, inside));
    return launchChild(command, launch);
  },
});
