import { rm } from 'node:fs/promises';
import { type LocalBox, makeLocalBox } from './local-box.js';

/** The people of the demonstration are there; all of its times are those of this place. */
export const demoTimeZone = 'Europe/Paris';

export interface DemoBoxOptions {
  /** Made anew; holds everything of the demonstration. */
  readonly directory: string;
  /** The login of all cameras. */
  readonly login: { readonly user: string; readonly password: string };
  readonly brokerUrl: string;
}

export interface DemoCamera {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  readonly asksForChallenge: boolean;
}

export interface DemoBox
  extends Pick<LocalBox, 'configPath' | 'logPath' | 'command' | typeof Symbol.asyncDispose> {
  /** Writes these cameras into the configuration, in place of those before, and tells the daemon to read it again. */
  setCameras(...cameras: readonly DemoCamera[]): Promise<void>;
}

/** The box before its cameras: people are enrolled first, then cameras are added and the daemon reloads. */
const sections = (brokerUrl: string, cameras: string): string =>
  `site: { id: demo-site, timeZone: ${demoTimeZone} }
box: { id: demo-box }
mqtt: { url: ${brokerUrl} }
evidence: { attendance: true, unknown: true, attack: true }
cameras:
${cameras}`;

/** Three lines are a camera. These have a password, too, and see people come in; some ask for a challenge. */
function cameraConfiguration({ id, name, url, asksForChallenge }: DemoCamera): string {
  return `  - id: ${id}
    name: ${name}
    url: ${url}
    credential: cameras
    direction: in
${asksForChallenge ? '    liveness: { require: challenge }\n' : ''}`;
}

/** Sets the box up and starts its daemon; resolves when it is ready for cameras and commands. */
export async function startDemoBox({ directory, login, brokerUrl }: DemoBoxOptions): Promise<DemoBox> {
  await rm(directory, { recursive: true, force: true });
  const box = await makeLocalBox({
    directory,
    comment: 'Made by scripts/demo.',
    sections: sections(brokerUrl, '  []\n'),
    secrets: { cameras: `${login.user}:${login.password}\n` },
  });
  await box.start();
  return {
    ...box,
    setCameras: (...cameras) => box.configure(sections(brokerUrl, cameras.map(cameraConfiguration).join(''))),
  };
}
