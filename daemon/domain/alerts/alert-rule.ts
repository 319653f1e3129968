import { boxTroubles } from '../events/notice.js';
import type { CameraId } from '../ids.js';
import type { AlertHours } from './alert-hours.js';

/** What happens, again and again: counted, and alerted of when it is enough. */
export const occurrences = [
  'unknown',
  'recognised-unproven',
  'recognised-ambiguous',
  'attack',
  'events-lost',
] as const;
/** What begins and ends: alerted of when it lasts, with an all-clear. */
export const conditions = ['camera-down', 'camera-impaired', 'sealed', ...boxTroubles] as const;

export type Occurrence = (typeof occurrences)[number];
export type Condition = (typeof conditions)[number];

/** What a rule is about. */
export type AlertSubject = Occurrence | Condition;
export const alertSubjects = [...occurrences, ...conditions] as const;

export const alertSeverities = ['info', 'warning', 'critical'] as const;
export type AlertSeverity = (typeof alertSeverities)[number];

export const isOccurrence = (subject: AlertSubject): subject is Occurrence =>
  occurrences.some((occurrence) => occurrence === subject);

const aboutCameras: readonly AlertSubject[] = [
  'unknown',
  'recognised-unproven',
  'recognised-ambiguous',
  'attack',
  'camera-down',
  'camera-impaired',
];
/** Whether it happens at a camera, and not to the box as a whole. */
export const isAboutCameras = (subject: AlertSubject): boolean => aboutCameras.includes(subject);

/** When something becomes an alert. */
export interface AlertRule {
  readonly id: string;
  readonly on: AlertSubject;
  /** Only at these cameras; undefined: at any. */
  readonly cameras: readonly CameraId[] | undefined;
  /** Of an occurrence: so many within so long, at one camera. */
  readonly threshold: { readonly count: number; readonly withinMs: number };
  /** Of a condition: how long it must have lasted. */
  readonly minimumMs: number;
  /** Least time between two alerts of this rule about one camera, or about the box. */
  readonly cooldownMs: number;
  /** When nothing is said; what happens meanwhile is told in one alert at the end. */
  readonly quietHours: AlertHours | undefined;
  readonly severity: AlertSeverity;
}

/** One thing that an alert tells of. */
export interface AlertPart {
  /** Null: the box as a whole. */
  readonly cameraId: CameraId | null;
  /** How often it happened, or began; from 1. */
  readonly count: number;
  /** The first time. Wall clock, milliseconds since the epoch, as all times here. */
  readonly fromMs: number;
  /** Of an occurrence the last time; of a condition when it ended, null while it lasts. */
  readonly untilMs: number | null;
  /** Why, where an event names a code. */
  readonly code: string | null;
  /** Of a condition that can be about several things: everything that it is, or was last, about. */
  readonly about?: readonly string[];
  /** An alert has told of it before, and something has come to it since. */
  readonly isWorse?: true;
  /** Sequences of the first and the last event that it is made of. */
  readonly firstSequence: number;
  readonly lastSequence: number;
}

/** What a rule has to say. */
export interface RuleAlert {
  readonly ruleId: string;
  readonly on: AlertSubject;
  readonly severity: AlertSeverity;
  /** `cleared`: every condition that it tells of is over. */
  readonly phase: 'raised' | 'cleared';
  /** At least one. */
  readonly parts: readonly AlertPart[];
}
