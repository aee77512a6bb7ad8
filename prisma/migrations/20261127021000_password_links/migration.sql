-- The newest link by which a user can set a new password. The row stays after its use, with the times of the last requests.
CREATE TABLE "PasswordLink" (
  "userId" TEXT COLLATE "C" NOT NULL,
  "id" TEXT COLLATE "C" NOT NULL,
  "hash" TEXT COLLATE "C",
  "passwordChangedAt" TIMESTAMPTZ(3),
  "createdById" TEXT COLLATE "C",
  "impersonatorId" TEXT COLLATE "C",
  "ceiling" JSONB,
  "createdAt" TIMESTAMPTZ(3) NOT NULL,
  "expiresAt" TIMESTAMPTZ(3) NOT NULL,
  "requests" TIMESTAMPTZ(3)[] NOT NULL,
  CONSTRAINT "PasswordLink_pkey" PRIMARY KEY ("userId"),
  CONSTRAINT "PasswordLink_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User" ("id")
);
CREATE UNIQUE INDEX "PasswordLink_hash_key" ON "PasswordLink" ("hash");
CREATE INDEX "PasswordLink_expiresAt_idx" ON "PasswordLink" ("expiresAt");
