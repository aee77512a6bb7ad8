-- Passkeys of users (WebAuthn), and the challenges that browsers sign.
CREATE TABLE "Passkey" (
  "id" TEXT COLLATE "C" NOT NULL,
  "userId" TEXT COLLATE "C" NOT NULL,
  "name" TEXT NOT NULL,
  "credentialId" TEXT COLLATE "C" NOT NULL,
  "publicKey" BYTEA NOT NULL,
  "counter" BIGINT NOT NULL,
  "transports" TEXT[] NOT NULL,
  "rpId" TEXT NOT NULL,
  "synced" BOOLEAN NOT NULL,
  "createdAt" TIMESTAMPTZ(3) NOT NULL,
  "lastUsedAt" TIMESTAMPTZ(3),
  CONSTRAINT "Passkey_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "Passkey_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User" ("id")
);
CREATE UNIQUE INDEX "Passkey_credentialId_key" ON "Passkey" ("credentialId");
CREATE INDEX "Passkey_userId_id_idx" ON "Passkey" ("userId", "id");

CREATE TABLE "PasskeyChallenge" (
  "id" TEXT COLLATE "C" NOT NULL,
  "purpose" TEXT NOT NULL,
  "userId" TEXT COLLATE "C",
  "peer" TEXT COLLATE "C" NOT NULL,
  "expiresAt" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "PasskeyChallenge_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "PasskeyChallenge_peer_idx" ON "PasskeyChallenge" ("peer");
CREATE INDEX "PasskeyChallenge_userId_idx" ON "PasskeyChallenge" ("userId");
CREATE INDEX "PasskeyChallenge_expiresAt_idx" ON "PasskeyChallenge" ("expiresAt");

-- The passkey that began a session, which ends when it is removed.
ALTER TABLE "Session" ADD COLUMN "passkeyId" TEXT COLLATE "C";
