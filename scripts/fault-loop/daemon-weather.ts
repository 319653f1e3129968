import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../daemon/kernel/random.js';
import type { Appliance } from '../../test/support/appliance.js';
import { called, descendantsOf, processFacts } from '../../test/support/processes.js';

/** What may befall the broker, or a part of the daemon, beside the kill of the daemon itself. */
export const daemonWeathers = [
  'calm',
  'broker frozen',
  'broker restarted empty',
  'vision process killed',
  'FFmpeg killed',
] as const;

/** `broker away`: from before the daemon is started until after it is killed, so that the next one has much to deliver. */
export type DaemonWeather = (typeof daemonWeathers)[number] | 'broker away';

/** Longer than the box waits for an acknowledgement, at times. */
const LONGEST_FROST_MS = 12_000;
const LONGEST_OUTAGE_MS = 1500;

/**
 * Lets `weather` befall; resolves with whether there was anything for it to befall when everything is as before. The broker
 * is restarted behind a closed gate: the subscriber is back before the box is, and misses nothing.
 */
export async function befall(
  weather: DaemonWeather,
  { box, broker, breakBroker, mendBroker }: Appliance,
  random: Random,
): Promise<boolean> {
  const share = random.unit();
  switch (weather) {
    case 'broker frozen':
      broker.freeze();
      await sleep(share * LONGEST_FROST_MS);
      broker.thaw();
      return true;
    case 'broker restarted empty':
      await breakBroker();
      await sleep(share * LONGEST_OUTAGE_MS);
      await mendBroker();
      return true;
    case 'vision process killed':
    case 'FFmpeg killed': {
      const below = descendantsOf(box.daemon.pid ?? 0);
      const isVision = (pid: number): boolean =>
        processFacts(pid)?.commandLine.includes('/vision/main.js') === true;
      return endOneOf(weather === 'FFmpeg killed' ? called('ffmpeg', below) : below.filter(isVision), share);
    }
    default:
      return false;
  }
}

function endOneOf(pids: readonly number[], share: number): boolean {
  const pid = pids[Math.floor(share * pids.length)];
  if (pid === undefined) return false;
  try {
    return process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It ended by itself meanwhile.
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}
