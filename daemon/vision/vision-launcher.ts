import type { Duplex, Readable } from 'node:stream';
import type { Isolation } from '../kernel/isolation.js';

/** Which process to start, and what it needs of the file system. */
export interface Launch {
  /** Sets the priority: photographs can wait, live pictures cannot. */
  readonly purpose: 'cameras' | 'photographs';
  /** User and group id of the process; only root can choose. Default: those of this process. */
  readonly user?: number | undefined;
  /** Path and arguments of another program: tests start a hostile one. Default: the vision program. */
  readonly program?: readonly string[] | undefined;
  /** Files and folders that it reads beside the program, such as the networks. */
  readonly readable: readonly string[];
  /** The folder in which it opens its socket for live pictures. */
  readonly liveFolder?: string | undefined;
  /** The folder with the socket at which it asks for connections to its cameras. */
  readonly linesFolder?: string | undefined;
}

/** A started process. It reads orders from `channel` and writes reports to it. */
export interface LaunchedVision {
  readonly channel: Duplex;
  /** Its output, until it ends. */
  readonly log: readonly Readable[];
  /** The id that this process sees; undefined until it is known. */
  readonly pid: number | undefined;
  /** How it ended, for people. */
  readonly ended: Promise<string>;
  kill(): void;
}

/** A way to start vision processes, and how far it separates them from everything else. */
export interface VisionLauncher {
  readonly isolation: Isolation;
  /** The folder for `CameraLines` that its processes see. Absent: any folder can be shown to them. */
  readonly linesFolder?: string;
  /** Whether a process must end that turns out to be less than fully isolated (`vision.isolation: required`). */
  readonly mustBeFull?: boolean;
  launch(launch: Launch): LaunchedVision;
}

/** How the daemon starts the processes of each purpose. */
export type VisionLaunchers = Readonly<Record<Launch['purpose'], VisionLauncher>>;

/** A launcher, or why there is none. */
export type LauncherProbe = VisionLauncher | NonNullable<Isolation['why']>;
