// Opens a clip, prints `open` with its first frame, and holds that frame until it is killed:
//   node dist/tests/test/support/clip-child.js CLIP

import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { cameraId } from '../../daemon/kernel/ids.js';
import { openClip } from '../../daemon/vision/ingest/clip-source.js';
import { detectFfmpeg } from '../../daemon/vision/ingest/ffmpeg-binary.js';

const [path = ''] = process.argv.slice(2);
const ffmpeg = await detectFfmpeg();
const held = setInterval(() => undefined, 60_000);
for await (const _ of await openClip({
  ...{ path, cameraId: cameraId('held'), ffmpeg, clock, maxAnalysisWidthPx: 640 },
})) {
  process.stdout.write('open\n');
  await new Promise(() => held);
}
