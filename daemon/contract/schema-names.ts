import { z } from 'zod';
import * as accuracy from './accuracy.js';
import * as alertChannels from './alert-channels.js';
import * as alertDevices from './alert-devices.js';
import * as alerts from './alerts.js';
import { fault } from './api-errors.js';
import { apiKey } from './api-keys.js';
import * as approvals from './approvals.js';
import * as attendance from './attendance.js';
import * as audit from './audit.js';
import * as auth from './auth.js';
import * as backups from './backups.js';
import * as cameras from './cameras.js';
import * as configuration from './configuration.js';
import * as enrolment from './enrolment.js';
import * as events from './events.js';
import * as exportedLines from './exported-lines.js';
import * as gallery from './gallery.js';
import * as guidedEnrolment from './guided-enrolment.js';
import * as heldBack from './held-back.js';
import * as host from './host.js';
import * as identity from './identity.js';
import * as keys from './keys.js';
import * as live from './live.js';
import * as liveness from './liveness.js';
import * as models from './models.js';
import * as passages from './passages.js';
import * as passagesOfDay from './passages-of-day.js';
import * as passkeys from './passkeys.js';
import * as person from './person.js';
import * as persons from './persons.js';
import * as photographs from './photographs.js';
import * as recognition from './recognition.js';
import * as reports from './reports.js';
import * as retention from './retention.js';
import * as review from './review.js';
import { role } from './roles.js';
import { said } from './said.js';
import * as screens from './screens.js';
import * as status from './status.js';
import * as strangers from './strangers.js';
import * as trust from './trust.js';
import * as users from './users.js';

/** The schemas that clients know by name: those that several operations share, and those of which an integrator wants a type. */
const named: Readonly<Record<string, z.ZodType>> = {
  Direction: attendance.direction,
  AttendanceStatus: attendance.attendanceStatus,
  AttendanceRow: attendance.attendanceRow,
  CorrectionKind: attendance.correctionKind,
  AttendanceCorrection: attendance.attendanceCorrection,
  AmbiguousPassage: attendance.ambiguousPassage,
  UnprovenSighting: attendance.unprovenSighting,
  AttendanceHead: attendance.attendanceHead,
  AttendanceItem: attendance.reportItem,
  CorrectionResult: attendance.correctionResult,
  Shift: attendance.shownShift,
  AttendanceRules: attendance.attendanceRules,
  DayTotals: attendance.dayTotals,
  AttendancePreview: attendance.attendancePreview,
  Pairing: attendance.pairing,
  Stranger: strangers.strangerSummary,
  StrangerPassage: strangers.strangerPassage,
  StrangerDetails: strangers.strangerDetails,
  AssignResult: strangers.assignResult,
  PassageOutcome: passages.outcome,
  PassageReason: passages.reason,
  PersonRef: passages.personRef,
  Passage: passages.readablePassage,
  UnreadablePassage: passages.unreadablePassage,
  PassageItem: passages.passageItem,
  LivenessMeasures: passages.measures,
  EyeOpenness: passages.openness,
  PassageDetails: passages.passageDetails,
  ReviewedPerson: review.reviewedPerson,
  ReviewItem: review.reviewItem,
  ReviewCounts: review.reviewCounts,
  FollowedPassage: passages.followedPassage,
  BlindPeriod: passages.blindPeriod,
  PassageTimeline: passages.passageTimeline,
  MarkOutcome: passages.markOutcome,
  ReferenceAdded: passages.referenceAdded,
  User: users.user,
  Role: role,
  Session: users.session,
  ApiKey: apiKey,
  UserWithPassword: users.newSecret,
  Login: auth.login,
  Me: auth.me,
  RecoveryCodes: auth.recoveryCodes,
  CameraStream: cameras.stream,
  CameraLoad: cameras.cameraLoad,
  LostStream: cameras.lostStream,
  Camera: cameras.cameraStatus,
  CameraSettings: cameras.cameraSettings,
  CameraDetails: cameras.cameraDetails,
  ConnectionSecurity: cameras.connectionSecurity,
  FaceQuality: cameras.faceQuality,
  CameraTest: cameras.cameraTest,
  DiscoveredCamera: cameras.discovered,
  NotOpened: cameras.notOpened,
  DeviceProfile: cameras.deviceProfile,
  DeviceProfiles: cameras.deviceProfiles,
  KeyStatus: keys.keyStatus,
  KeyProvider: keys.keyProviderReport,
  Backup: backups.keptBackup,
  VerifiedBackup: backups.verifiedBackup,
  BackupUpload: backups.backupUpload,
  BackupStatus: backups.backupStatus,
  RestoredGallery: backups.restoredGallery,
  FileBackup: backups.fileBackup,
  VisionStatus: status.visionStatus,
  ReloadResult: status.reloadResult,
  ReloadStatus: status.reloadStatus,
  RecogniserStatus: status.recogniserStatus,
  GallerySummary: status.galleryInStatus,
  BrokerStatus: status.brokerStatus,
  BoxCondition: status.boxCondition,
  IntakeStatus: status.intakeStatus,
  ClockStatus: status.clockStatus,
  BoxStatus: status.boxStatus,
  Person: person.personSummary,
  Consent: person.consent,
  PersonDetail: person.personDetail,
  FaceBox: enrolment.faceBox,
  NumberedFace: enrolment.numberedFace,
  TakenFace: enrolment.takenFace,
  PhotographResult: enrolment.photographResult,
  Resemblance: enrolment.resemblance,
  PhotographsRefused: enrolment.photographsRefused,
  ResemblesOther: enrolment.resemblesOther,
  ExternalIdTaken: enrolment.externalIdTaken,
  EnrolmentRefusal: enrolment.enrolmentRefusal,
  EnrolmentResult: enrolment.enrolmentResult,
  StagedRow: enrolment.stagedRow,
  GivenConsent: enrolment.givenConsent,
  GivenWatch: enrolment.givenWatch,
  UpdateResult: persons.updateResult,
  RestoreResult: persons.restoreResult,
  ErasureCertificate: persons.erasureCertificate,
  ExportedTemplate: exportedLines.exportedTemplate,
  ExportedPhotograph: exportedLines.exportedPhotograph,
  ExportedEvidence: exportedLines.exportedEvidence,
  ExportedCorrection: exportedLines.exportedCorrection,
  ExportedAuditEntry: exportedLines.exportedAuditEntry,
  ExportedLine: exportedLines.exportedLine,
  Approval: approvals.approval,
  PhoneEnrolment: guidedEnrolment.phoneEnrolment,
  GuidedEnrolment: guidedEnrolment.guidedEnrolment,
  GuidedPicture: guidedEnrolment.guidedPicture,
  PhonePicture: guidedEnrolment.phonePicture,
  GuidedClip: guidedEnrolment.guidedClip,
  PhoneClip: guidedEnrolment.phoneClip,
  PassagesOfDay: passagesOfDay.passagesOfDay,
  FoundFace: recognition.foundFace,
  FaceCandidate: recognition.faceCandidate,
  RecognisedFace: recognition.recognisedFace,
  RecognisedClip: recognition.recognisedClip,
  Verification: recognition.verification,
  SimilarToPerson: recognition.similarToPerson,
  SimilarToPicture: recognition.similarToPicture,
  Event: events.cloudEvent,
  DamagedEvent: events.damagedEvent,
  ShownEvent: events.shownEvent,
  EventDetails: events.eventDetails,
  SequenceRange: events.sequenceRange,
  ResendOutcome: events.resendOutcome,
  OutboxStatus: events.outboxStatus,
  FollowedItem: events.followedItem,
  OutboxKind: events.outboxKind,
  QuarantinedRow: gallery.quarantinedRow,
  ReEmbedding: gallery.reEmbedding,
  VerifyProgress: gallery.verifyProgress,
  LastVerification: gallery.lastVerification,
  GalleryContents: gallery.galleryContents,
  GalleryStatus: gallery.galleryStatus,
  VerifyFinding: gallery.verifyFinding,
  DisagreeingPerson: gallery.disagreeingPerson,
  VerificationSummary: gallery.verificationSummary,
  VerificationItem: gallery.verificationItem,
  NamedPerson: gallery.namedPerson,
  CalibratedPerson: gallery.calibratedPerson,
  AlikePair: gallery.alikePair,
  CalibrationSummary: gallery.calibrationSummary,
  CalibrationItem: gallery.calibrationItem,
  HeldBack: heldBack.heldBack,
  Photograph: photographs.keptPhotograph,
  PhotographChange: photographs.photographChange,
  AccuracyReport: accuracy.accuracyReport,
  DetPoint: accuracy.detPoint,
  AlertChannel: alertChannels.channelDetails,
  AlertChannelSettings: alertChannels.channelSettings,
  AlertDevice: alertDevices.alertDevice,
  AlertDevices: alertDevices.alertDevices,
  AlertDelivery: alerts.alertDelivery,
  Alert: alerts.alert,
  AlertMute: alerts.alertMute,
  AlertSetup: alerts.alertSetup,
  AlertSummary: alerts.alertSummary,
  ChannelTest: alerts.channelTest,
  AuditEntry: audit.auditEntry,
  AuditVerdict: audit.auditVerdict,
  ActorCount: audit.actorCount,
  ComplianceReport: audit.complianceReport,
  FormerBoxKey: identity.formerBoxKey,
  PublicKey: identity.publicKey,
  Identity: identity.shownIdentity,
  RotatedIdentity: identity.rotatedIdentity,
  TrustedKey: trust.shownTrust,
  SetAsideTrust: trust.setAsideTrust,
  TrustStatus: trust.trustStatus,
  Dwell: reports.dwell,
  CameraReport: reports.cameraReport,
  RecognitionReport: reports.recognitionReport,
  PolicyPreview: reports.policyPreview,
  PassagesPreview: reports.passagesPreview,
  DecidedPassage: reports.decided,
  ClipVerdict: liveness.clipVerdict,
  SecretReport: host.secretReport,
  DirectoryReport: host.directoryReport,
  HostReport: host.hostReport,
  DoctorFinding: host.doctorFinding,
  LogLine: host.logLine,
  BrokerCheckStep: host.brokerCheckStep,
  ReloadClass: configuration.reloadClass,
  Setting: configuration.shownSetting,
  ConfigurationProblem: configuration.configurationProblem,
  SettingDifference: configuration.settingDifference,
  Screen: screens.screen,
  ScreenItem: screens.screenItem,
  RetentionReport: retention.retentionReport,
  RetentionStatus: retention.retentionStatus,
  RetentionSummary: retention.retentionSummary,
  ModelPack: models.modelPack,
  DecisionSoFar: live.decisionSoFar,
  FollowedFace: live.followedFace,
  FacesInSight: live.facesInSight,
  Passkey: passkeys.passkey,
  KnownPasskey: passkeys.known,
  PasskeyCreation: passkeys.creationOptions,
  PasskeyRequest: passkeys.requestOptions,
  NewPasskey: passkeys.newCredential,
  PasskeyAssertion: passkeys.assertion,
  ConsentProgress: guidedEnrolment.phoneEnrolment.shape.consent.unwrap(),
  SeenPicture: guidedEnrolment.guidedPicture.shape.seen,
  SeenFace: guidedEnrolment.guidedPicture.shape.seen.shape.face.unwrap(),
  SimilarPerson: recognition.similarToPerson.shape.persons.unwrap().element,
  SimilarStranger: recognition.similarToPerson.shape.strangers.unwrap().element,
  RefusedPicture: recognition.refusedPicture,
  Fault: fault,
  Said: said,
  KeySlot: keys.keySlot,
  KeyRotation: keys.keyRotation,
  ClipEvidence: liveness.clipVerdict.shape.evidence,
  EnrolledPerson: enrolment.enrolmentResult.options[0],
  ChangedPhotographs: photographs.photographChange.options[0],
};

const ids = new Map<unknown, string>(Object.entries(named).map(([id, schema]) => [schema, id]));

/** What the schemas say about themselves, and their names in the documents. */
class NamedSchemas extends z.core.$ZodRegistry<z.core.GlobalMeta> {
  override get(schema: z.core.$ZodType): z.core.GlobalMeta | undefined {
    const known = z.globalRegistry.get(schema);
    const id = ids.get(schema);
    return id === undefined ? known : { ...known, id };
  }

  override has(schema: z.core.$ZodType): boolean {
    return ids.has(schema) || z.globalRegistry.has(schema);
  }
}

export const namedSchemas = new NamedSchemas();
