-- A sign-in of a person in a browser, found by the keyed hash of its cookie.
CREATE TABLE "Session" (
  "id" TEXT COLLATE "C" NOT NULL,
  "principalId" TEXT COLLATE "C" NOT NULL,
  "hash" TEXT COLLATE "C" NOT NULL,
  "method" TEXT NOT NULL,
  "provider" TEXT,
  "createdAt" TIMESTAMPTZ(3) NOT NULL,
  "lastSeenAt" TIMESTAMPTZ(3) NOT NULL,
  "expiresAt" TIMESTAMPTZ(3) NOT NULL,
  "ip" TEXT,
  "userAgent" TEXT,
  CONSTRAINT "Session_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "Session_principalId_fkey" FOREIGN KEY ("principalId") REFERENCES "Principal" ("id")
);
CREATE UNIQUE INDEX "Session_hash_key" ON "Session" ("hash");
CREATE INDEX "Session_principalId_id_idx" ON "Session" ("principalId", "id");
