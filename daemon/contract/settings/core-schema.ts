import { z } from 'zod';
import { watchlistProofs } from '../../kernel/attendance/attendance-rules.js';
import { brokerProtocols } from '../../kernel/broker.js';
import { evidenceKinds } from '../../kernel/events/evidence.js';
import { isSlug } from '../../kernel/ids.js';
import { longestClipAfterS, longestClipBeforeS } from '../../kernel/passages/clip.js';
import { isLoopback } from './alert-channel-schema.js';
import { whenObject } from './cross-checks.js';
import { credentialName, urlField } from './scalars.js';
import { field } from './setting-field.js';
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
    'How much more similar the best person must be than the second best. Absent: from the model manifest.',
  ),
  targetFpir: field(
    z
      .union([z.number().gt(0).max(0.5), z.literal('off')], {
        error: 'must be a number above 0 and at most 0.5, or "off"',
      })
      .default(0.01),
    'live',
    'Largest share of unknown people (0.01: one in a hundred) that may be recognised as an enrolled person: the false positive identification rate (FPIR). The box computes a threshold for each person from the similarity of the other people in the gallery. It is never below `threshold`. `off`: `threshold` applies to everyone. `rollcall gallery calibrate` shows the result.',
  ),
  minimumProbes: field(
    z.int().min(1).max(10).default(2),
    'live',
    'Minimum number of embeddings of a track before the box decides who it is.',
  ),
});

/** The target of a calibration; undefined if it is switched off. */
export function wantedFpir({
  targetFpir,
}: Pick<z.output<typeof identificationSchema>, 'targetFpir'>): number | undefined {
  return targetFpir === 'off' ? undefined : targetFpir;
}

/** A recogniser whose operating point was never measured needs one from the owner of the box. */
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
    const remedy = `Measure it with 'rollcall evaluate identify' on photos of your people; for the measurement, enter any value.`;
    const message = `is missing: rollcall has no measured operating point for ${recogniser}`;
    context.addIssue({ code: 'custom', path: ['identification', name], message, params: { remedy } });
  }
}

export const rulesSchema = z.strictObject({
  attendanceCooldownS: field(
    z.number().min(0).max(86_400).default(300),
    'live',
    'Seconds during which the same person is not recorded again at the same camera. Also applies to a passage that matches the same two people.',
  ),
  unknownCooldownS: field(
    z.number().min(0).max(86_400).default(60),
    'live',
    'Seconds during which the same unknown person is not recorded again at the same camera. A different unknown person is recorded immediately. If `retention.strangers` is 0, embeddings of unknown people stay in memory for this time and are not stored.',
  ),
  loiteringAfterS: field(
    z.number().min(60).max(86_400).default(600),
    'live',
    'Seconds that an unknown person must stay in view, at one or several cameras, to be reported as loitering. Gaps of less than 2 minutes are included.',
  ),
  attackCooldownS: field(
    z.number().min(0).max(86_400).default(60),
    'live',
    'Minimum seconds between two presentation attack events at one camera.',
  ),
  watchlistCooldownS: field(
    z.number().min(0).max(86_400).default(60),
    'live',
    'Seconds during which the same person on the watchlist or blocklist is not reported again at the same camera.',
  ),
  watchlistRequires: field(
    z.enum(watchlistProofs).default('none'),
    'live',
    'What is required before a person on the watchlist or blocklist is reported. `none`: nothing. The event says whether liveness was confirmed; a photo held up to the camera can cause it. `live`: a passed liveness check. A blocked person who leaves without passing it is published as `recognised-unproven`.',
  ),
  unknownAfterS: field(
    z.number().min(0).max(300).default(2),
    'live',
    'Seconds that a face must be tracked without a match before it is reported as unknown, because a better view may follow. A face that leaves earlier is evaluated when it leaves. A person who matches two people is reported after the same time.',
  ),
});

/** Topics consist of slugs only: no wildcard, no empty level, no character that access lists of brokers treat specially. */
const topicPrefix = z
  .string()
  .max(128)
  .refine((prefix) => prefix.split('/').every(isSlug), {
    error: 'must be lower-case letters, digits, "-" or "_", in levels separated by "/"',
  });

/** MQTT 3.1.1 section 3.1.3.1 guarantees 23 characters; brokers in use accept 64. */
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
    'Public key (X25519, base64url) of the centre that receives the pictures. They are encrypted for this key: the broker and other readers of the events cannot open them.',
  ),
  kinds: field(
    z.array(z.enum(evidenceKinds)).min(1).max(3),
    'replace',
    'Kinds of event that carry their picture; `evidence` selects which pictures are kept. Pictures of faces then leave the box.',
  ),
});

const mqttFields = z.strictObject({
  url: field(
    urlField(brokerProtocols, 'the broker'),
    'replace',
    'Address of the broker, without user and password.',
  ),
  credential: field(
    credentialName.exactOptional(),
    'replace',
    'Name of the secret that holds `user:password` for the broker. Absent: the box sends no login.',
  ),
  topicPrefix: field(topicPrefix.default('rollcall'), 'replace', 'First levels of every topic.'),
  clientId: field(
    clientId.exactOptional(),
    'replace',
    'MQTT client id. Absent: made from the ids of site and box, so that it stays the same across restarts.',
  ),
  acknowledgement: field(
    z.enum(['broker', 'centre']).default('broker'),
    'replace',
    'Who must confirm an event before it leaves the outbox: the broker when it accepts the event, or the centre when it has stored the event (command `acknowledge-events`).',
  ),
  caFile: field(
    z.string().startsWith('/', { error: 'must be an absolute path' }).exactOptional(),
    'replace',
    'File with the certificates (PEM) of the authorities that the broker is trusted by. Absent: those of the system.',
  ),
  clientCertificate: field(
    credentialName.exactOptional(),
    'replace',
    'Name of the secret that holds the client certificate of this box, certificates of intermediate authorities if any, and its private key: all PEM, in one text. Absent: the box shows no certificate.',
  ),
  serverName: field(
    serverName.exactOptional(),
    'replace',
    'Name that the certificate of the broker must have, where it differs from the host of `url`. This check cannot be turned off.',
  ),
  alpn: field(
    z.array(alpnProtocol).min(1).max(8).exactOptional(),
    'replace',
    'Application protocols offered in the TLS handshake (ALPN), the preferred one first. Brokers that share port 443 with a web server expect `mqtt`; some expect `x-amzn-mqtt-ca`. Absent: none.',
  ),
  evidence: pictureFields
    .exactOptional()
    .meta({ description: 'Pictures that events carry. Absent: no picture leaves the box.' }),
  personNames: field(
    z.boolean().default(false),
    'replace',
    'Put the names of recognised persons into attendance events. Names then leave the box: all readers of these events at the broker can read them. With `false`, events carry opaque ids only. Needs TLS or a broker on this machine.',
  ),
});

/** Settings for TLS are refused for an address without TLS: they would suggest a protection that is missing. */
export const mqttSchema = mqttFields.superRefine((mqtt, context) => {
  const url = String(mqtt?.url);
  if (!/^(mqtt|ws):/i.test(url)) return;
  for (const name of onlyWithTls) {
    if (mqtt[name] === undefined) continue;
    context.addIssue({
      code: 'custom',
      path: [name],
      message: 'has no effect without TLS',
      params: { remedy: 'Use mqtts:// or wss:// in url, or remove this line.' },
    });
  }
  if (mqtt.personNames !== true || !URL.canParse(url) || isLoopback(new URL(url).hostname)) return;
  context.addIssue({
    code: 'custom',
    path: ['personNames'],
    message: 'must not be true without TLS: others on the network could read the names',
    params: { remedy: 'Use mqtts:// or wss:// in url, or remove this line.' },
  });
}, whenObject);

export const homeAssistantSchema = z.strictObject({
  enabled: field(
    z.boolean().default(false),
    'replace',
    'Announce this box to Home Assistant by MQTT discovery over the broker of `mqtt`. Home Assistant then stores opaque ids of recognised persons. With `false`, the box withdraws what it announced.',
  ),
  discoveryPrefix: field(
    topicPrefix.default('homeassistant'),
    'replace',
    'First levels of the discovery topics, as set in the MQTT integration of Home Assistant.',
  ),
});

/** `replace`, because a vision process learns at its start which pictures it makes. */
export const clipsSchema = z.strictObject({
  attendance: field(
    z.boolean().default(false),
    'replace',
    'Keep a clip of every recorded attendance, and of every person who is recognised without passing the liveness check, is refused, or is on the watchlist.',
  ),
  unknown: field(
    z.boolean().default(false),
    'replace',
    'Keep a clip of every recorded unknown person. These people did not consent to it.',
  ),
  attack: field(z.boolean().default(false), 'replace', 'Keep a clip of every recorded presentation attack.'),
  beforeS: field(
    z.int().min(1).max(longestClipBeforeS).default(5),
    'replace',
    'Seconds before the event that a clip shows. The vision process keeps these frames in memory all the time.',
  ),
  afterS: field(
    z.int().min(0).max(longestClipAfterS).default(3),
    'replace',
    'Seconds after the event that a clip shows.',
  ),
  mostMiB: field(
    z.int().min(16).max(1_048_576).default(1024),
    'live',
    'Most MiB of all clips together. Beyond that, the oldest are deleted. Clips are not made while the disk has less than `disk.lowMiB` free.',
  ),
});

export const evidenceSchema = z.strictObject({
  attendance: field(
    z.boolean().default(false),
    'replace',
    'Store an image of the face (at most 160x200 pixels), encrypted in the gallery, with every recorded attendance and with every person who is recognised without passing the liveness check.',
  ),
  unknown: field(
    z.boolean().default(false),
    'replace',
    'Store an image of the face, encrypted in the gallery, with every recorded unknown person. These people did not consent to it.',
  ),
  attack: field(
    z.boolean().default(false),
    'replace',
    'Store an image of what was presented, encrypted in the gallery, with every recorded presentation attack.',
  ),
});
