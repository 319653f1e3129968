/** What the operations of a subject are about: the part of their ids before the dot, and one sentence for readers. */
export const subjects: Readonly<Record<string, string>> = {
  alerts: 'Alerts about the box, and the channels that carry them to people.',
  'api-keys': 'Keys for programs that call the box without a person.',
  approvals: 'Requests that a second person approves or refuses.',
  attendance: 'Who came and went: reports and corrections.',
  audit: 'The audit log: who did what on the box.',
  auth: 'Login, tokens, sessions, and what callers change about their own account.',
  backups: 'Sealed copies of the gallery.',
  cameras: 'The cameras of the box.',
  challenges: 'The prompts of challenges, for the screen at a camera.',
  config: 'The settings of the box, and where each comes from.',
  enrolments: 'Enrolment of one person step by step, under the eyes of an operator.',
  events: 'What the box recorded and sends to the centre.',
  gallery: 'The gallery as a whole: state, calibration, change of the recogniser.',
  health: 'Whether the box lives and is ready, for supervisors.',
  host: 'The machine that the box runs on.',
  identity: 'The keys with which the box signs its events.',
  imports: 'Enrolment of many persons at once.',
  keys: 'The keys that protect the gallery.',
  liveness: 'Whether a clip shows a living person.',
  metrics: 'Counters for a monitoring system.',
  models: 'The neural networks of the analysis.',
  outbox: 'Events that wait for the centre.',
  passages: 'Whom each camera saw, what the box decided, and why.',
  persons: 'The enrolled persons, their data and their photos.',
  recognition: 'Faces compared with the gallery. Pictures of a caller are stored nowhere.',
  reports: 'Figures over a period.',
  retention: 'How long data is kept.',
  review: 'What waits for a person: the review queue.',
  roles: 'Sets of scopes that accounts can have.',
  screens: 'Tablets and other browsers that show the prompts of challenges.',
  status: 'The state of the box.',
  strangers: 'Persons who are not enrolled, under opaque ids.',
  trust: 'The centres that may send commands.',
  users: 'The accounts of the box.',
};

/** The subject of an operation: `persons` of `persons.enrol`. */
export function subjectOf(operationId: string): string {
  return operationId.split('.')[0] ?? operationId;
}
