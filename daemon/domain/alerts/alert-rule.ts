import { boxTroubles } from '../events/notice.js';
import type { CameraId } from '../ids.js';
import type { AlertHours } from './alert-hours.js';

/** Occurrences happen at one moment. They are counted and cause an alert at a threshold. */
export const occurrences = [
  'unknown',
  'recognised-unproven',
  'recognised-ambiguous',
  'attack',
  'events-lost',
] as const;
/** Conditions begin and end. They cause an alert if they last, and an all-clear at their end. */
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
/** Whether it concerns a camera and not the whole box. */
export const isAboutCameras = (subject: AlertSubject): boolean => aboutCameras.includes(subject);

/** Defines when an occurrence or condition causes an alert. */
export interface AlertRule {
  readonly id: string;
  readonly on: AlertSubject;
  /** Only at these cameras; undefined: at all. */
  readonly cameras: readonly CameraId[] | undefined;
  /** For an occurrence: the number at one camera within a time that causes an alert. */
  readonly threshold: { readonly count: number; readonly withinMs: number };
  /** For a condition: the time that it must last. */
  readonly minimumMs: number;
  /** Minimum time between two alerts of this rule about one camera, or about the box. */
  readonly cooldownMs: number;
  /** No alerts during these hours; one alert at their end reports what happened. */
  readonly quietHours: AlertHours | undefined;
  readonly severity: AlertSeverity;
}

/** The occurrences or the condition at one camera, or at the box, that an alert reports. */
export interface AlertPart {
  /** Null: the whole box. */
  readonly cameraId: CameraId | null;
  /** How often it happened or began; from 1. */
  readonly count: number;
  /** The first time. All times here are wall clock, milliseconds since the epoch. */
  readonly fromMs: number;
  /** The last time of an occurrence, or the end of a condition; null while it lasts. */
  readonly untilMs: number | null;
  /** The reason, if the event has a code. */
  readonly code: string | null;
  /** For a condition with items: its current items, or the last ones. */
  readonly about?: readonly string[];
  /** An earlier alert reported the condition, and it has worsened since. */
  readonly isWorse?: true;
  /** Sequences of its first and its last event. */
  readonly firstSequence: number;
  readonly lastSequence: number;
}

/** An alert of a rule, before it is worded. */
export interface RuleAlert {
  readonly ruleId: string;
  readonly on: AlertSubject;
  readonly severity: AlertSeverity;
  /** `cleared`: all conditions that it reports are over. */
  readonly phase: 'raised' | 'cleared';
  /** At least one. */
  readonly parts: readonly AlertPart[];
}
