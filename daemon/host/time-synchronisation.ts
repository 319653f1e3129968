import { runBound } from './bound-child.js';

/**
 * Whether a time server controls the clock of this machine, as systemd knows it of any time service. Undefined where it does not tell:
 * without systemd, or without its bus.
 */
export async function isTimeSynchronised(): Promise<boolean | undefined> {
  try {
    const { stdout } = await runBound('timedatectl', ['show', '--property=NTPSynchronized', '--value'], {
      timeout: 10_000,
      env: { PATH: process.env['PATH'] },
    });
    const [answer] = stdout.trim().split('\n');
    return answer === 'yes' ? true : answer === 'no' ? false : undefined;
  } catch {
    return undefined;
  }
}
