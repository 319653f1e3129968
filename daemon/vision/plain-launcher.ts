import { boundChild } from '../host/bound-child.js';
import { type Isolation, isolationGaps } from '../kernel/isolation.js';
import { present } from '../kernel/present.js';
import { launchChild, niceCommand, visionCommand } from './launched-child.js';
import type { VisionLauncher } from './vision-launcher.js';

/** Starts vision processes with the rights of this process, where nothing better works. */
export const plainLauncher = (why: Isolation['why']): VisionLauncher => ({
  isolation: { level: 'none', gaps: isolationGaps, ...present({ why }) },
  launch(launch) {
    const command = boundChild(...niceCommand(launch.purpose, visionCommand(launch)));
    return launchChild(command, launch);
  },
});
