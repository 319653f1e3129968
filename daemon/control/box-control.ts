import type { Actor } from '../audit/actor.js';
import type { BoxCondition } from '../domain/events/notice.js';
import type { KeyProviderKind } from '../gallery/keys/key-provider.js';
import type { CertificateStatus } from '../publish/broker/certificate-watch.js';
import type { CameraTestOutcome } from '../vision/protocol.js';
import type { AlertControl, AlertSummary } from './alert-control.js';
import type { AttendanceControl } from './attendance-control.js';
import type { AuditControl } from './audit-control.js';
import type { BackupControl } from './backup-control.js';
import type { ClipRequest, ClipVerdict } from './clip-control.js';
import type { EventControl, ShownHeldBack } from './event-control.js';
import type { GalleryControl } from './gallery-control.js';
import type { HostReport } from './host-report.js';
import type { IdentityControl } from './identity-control.js';
import type { KeyControl, RotationStatus } from './key-control.js';
import type { PersonControl } from './person-control.js';
import type { RetentionControl, RetentionSummary } from './retention-control.js';
import type { TrustControl } from './trust-control.js';

/** State of one camera as the status shows it. */
export interface CameraStatus {
  readonly id: string;
  readonly name: string;
  readonly isEnabled: boolean;
  /** A centre switched it on or off, in place of what the configuration says. */
  readonly isSwitchedByCentre?: true;
  readonly direction: string;
  readonly state: 'disabled' | 'waiting' | 'connecting' | 'streaming' | 'failed';
  readonly code?: string;
  readonly message?: string;
  readonly remedy?: string;
  readonly stream?: {
    readonly codec: string;
    readonly widthPx: number;
    readonly heightPx: number;
    readonly fps: number | null;
  };
  /** Of `streaming`: why its pictures are of no use. */
  readonly damage?: { readonly code: string; readonly message: string; readonly remedy: string };
  /** Frames delivered, analysed and dropped, stage times and the like, as the vision process counts them. */
  readonly counters: Readonly<Record<string, number>>;
}

export interface VisionStatus {
  readonly index: number;
  readonly state: 'starting' | 'running' | 'restarting' | 'degraded';
  readonly pid?: number;
  readonly restarts: number;
  readonly provider?: {
    readonly requested: string;
    readonly actual: string;
    /** Why it is not what was hoped for. */
    readonly warning?: string | undefined;
  };
  readonly recogniser?: string;
  readonly ffmpegVersion?: string;
  /** Why it last ended or could not start. */
  readonly lastFailure?: string;
  /** What the core refused of what its processes said, by reason (docs/faults.md); absent where it refused nothing. */
  readonly refused?: Readonly<Record<string, number>>;
}

/** What a reload of the configuration came to. */
export type ReloadResult =
  | { readonly outcome: 'unchanged' }
  | {
      readonly outcome: 'applied';
      readonly changes: readonly string[];
      /** Parts that were replaced for it. */
      readonly replaced: readonly string[];
      /** Changes that wait for a restart. */
      readonly needRestart: readonly string[];
    }
  /** The configuration that ran before goes on running. */
  | { readonly outcome: 'refused'; readonly problems: readonly string[] };

/** The latest reload. */
export type ReloadStatus = { readonly at: string } & ReloadResult;

/** What templates are made with and compared by, and why. */
export interface RecogniserStatus {
  /** As the configuration calls it. */
  readonly name: string;
  /** `gallery`: it made the templates of the gallery; `default`: neither the configuration nor a gallery says anything. */
  readonly reason: 'configured' | 'gallery' | 'default';
  /** What a gallery without persons is given, and how that stands on this machine. */
  readonly preferred: { readonly name: string; readonly state: 'ready' | 'absent' | 'damaged' };
  /** `identification.threshold`; absent where it is not configured. */
  readonly configuredThreshold?: number;
  /** Its operating point in the model manifest; absent where that has none. */
  readonly ownThreshold?: number;
}

export interface BoxStatus {
  readonly version: string;
  readonly site: string;
  readonly box: string;
  readonly uptimeS: number;
  /** Absent in what a daemon of an older release says. */
  readonly recogniser?: RecogniserStatus;
  readonly vision: readonly VisionStatus[];
  readonly cameras: readonly CameraStatus[];
  readonly gallery: {
    /** `sealed`: nobody is identified, and `code` says why. */
    readonly state: 'open' | 'sealed';
    readonly persons: number;
    readonly templates: number;
    readonly damagedRows: number;
    /** Of the key in use, while the gallery is open. */
    readonly keyId?: string;
    /** Where its key comes from, also while it is sealed; absent where it has none yet. */
    readonly keyProvider?: KeyProviderKind;
    /** A rotation of the key that has not ended. */
    readonly rotation?: RotationStatus;
    readonly code?: string;
    readonly message?: string;
    readonly remedy?: string;
  };
  readonly broker: {
    /** `not configured`, or how the connection stands. */
    readonly state: string;
    /** The version of MQTT of the connection; absent where there is none. */
    readonly mqttVersion?: '5' | '3.1.1';
    /** Events acknowledged since the start. */
    readonly publishedCount?: number;
    /** Kinds of event of which the broker acknowledged at least one since the start and refuses none now. */
    readonly takenKinds?: readonly string[];
    /** Kinds of event whose topics the broker refuses. */
    readonly heldKinds?: readonly string[];
    /** Topics beside those of events and commands that the broker refuses; `+` where a level differs. Absent where there are none. */
    readonly refusedTopics?: readonly string[];
    /** True where the broker does not let the box read its commands. */
    readonly areCommandsRefused?: boolean;
    /** How long the certificates of the box and of the broker are in force; those that are known. */
    readonly certificates?: readonly CertificateStatus[];
    readonly message?: string;
    readonly remedy?: string;
  };
  /** What is the matter with the box; `running` when nothing is. */
  readonly conditions: readonly BoxCondition[];
  /** Of conditions that can be about several things: about which they are. */
  readonly conditionsAbout?: Readonly<Partial<Record<BoxCondition, readonly string[]>>>;
  /** Of every kind. */
  readonly events: {
    /** Since the start. */
    readonly recorded: number;
  };
  readonly outbox: {
    /** Events that are kept until the broker or the centre has confirmed them, or until there is a broker. */
    readonly waiting: number;
    /** Who has to confirm an event. */
    readonly acknowledgement: 'broker' | 'centre';
    /** What of it the broker does not take; absent where it takes all. */
    readonly heldBack?: readonly ShownHeldBack[];
  };
  /** Sightings since the start, and what became of them. */
  readonly intake: {
    readonly taken: number;
    /** Events about people in front of cameras that were recorded; `events` counts all kinds. */
    readonly facts: number;
    /** True, but not worth saying again so soon. */
    readonly suppressed: number;
    /** Lost because nothing could be stored for too long. */
    readonly givenUp: number;
    /** Not worked on yet. */
    readonly waiting: number;
    /** Why they wait, where something keeps them from being worked on. */
    readonly problem?: { readonly code: string; readonly message: string; readonly remedy: string };
  };
  /** Absent where the configuration was never read again since the start. */
  readonly lastReload?: ReloadStatus;
  readonly retention: RetentionSummary;
  readonly alerts: AlertSummary;
  /** How late the core's event loop ran its timers over the last 30 to 60 seconds. */
  readonly eventLoop: { readonly p99Ms: number; readonly maximumMs: number };
}

/**
 * What the local API can ask of the box. Missing things are undefined or false, not exceptions; operational failures
 * are thrown as `RollcallError`.
 */
export interface BoxControl {
  readonly persons: PersonControl;
  readonly audit: AuditControl;
  readonly keys: KeyControl;
  readonly identity: IdentityControl;
  readonly gallery: GalleryControl;
  readonly backups: BackupControl;
  readonly retention: RetentionControl;
  readonly attendance: AttendanceControl;
  readonly alerts: AlertControl;
  readonly trust: TrustControl;
  readonly events: EventControl;
  status(): BoxStatus;
  /** What the daemon finds on its machine, with its user, its credentials and its view of the file system. */
  hostReport(): Promise<HostReport>;
  testCamera(id: string): Promise<CameraTestOutcome | undefined>;
  /** Judges whether a clip shows a live person. @throws what is wrong with the clip */
  judgeClip(request: ClipRequest): Promise<ClipVerdict>;
  /**
   * The configuration decides again whether a camera is on, whatever a centre said; false where none had said anything,
   * undefined where there is no such camera. @throws what keeps vision from starting with it
   */
  releaseCamera(id: string, by: Actor): Promise<boolean | undefined>;
}
