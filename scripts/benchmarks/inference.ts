import { writeKit } from './inference-kit.js';
import { runInference } from './inference-run.js';
import { renderClips } from './inference-scenes.js';

/** Seconds of a clip; a camera shows it forwards and backwards. */
const clipS = 2;

const parameters = process.argv.slice(2);
const clipsFor = (framesPerS: number) => renderClips(framesPerS, clipS);
if (parameters[0] === '--kit' && parameters[1] !== undefined)
  await writeKit(parameters[1], await clipsFor(15));
else await runInference(parameters, clipsFor);
