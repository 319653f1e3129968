import { accuracyOperations } from './accuracy.js';
import { alertChannelOperations } from './alert-channels.js';
import { alertDeviceOperations } from './alert-devices.js';
import { alertOperations } from './alerts.js';
import { apiKeyOperations } from './api-keys.js';
import { approvalOperations } from './approvals.js';
import { attendanceOperations } from './attendance.js';
import { auditOperations } from './audit.js';
import { authOperations } from './auth.js';
import { backupOperations } from './backups.js';
import { cameraOperations } from './cameras.js';
import { configurationOperations } from './configuration.js';
import { eventOperations } from './events.js';
import { galleryOperations } from './gallery.js';
import { guidedEnrolmentOperations } from './guided-enrolment.js';
import { healthOperations } from './health.js';
import { hostOperations } from './host.js';
import { identityOperations } from './identity.js';
import { importOperations } from './imports.js';
import { keyOperations } from './keys.js';
import { liveOperations } from './live.js';
import { livenessOperations } from './liveness.js';
import { modelOperations } from './models.js';
import type { OperationDeclaration } from './operation.js';
import { ownCameraOperations } from './own-cameras.js';
import { passageOperations } from './passage-operations.js';
import { passkeyOperations } from './passkeys.js';
import { personOperations } from './persons.js';
import { recognitionOperations } from './recognition.js';
import { reportOperations } from './reports.js';
import { retentionOperations } from './retention.js';
import { reviewOperations } from './review.js';
import { roleOperations } from './roles.js';
import { challengeOperations, screenOperations } from './screens.js';
import { statusOperations } from './status.js';
import { strangerOperations } from './strangers.js';
import { trustOperations } from './trust.js';
import { userOperations } from './users.js';

/** Every operation of the box, by id. */
export const operations = {
  ...alertOperations,
  ...alertChannelOperations,
  ...alertDeviceOperations,
  ...auditOperations,
  ...backupOperations,
  ...cameraOperations,
  ...configurationOperations,
  ...ownCameraOperations,
  ...galleryOperations,
  ...guidedEnrolmentOperations,
  ...healthOperations,
  ...hostOperations,
  ...importOperations,
  ...liveOperations,
  ...livenessOperations,
  ...identityOperations,
  ...keyOperations,
  ...modelOperations,
  ...personOperations,
  ...retentionOperations,
  ...statusOperations,
  ...trustOperations,
  ...authOperations,
  ...passkeyOperations,
  ...approvalOperations,
  ...userOperations,
  ...roleOperations,
  ...apiKeyOperations,
  ...recognitionOperations,
  ...attendanceOperations,
  ...eventOperations,
  ...passageOperations,
  ...challengeOperations,
  ...screenOperations,
  ...reportOperations,
  ...accuracyOperations,
  ...strangerOperations,
  ...reviewOperations,
} as const satisfies Readonly<Record<string, OperationDeclaration>>;

export type Operations = typeof operations;
/** The id of an operation: a subject and a verb, `persons.enrol`. */
export type OperationId = keyof Operations;
