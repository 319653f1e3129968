import { createHash } from 'node:crypto';
import Sqlite from 'better-sqlite3';
import sodium from 'sodium-native';

/** Writes galleries as the first release did. On purpose apart from the program's own code, which changes. */

const tables = `
CREATE TABLE gallery (
  id INTEGER PRIMARY KEY CHECK (id = 1), field_format INTEGER NOT NULL, recogniser TEXT NOT NULL,
  key_id TEXT NOT NULL, key_check BLOB NOT NULL, seal BLOB NOT NULL, created_at_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE person (
  id TEXT PRIMARY KEY, name BLOB NOT NULL, enrolled_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX person_by_enrolment ON person (enrolled_at_ms, id);
CREATE TABLE template (
  id TEXT PRIMARY KEY, person_id TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
  recogniser TEXT NOT NULL, vector BLOB NOT NULL, quality REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX template_by_person ON template (person_id);
CREATE TABLE photograph (
  id TEXT PRIMARY KEY, person_id TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE, jpeg BLOB NOT NULL
) STRICT;
CREATE INDEX photograph_by_person ON photograph (person_id);
`;

export interface FirstFormPerson {
  readonly id: string;
  readonly name: string;
  readonly enrolledAtMs: number;
  readonly photographs: readonly { readonly jpeg: Uint8Array; readonly embedding: Float32Array }[];
}

function derive(size: number, subkey: number, secret: Buffer): Buffer {
  const target = Buffer.alloc(size);
  sodium.crypto_kdf_derive_from_key(target, subkey, Buffer.from('rcgallry'), secret);
  return target;
}

/** Every part after a count, with its length before it, 32 bit big-endian. */
function associatedData(parts: readonly string[]): Buffer {
  const number = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return bytes;
  };
  const encoded = parts.map((part) => Buffer.from(part, 'utf8'));
  return Buffer.concat([number(parts.length), ...encoded.flatMap((part) => [number(part.length), part])]);
}

/** Format version 1, key id (8 bytes), nonce (24), ciphertext and tag. */
function sealer(secret: Buffer): {
  readonly keyId: string;
  seal(plaintext: Uint8Array, ...place: string[]): Buffer;
} {
  const keyId = derive(16, 3, secret).subarray(0, 8).toString('hex');
  const key = derive(32, 1, secret);
  let count = 0;
  return {
    keyId,
    seal(plaintext, ...place) {
      count += 1;
      const nonce = createHash('sha256').update(`${place.join()} ${count}`).digest().subarray(0, 24);
      const ciphertext = Buffer.alloc(plaintext.length + 16);
      const data = associatedData(['rollcall gallery field', '1', keyId, ...place]);
      sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
        ciphertext,
        Buffer.from(plaintext),
        data,
        null,
        nonce,
        key,
      );
      return Buffer.concat([Buffer.of(1), Buffer.from(keyId, 'hex'), nonce, ciphertext]);
    },
  };
}

/** Names were padded to multiples of 64 bytes (ISO/IEC 7816-4). */
function padded(name: string): Buffer {
  const text = Buffer.from(name, 'utf8');
  const bytes = Buffer.alloc((Math.floor(text.length / 64) + 1) * 64);
  text.copy(bytes);
  bytes[text.length] = 0x80;
  return bytes;
}

export interface FirstFormOptions {
  readonly path: string;
  /** 32 bytes. */
  readonly secret: Uint8Array;
  readonly recogniser: string;
  readonly persons: readonly FirstFormPerson[];
}

/** Writes a whole gallery of version 1 to a path where nothing is. */
export function writeFirstForm({ path, secret, recogniser, persons }: FirstFormOptions): void {
  const { keyId, seal } = sealer(Buffer.from(secret));
  const db = new Sqlite(path);
  try {
    db.pragma('journal_mode = WAL');
    db.exec(tables);
    db.pragma(`application_id = ${0x72634761}`);
    db.pragma('user_version = 1');
    db.prepare('INSERT INTO gallery VALUES (1, 1, ?, ?, ?, ?, ?)').run(
      recogniser,
      keyId,
      derive(32, 2, Buffer.from(secret)),
      seal(new Uint8Array(0), 'gallery', 'seal', '1', '1', recogniser),
      1_600_000_000_000,
    );
    for (const { id, name, enrolledAtMs, photographs } of persons) {
      db.prepare('INSERT INTO person VALUES (?, ?, ?)').run(
        id,
        seal(padded(name), 'person', 'name', id),
        enrolledAtMs,
      );
      for (const [place, { jpeg, embedding }] of photographs.entries()) {
        const [template, photograph] = [`t-${id}-${place}`, `f-${id}-${place}`];
        const vector = new Uint8Array(embedding.slice().buffer);
        db.prepare('INSERT INTO template VALUES (?, ?, ?, ?, ?)').run(
          template,
          id,
          recogniser,
          seal(vector, 'template', 'vector', template, id, recogniser),
          0.75,
        );
        db.prepare('INSERT INTO photograph VALUES (?, ?, ?)').run(
          photograph,
          id,
          seal(jpeg, 'photograph', 'jpeg', photograph, id),
        );
      }
    }
  } finally {
    db.close();
  }
}
