import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { CameraLines } from '../../daemon/vision/lines/camera-lines.js';
import { cameraPlan } from '../../test/support/camera-plan.js';
import type { Ends } from './lines-ends.js';

const usage = `What it costs the core to pass the bytes of cameras on to vision processes, which have no network: processor time for each
camera of 4 Mbit/s and 25 frames per second. This process is the core; the cameras and the vision process are another.

usage: scripts/bench lines [cameras (16)] [seconds (20)]
`;

const framesPerS = 25;
const megabitsPerS = 4;

const [cameras = 16, seconds = 20] = process.argv.slice(2).map(Number);
if (!(cameras >= 1 && seconds >= 1)) process.stderr.write(usage);
else {
  const ends: Ends = { cameras, framesPerS, frameBytes: (megabitsPerS * 1e6) / 8 / framesPerS };
  const program = fileURLToPath(new URL('lines-ends.ts', import.meta.url));
  const child = fork(program, [JSON.stringify(ends)], { execArgv: ['--import', 'tsx'] });
  const heard = async (): Promise<number> => Number(((await once(child, 'message')) as [unknown])[0]);
  const received = (): Promise<number> => {
    child.send('count');
    return heard();
  };
  const port = await heard();
  await using lines = await CameraLines.open({ clock });
  using grant = lines.grant();
  for (let camera = 0; camera < cameras; camera += 1) {
    const plan = cameraPlan(`rtsp://127.0.0.1:${port}/`, { id: `camera-${camera}` });
    grant.ordered({ type: 'open-camera', camera: plan });
  }
  child.send(grant.access);
  await heard();
  const bytesBefore = await received();
  const before = process.cpuUsage();
  await setTimeout(seconds * 1000);
  const { user, system } = process.cpuUsage(before);
  const bytes = (await received()) - bytesBefore;
  const share = (user + system) / 1e6 / seconds / cameras;
  console.log(`cameras                                  ${cameras}`);
  console.log(
    `passed on for each                       ${((8 * bytes) / 1e6 / seconds / cameras).toFixed(2)} Mbit/s`,
  );
  console.log(`processor time of the core for each      ${(100 * share).toFixed(2)} % of one core`);
  console.log(`processor time of the core for a frame   ${((1e6 * share) / framesPerS).toFixed(0)} µs`);
  child.disconnect();
}
