import { createHash, createSign, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';

type Cbor = number | string | Buffer | Map<number | string, Cbor> | Record<string, never>;

const head = (major: number, value: number): Buffer => {
  if (value < 24) return Buffer.from([(major << 5) | value]);
  if (value < 256) return Buffer.from([(major << 5) | 24, value]);
  const bytes = Buffer.alloc(3);
  bytes[0] = (major << 5) | 25;
  bytes.writeUInt16BE(value, 1);
  return bytes;
};
/** Encodes what an authenticator sends in CBOR (RFC 8949). */
function encode(value: Cbor): Buffer {
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  const entries = value instanceof Map ? [...value] : [];
  return Buffer.concat([head(5, entries.length), ...entries.flatMap(([key, inner]) => [encode(key), encode(inner)])]);
}

const flags = { present: 0x01, verified: 0x04, attested: 0x40 };
const sha256 = (data: string | Buffer): Buffer => createHash('sha256').update(data).digest();

interface Signing {
  readonly origin?: string;
  readonly rpId?: string;
  /** False if it does not verify the person. */
  readonly verified?: boolean;
  /** Default: one more than before. */
  readonly counter?: number;
  readonly userHandle?: string | null;
  readonly challenge?: string;
  readonly type?: string;
}

/** An authenticator in software, with one passkey (ES256, without an attestation). */
export class Authenticator {
  readonly id = randomBytes(32);
  readonly #key: KeyObject;
  readonly #public: KeyObject;
  readonly origin: string;
  counter = 0;
  userHandle: string | null = null;

  constructor(origin: string) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#key = privateKey;
    this.#public = publicKey;
    this.origin = origin;
  }

  #clientData(type: string, challenge: string, origin = this.origin): Buffer {
    return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }));
  }

  #data(rpId: string, own: number, counter: number, rest = Buffer.alloc(0)): Buffer {
    const count = Buffer.alloc(4);
    count.writeUInt32BE(counter);
    return Buffer.concat([sha256(rpId), Buffer.from([own]), count, rest]);
  }

  #result(response: object) {
    const id = this.id.toString('base64url');
    return { id, rawId: id, type: 'public-key', clientExtensionResults: {}, response };
  }

  /** Does what navigator.credentials.create does. */
  create(options: any, { origin, rpId = options.rp.id, verified = true, challenge = options.challenge }: Signing = {}) {
    const { x, y } = this.#public.export({ format: 'jwk' });
    const key = new Map<number, Cbor>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, Buffer.from(x!, 'base64url')],
      [-3, Buffer.from(y!, 'base64url')],
    ]);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(this.id.length);
    const attested = Buffer.concat([Buffer.alloc(16), length, this.id, encode(key)]);
    const own = flags.present | flags.attested | (verified ? flags.verified : 0);
    const authData = this.#data(rpId, own, this.counter, attested);
    const attestation = new Map<string, Cbor>([
      ['fmt', 'none'],
      ['attStmt', {}],
      ['authData', authData],
    ]);
    this.userHandle = options.user.id;
    return this.#result({
      clientDataJSON: this.#clientData('webauthn.create', challenge, origin).toString('base64url'),
      attestationObject: encode(attestation).toString('base64url'),
      transports: ['internal'],
    });
  }

  /** Does what navigator.credentials.get does. */
  get(options: any, signing: Signing = {}) {
    const { origin, rpId = options.rpId, verified = true, challenge = options.challenge } = signing;
    const { userHandle = this.userHandle, type = 'webauthn.get' } = signing;
    this.counter = signing.counter ?? this.counter + 1;
    const clientData = this.#clientData(type, challenge, origin);
    const authData = this.#data(rpId, flags.present | (verified ? flags.verified : 0), this.counter);
    const signature = createSign('sha256')
      .update(Buffer.concat([authData, sha256(clientData)]))
      .sign(this.#key);
    return this.#result({
      clientDataJSON: clientData.toString('base64url'),
      authenticatorData: authData.toString('base64url'),
      signature: signature.toString('base64url'),
      userHandle,
    });
  }
}
