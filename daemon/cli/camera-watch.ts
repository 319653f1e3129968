import type { Command } from 'commander';
import type { FacesInSight } from '../contract/live.js';
import { type ExitCode, exitCodes, printLine, runAction } from '../host/output.js';
import { stopSignals } from '../host/stop-signals.js';
import { systemClock } from '../host/system-clock.js';
import { paintFor } from './colour.js';
import { type CommonOptions, withCommonOptions } from './common-options.js';
import { openBox } from './daemon-client.js';
import { followStream } from './follow-stream.js';
import type { ShowTime } from './site-time.js';
import { TerminalScreen } from './terminal-screen.js';
import { faceLine, OpennessTraces, sightLines } from './watched-faces.js';
import { whichCamera } from './which-camera.js';

/** Without a terminal, each face gets a line this often, milliseconds. */
const lineEveryMs = 1_000;
/** Eight heights, from the lowest; for terminals without Unicode in characters that all have. */
const unicodeBars = '▁▂▃▄▅▆▇█';
const plainBars = '_.,-=+*#';

/** Errors after which the pictures of a camera come again by themselves. */
const passing: ReadonlySet<string> = new Set(['busy', 'camera-not-streaming', 'vision-unavailable']);

/** Shows what a camera sees until Ctrl-C: on the terminal, or line by line elsewhere. */
interface Shown extends Disposable {
  show(sight: FacesInSight): void;
}

export function registerCameraWatch(camera: Command): void {
  withCommonOptions(camera.command('watch'))
    .argument('<camera>', 'id, start of an id, or name of a camera that is streaming')
    .description(
      'show what the box measures at the faces in sight of a camera, until Ctrl-C; without a terminal, one line a second for each face',
    )
    .action((given: string, options: CommonOptions) =>
      runAction(options.json === true, () => watchCamera(given, options)),
    );
}

async function watchCamera(
  given: string,
  { config, json: isJson = false }: CommonOptions,
): Promise<ExitCode> {
  const { client, time } = await openBox(config);
  const id = await whichCamera(client, given);
  const abort = new AbortController();
  const stop = (): void => abort.abort();
  for (const name of stopSignals) process.once(name, stop);
  const open = (): Shown =>
    isJson ? jsonLines() : process.stdout.isTTY ? screen(id, time.show) : textLines(id, time.show);
  let shown: Shown | undefined;
  const close = (): void => {
    shown?.[Symbol.dispose]();
    shown = undefined;
  };
  try {
    // The box ends the answer after half an hour, and a vision process may start anew.
    await followStream<FacesInSight>({
      ...{ after: 0, signal: abort.signal, clock: systemClock },
      open: () => client.call('cameras.follow', { id }, abort.signal),
      take(sight) {
        shown ??= open();
        shown.show(sight);
        return 0;
      },
      note(text) {
        close();
        process.stderr.write(`note: ${text}\n`);
      },
      isPassing: ({ code }) => passing.has(code),
    });
  } finally {
    close();
  }
  return exitCodes.done;
}

function jsonLines(): Shown {
  return { show: printLine, [Symbol.dispose]: () => undefined };
}

function textLines(id: string, showTime: ShowTime): Shown {
  let dueMs = 0;
  return {
    show(sight) {
      const nowMs = systemClock.monotonicMs();
      if (nowMs < dueMs || sight.faces.length === 0) return;
      dueMs = nowMs + lineEveryMs;
      for (const face of sight.faces)
        process.stdout.write(`${faceLine(`${showTime(sight.capturedAt)} ${id}`, face)}\n`);
    },
    [Symbol.dispose]: () => undefined,
  };
}

function screen(id: string, showTime: ShowTime): Shown {
  const traces = new OpennessTraces();
  const { LC_ALL: all, LC_CTYPE: characters, LANG: language } = process.env;
  const bars = /utf-?8/i.test(all ?? characters ?? language ?? '') ? unicodeBars : plainBars;
  const drawn = new TerminalScreen(process.stdout, paintFor(process.stdout));
  return {
    show(sight) {
      traces.add(sight);
      drawn.show(sightLines(`${id}  ${showTime(sight.capturedAt)}`, sight, traces, bars));
    },
    [Symbol.dispose]: () => drawn[Symbol.dispose](),
  };
}
