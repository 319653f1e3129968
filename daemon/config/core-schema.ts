import { z } from 'zod';
import { evidenceKinds } from '../domain/events/evidence.js';
import { isSlug } from '../domain/ids.js';
import { isLoopback } from './alert-channel-schema.js';
import { field } from './field.js';
import { credentialName, urlField } from './scalars.js';
import { unmeasuredRecognisers } from './vision-schema.js';

export const identificationSchema = z.strictObject({
  threshold: field(
    z.number().gt(-1).lt(1).exactOptional(),
    'live',
    'Cosine similarity (-1 to 1) from which two faces count as the same person. Absent: the operating point of the recogniser from the model manifest.',
  ),
  margin: field(
    z.number().min(0).lt(1).exactOptional(),
    'live',
    'How much closer the best person must be than the second best. Absent: from the model manifest.',
  ),
  targetFpir: field(
    z.number().gt(0).max(0.5).exactOptional(),
    'live',
    'At most this share of strangers (0.001: one in a thousand) may be recognised as somebody. Each person then has a threshold of their own, found from how near the other persons of the gallery lie, and never under `threshold`. Absent: `threshold` counts for everybody. `rollcall gallery calibrate` shows what comes of it.',
  ),
  minimumProbes: field(
    z.int().min(1).max(10).default(2),
    'live',
    'Embeddings of a track needed before it is decided either way.',
  ),
});

/** A recogniser without a measured operating point is used only with the one that its owner gives. */
export function refuseMissingOperatingPoint(
  {
    vision: { recogniser },
    identification,
  }: {
    readonly vision: { readonly recogniser: string };
    readonly identification: z.output<typeof identificationSchema>;
  },
  context: z.RefinementCtx,
): void {
  if (!unmeasuredRecognisers.includes(recogniser)) return;
  for (const name of ['threshold', 'margin'] as const) {
    if (identification[name] !== undefined) continue;
    const remedy = `set it to what 'rollcall evaluate identify' measures on photographs of your people; for that measurement any value serves`;
    const message = `is missing: no operating point of ${recogniser} was measured with rollcall`;
    context.addIssue({ code: 'custom', path: ['identification', name], message, params: { remedy } });
  }
}

export const rulesSchema = z.strictObject({
  attendanceCooldownS: field(
    z.number().min(0).max(86_400).default(300),
    'live',
    'Seconds in which the same person at the same camera is not recorded again. The same holds for two persons of whom it could be either.',
  ),
  unknownCooldownS: field(
    z.number().min(0).max(86_400).default(60),
    'live',
    'Seconds in which the same stranger at the same camera is not recorded again; another stranger is recorded at once. The looks of strangers are kept in memory for this long, and nowhere else.',
  ),
  attackCooldownS: field(
    z.number().min(0).max(86_400).default(60),
    'live',
    'Least seconds between two presentation-attack events of one camera.',
  ),
  unknownAfterS: field(
    z.number().min(0).max(300).default(2),
    'live',
    'Seconds a face must have been tracked, still matching nobody, before it is reported as unknown: a better view may come. A face that leaves sooner is judged by what was seen. A person who could be either of two is reported after the same time.',
  ),
});

/** Topics are made of slugs only: no wildcard, no empty level, nothing a broker's access list could misread. */
export const topicPrefix = z
  .string()
  .max(128)
  .refine((prefix) => prefix.split('/').every(isSlug), {
    error: 'must be lower-case letters, digits, "-" or "_", in levels separated by "/"',
  });

/** Printable, and short enough for every broker (MQTT 3.1.1 section 3.1.3.1 guarantees 23 characters only). */
const clientId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, {
  error: 'must be 1 to 64 letters, digits, "-" or "_"',
});

/** A server name of TLS (RFC 6066 section 3): a DNS name, never an address. */
const serverName = z
  .string()
  .max(253)
  .regex(
    /^(?=.*[A-Za-z])[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$/,
    {
      error: 'must be a DNS name such as "broker.example"',
    },
  );

/** RFC 7301 section 3.1: 1 to 255 bytes. */
const alpnProtocol = z.string().regex(/^[\x21-\x7e]{1,255}$/, {
  error: 'must be 1 to 255 printable ASCII characters, such as "mqtt"',
});

const onlyWithTls = ['caFile', 'clientCertificate', 'serverName', 'alpn'] as const;

const pictureFields = z.strictObject({
  sealTo: field(
    z.string().regex(/^[A-Za-z0-9_-]{43}$/, { error: 'must be 32 bytes in base64url' }),
    'replace',
    'Where pictures are to go with events: public key (X25519, base64url) of the centre. They are sealed to it: neither the broker nor anybody else who reads the events can open them.',
  ),
  kinds: field(
    z.array(z.enum(evidenceKinds)).min(1).max(3),
    'replace',
    'Kinds of event that take along the picture that is kept with them; `evidence` says which are kept. Pictures of faces then leave the box.',
  ),
});

const mqttFields = z.strictObject({
  url: field(
    urlField(['mqtt', 'mqtts', 'ws', 'wss'], 'the broker'),
    'replace',
    'Address of the broker, without user and password.',
  ),
  credential: field(
    credentialName.exactOptional(),
    'replace',
    'Name of the secret that holds `user:password` for the broker. Absent: none is sent.',
  ),
  topicPrefix: field(topicPrefix.default('rollcall'), 'replace', 'First levels of every topic.'),
  clientId: field(
    clientId.exactOptional(),
    'replace',
    'MQTT client id. Absent: made from site and box, so that it stays the same across restarts.',
  ),
  acknowledgement: field(
    z.enum(['broker', 'centre']).default('broker'),
    'replace',
    'Who has to confirm an event before it leaves the outbox: the broker that took it, or the centre, with the command `acknowledge-events`, when it has stored it.',
  ),
  caFile: field(
    z.string().startsWith('/', { error: 'must be an absolute path' }).exactOptional(),
    'replace',
    'Certificates (PEM) that the broker is trusted by. Absent: those of the system.',
  ),
  clientCertificate: field(
    credentialName.exactOptional(),
    'replace',
    'Name of the secret that holds the certificate of this box, followed by those of intermediate authorities if there are any, and its private key, all PEM in one text. Absent: none is shown to the broker.',
  ),
  serverName: field(
    serverName.exactOptional(),
    'replace',
    'The name that the certificate of the broker must be for, where it is not the host of `url`. There is no setting that turns this check off.',
  ),
  alpn: field(
    z.array(alpnProtocol).min(1).max(8).exactOptional(),
    'replace',
    'Application protocols offered in the TLS handshake (ALPN), the preferred one first: brokers that share port 443 with a web server want `mqtt`, some `x-amzn-mqtt-ca`. Absent: none.',
  ),
  evidence: pictureFields
    .exactOptional()
    .meta({ description: 'Pictures that go with events. Absent: none leaves the box.' }),
  personNames: field(
    z.boolean().default(false),
    'replace',
    'Put the names of recognised persons into attendance events. Names then leave the box: everybody who may read these events at the broker can read them. Without it events carry opaque ids only. Needs TLS, or a broker on this machine.',
  ),
});

/** What belongs to TLS is refused where there is none: nobody should believe in protection that is not there. */
export const mqttSchema = mqttFields.superRefine(
  (mqtt, context) => {
    const url = String(mqtt?.url);
    if (!/^(mqtt|ws):/i.test(url)) return;
    for (const name of onlyWithTls) {
      if (mqtt[name] === undefined) continue;
      context.addIssue({
        code: 'custom',
        path: [name],
        message: 'has no effect without TLS',
        params: { remedy: 'write url as mqtts:// or wss://, or leave this out' },
      });
    }
    if (mqtt.personNames !== true || !URL.canParse(url) || isLoopback(new URL(url).hostname)) return;
    context.addIssue({
      code: 'custom',
      path: ['personNames'],
      message: 'must not be true without TLS: anybody on the way could read the names',
      params: { remedy: 'write url as mqtts:// or wss://, or leave this out' },
    });
  },
  { when: ({ value }) => typeof value === 'object' && value !== null },
);

/**
 * Pictures of people are kept only where somebody decided that they are needed. Vision processes know what they have to
 * make from the start: hence `replace`.
 */
export const evidenceSchema = z.strictObject({
  attendance: field(
    z.boolean().default(false),
    'replace',
    'Keep, sealed in the gallery, a picture of the face (at most 160x200 pixels) with every recorded attendance.',
  ),
  unknown: field(
    z.boolean().default(false),
    'replace',
    'Keep, sealed in the gallery, a picture of the face with every recorded unknown person: of people who never agreed to it.',
  ),
  attack: field(
    z.boolean().default(false),
    'replace',
    'Keep, sealed in the gallery, a picture of what was presented with every recorded presentation attack.',
  ),
});
