import { blinksOfClip } from './blink-script.js';
import type { RenderOptions } from './render.js';
import { renderedClip } from './rendered-clip.js';
import { type RtspCredentials, rtspUrl, startRtspServerProcess } from './rtsp-server.js';
import type { Scenario, ScriptedBlink } from './scenario.js';

export interface VirtualCameraOptions extends RenderOptions {
  readonly scenario: Scenario;
  /** Every client must log in with these where given. */
  readonly auth?: RtspCredentials;
  readonly transport?: 'tcp' | 'udp' | 'both';
  /** Default 127.0.0.1. */
  readonly address?: string;
  /** Default 0: any free one. */
  readonly port?: number;
  /** Where the clip is kept between runs. */
  readonly directory?: string;
}

/** A camera on the network whose pictures are made up. */
export interface VirtualCamera extends AsyncDisposable {
  /** Without credentials: those are configured apart. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** The clip that is served, over and over. */
  readonly file: string;
  /** The blinks it shows, seconds since its start. */
  readonly blinks: readonly ScriptedBlink[];
  /** Rejects with `process-lost` when its server has ended, however it did. */
  readonly lost: Promise<never>;
}

/**
 * Renders the scenario (once: the clip is kept) and serves it by RTSP. The clip starts with the first client and
 * runs on while one is connected. Throws what rendering throws, or `rtsp-server-failed`.
 */
export async function startVirtualCamera(options: VirtualCameraOptions): Promise<VirtualCamera> {
  const file = await renderedClip(options.scenario, options);
  const { auth, transport, address, port } = options;
  const server = await startRtspServerProcess({
    mounts: { '/door': { file } },
    ...(auth === undefined ? {} : { auth }),
    ...(transport === undefined ? {} : { transport }),
    ...(address === undefined ? {} : { address }),
    ...(port === undefined ? {} : { port }),
  });
  return {
    url: rtspUrl(server.port, '/door', address === undefined ? {} : { host: address }),
    port: server.port,
    pid: server.pid,
    lost: server.lost,
    file,
    blinks: blinksOfClip(options.scenario),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
