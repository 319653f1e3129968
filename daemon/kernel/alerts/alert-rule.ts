import { boxTroubles } from '../events/notice.js';
import type { CameraId, StrangerId } from '../ids.js';
import type { Severity } from '../severity.js';
import type { AlertHours } from './alert-hours.js';

/** Occurrences happen at one moment. They are counted and cause an alert at a threshold. */
export const occurrences = [
  'unknown',
  'loitering',
  'recognised-unproven',
  'recognised-ambiguous',
  'watched',
  'barred',
  'expired',
  'attack',
  'events-lost',
] as const;
/** Conditions of cameras and of the gallery. */
export const partConditions = ['camera-down', 'camera-impaired', 'sealed'] as const;
/** Conditions begin and end. They cause an alert if they last, and an all-clear at their end. */
export const conditions = [...partConditions, ...boxTroubles] as const;

export type Occurrence = (typeof occurrences)[number];
export type Condition = (typeof conditions)[number];

/** What a rule is about. */
export type AlertSubject = Occurrence | Condition;
export const alertSubjects = [...occurrences, ...conditions] as const;

export const isOccurrence = (subject: AlertSubject): subject is Occurrence =>
  occurrences.some((occurrence) => occurrence === subject);

const aboutCameras: readonly AlertSubject[] = [
  'unknown',
  'loitering',
  'recognised-unproven',
  'recognised-ambiguous',
  'watched',
  'barred',
  'expired',
  'attack',
  'camera-down',
  'camera-impaired',
];
/** Whether it concerns a camera and not the whole box. */
export const isAboutCameras = (subject: AlertSubject): boolean => aboutCameras.includes(subject);

/**
 * What a threshold counts: events at one camera; different strangers at all cameras of the rule; cameras that saw the same
 * stranger; visits of the same stranger, as the box numbers them.
 */
export const countings = ['events', 'strangers', 'cameras', 'visits'] as const;
export type Counting = (typeof countings)[number];

/** Defines when an occurrence or condition causes an alert. */
export interface AlertRule {
  readonly id: string;
  readonly on: AlertSubject;
  /** Only at these cameras; undefined: at all. */
  readonly cameras: readonly CameraId[] | undefined;
  /** For an occurrence: the number within a time that causes an alert. Of `visits`, every visit from this number on does. `of`: by default `events`. */
  readonly threshold: { readonly of?: Counting; readonly count: number; readonly withinMs: number };
  /** For a condition: the time that it must last. */
  readonly minimumMs: number;
  /** Minimum time between two alerts of this rule about one camera, about one stranger, or about the box. */
  readonly cooldownMs: number;
  /** No alerts during these hours; one alert at their end reports what happened. */
  readonly quietHours: AlertHours | undefined;
  readonly severity: Severity;
}

/** The occurrences or the condition at one camera, at several, or at the box, that an alert reports. */
export interface AlertPart {
  /** Null: the whole box, or `cameras`. */
  readonly cameraId: CameraId | null;
  /** If there are several. */
  readonly cameras?: readonly CameraId[];
  /** What `count` counts; absent: events. */
  readonly of?: Exclude<Counting, 'events'>;
  /** How often it happened or began, or the number of what a threshold counts; from 1. Of `visits`: the number of the visit. */
  readonly count: number;
  /** The strangers, where the events name them; in the order of their first event, at most `mostStrangers`. */
  readonly strangers?: readonly StrangerId[];
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

/** Most strangers whom a part of an alert tells apart; more are not counted. */
export const mostStrangers = 1_000;

/** An alert of a rule, before it is worded. */
export interface RuleAlert {
  readonly ruleId: string;
  readonly on: AlertSubject;
  readonly severity: Severity;
  /** `cleared`: all conditions that it reports are over. */
  readonly phase: 'raised' | 'cleared';
  /** At least one. */
  readonly parts: readonly AlertPart[];
}

/** The states of the delivery of an alert to one channel. */
export const alertDeliveryStates = ['pending', 'delivered', 'failed'] as const;
export type AlertDeliveryState = (typeof alertDeliveryStates)[number];
