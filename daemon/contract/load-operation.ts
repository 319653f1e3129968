import type { OperationDeclaration } from './operation.js';
import type { OperationId } from './operations.js';

type SubjectOf<Id> = Id extends `${infer Subject}.${string}` ? Subject : never;
/** The first word of an operation's ID: `persons`. */
export type Subject = SubjectOf<OperationId>;

const auth = async () => {
  const [{ authOperations }, { passkeyOperations }] = await Promise.all([
    import('./auth.js'),
    import('./passkeys.js'),
  ]);
  return { ...authOperations, ...passkeyOperations };
};
const cameras = async () => {
  const [{ cameraOperations }, { liveOperations }, { ownCameraOperations }] = await Promise.all([
    import('./cameras.js'),
    import('./live.js'),
    import('./own-cameras.js'),
  ]);
  return { ...cameraOperations, ...liveOperations, ...ownCameraOperations };
};
const alerts = async () => {
  const [{ alertOperations }, { alertChannelOperations }, { alertDeviceOperations }] = await Promise.all([
    import('./alerts.js'),
    import('./alert-channels.js'),
    import('./alert-devices.js'),
  ]);
  return { ...alertOperations, ...alertChannelOperations, ...alertDeviceOperations };
};
const events = async () => (await import('./events.js')).eventOperations;
const health = async () => (await import('./health.js')).healthOperations;

const reports = async () => {
  const [{ accuracyOperations }, { reportOperations }] = await Promise.all([
    import('./accuracy.js'),
    import('./reports.js'),
  ]);
  return { ...accuracyOperations, ...reportOperations };
};

/** By subject. The compiler refuses one that lacks an operation of its subject. */
const loaders: {
  readonly [S in Subject]: () => Promise<
    Readonly<Record<Extract<OperationId, `${S}.${string}`>, OperationDeclaration>>
  >;
} = {
  ...{ events, outbox: events, health, metrics: health },
  alerts,
  'api-keys': async () => (await import('./api-keys.js')).apiKeyOperations,
  approvals: async () => (await import('./approvals.js')).approvalOperations,
  attendance: async () => (await import('./attendance.js')).attendanceOperations,
  audit: async () => (await import('./audit.js')).auditOperations,
  auth,
  backups: async () => (await import('./backups.js')).backupOperations,
  cameras,
  challenges: async () => (await import('./screens.js')).challengeOperations,
  config: async () => (await import('./configuration.js')).configurationOperations,
  enrolments: async () => (await import('./guided-enrolment.js')).guidedEnrolmentOperations,
  gallery: async () => (await import('./gallery.js')).galleryOperations,
  host: async () => (await import('./host.js')).hostOperations,
  identity: async () => (await import('./identity.js')).identityOperations,
  imports: async () => (await import('./imports.js')).importOperations,
  keys: async () => (await import('./keys.js')).keyOperations,
  liveness: async () => (await import('./liveness.js')).livenessOperations,
  models: async () => (await import('./models.js')).modelOperations,
  passages: async () => (await import('./passage-operations.js')).passageOperations,
  persons: async () => (await import('./persons.js')).personOperations,
  recognition: async () => (await import('./recognition.js')).recognitionOperations,
  reports,
  retention: async () => (await import('./retention.js')).retentionOperations,
  review: async () => (await import('./review.js')).reviewOperations,
  roles: async () => (await import('./roles.js')).roleOperations,
  screens: async () => (await import('./screens.js')).screenOperations,
  status: async () => (await import('./status.js')).statusOperations,
  strangers: async () => (await import('./strangers.js')).strangerOperations,
  trust: async () => (await import('./trust.js')).trustOperations,
  users: async () => (await import('./users.js')).userOperations,
};

/** The operations of a file of the contract, which has those of `subject` and perhaps more. */
export function loadSubject(subject: Subject): Promise<Readonly<Record<string, OperationDeclaration>>> {
  return loaders[subject]();
}

/**
 * One operation, with the schemas of its subject alone. A command of `rollcall` uses one or two operations, and to make the
 * schemas of all takes longer than most commands.
 */
export async function loadOperation(id: OperationId): Promise<OperationDeclaration> {
  // The compiler holds that the operations of a subject contain those whose ids begin with it.
  const subject = id.split('.')[0] as Subject;
  const found = await loadSubject(subject);
  const declaration = found[id];
  if (declaration === undefined) throw new RangeError(`there is no operation ${id}`);
  return declaration;
}
